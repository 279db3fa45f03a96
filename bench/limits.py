# SPDX-License-Identifier: Apache-2.0
"""What memtrace promises to cost, each promise beside the number that was measured."""
import dataclasses

PROGRAMS = ("jq", "sqlite3", "perl", "git", "clang", "python3")
# The multiple of what memtrace adds that heaptrack is to add at least.
SHARES = {"wall_ms": ("wall", 10), "cpu_ms": ("CPU", 15)}
# The two are the same where nothing waits and nobody else needs the processor.
PAIR = {"pair_ns": "wall", "pair_cpu_ns": "CPU"}
EXACT, SAMPLED, OFF, PEER = "memtrace", "memtrace-sampled", "memtrace-off", "heaptrack"


@dataclasses.dataclass
class Verdict:
    """@is_least: the limit is the least that is right. @is_binding: no promise may be missed."""
    what: str
    value: float
    limit: float
    unit: str
    is_least: bool = False
    is_binding: bool = True

    @property
    def is_kept(self):
        return self.value >= self.limit if self.is_least else self.value <= self.limit


def _quotient(value, divisor):
    """How many times; infinite where ours cannot be told from nothing."""
    if value is None or divisor is None:
        return None
    return value / divisor if divisor > 0 else float("inf")


def _micro(results):
    for name, limit_ns in (("depth10", 30), ("depth30", 55), ("depth100", 130),
                           ("random100k", 220), ("sites8", 60)):
        for figure, word in PAIR.items():
            yield f"{name}: added to a pair, {word}", results.added(name, EXACT, figure), \
                limit_ns, "ns"
    for name, limit in (("depth10", 30), ("depth30", 18), ("random100k", 5)):
        yield (f"{name}: heaptrack's added time / ours",
               _quotient(results.added(name, PEER, "pair_ns"),
                         results.added(name, EXACT, "pair_ns")), limit, "x", True)
        yield (f"{name}: heaptrack's added CPU of all its processes / ours",
               _quotient(results.added_tree_ns(name, PEER),
                         results.added_tree_ns(name, EXACT)), limit, "x", True)


def _threads(results):
    alone = results.added("depth10", EXACT, "pair_cpu_ns")
    batches = results.added("batches", EXACT, "pair_cpu_ns")
    yield ("threads2: added to a pair / with one thread",
           _quotient(results.added("threads2", EXACT, "pair_cpu_ns"), alone), 1.2, "x")
    if alone is not None and batches is not None:
        limit_ns = 1.5 * min(alone, batches) + 40
        for name in ("handover", "handover-busy"):
            yield (f"{name}: added CPU to a pair", results.added(name, EXACT, "pair_cpu_ns"),
                   limit_ns, "ns")


def _versus(results, name, figure):
    return _quotient(results.added(name, PEER, figure), results.added(name, EXACT, figure))


def _missing(results):
    """How many of the programs need more than their share of what heaptrack adds."""
    found = [[_versus(results, name, figure) for figure in SHARES] for name in PROGRAMS]
    if not any(None not in values for values in found):
        return None
    return sum(any(value is not None and value < share
                   for value, (_, share) in zip(values, SHARES.values())) for values in found)


def _programs(results):
    for name in PROGRAMS:
        for figure, (word, share) in SHARES.items():
            yield f"{name}: {word} / untraced", results.ratio(name, EXACT, figure), 1.25, "x"
            yield f"{name}: heaptrack's added {word} / ours", \
                _versus(results, name, figure), share, "x", True, False
    yield "programs that miss their multiple of heaptrack's added wall or CPU", \
        _missing(results), 2, ""
    yield from _requests(results, EXACT, 0.95)


def _requests(results, tool, least):
    for figure in ("set_per_s", "get_per_s"):
        yield (f"redis: {figure[:3].upper()} throughput / untraced, {tool}",
               results.ratio("redis", tool, figure), least, "x", True)
    # What throughput would come to on a server that has nothing else to wait for.
    yield (f"redis: CPU / untraced, {tool}", results.ratio("redis", tool, "cpu_ms"), 1 / least, "x",
           False, False)


def _cheaper_modes(results):
    for tool, limit_ns in ((SAMPLED, 6), (OFF, 2)):
        for figure, word in PAIR.items():
            yield f"depth10: {tool} adds to a pair, {word}", \
                results.added("depth10", tool, figure), limit_ns, "ns"
        for name in PROGRAMS:
            for figure, word in (("wall_ms", "wall"), ("cpu_ms", "CPU")):
                yield f"{name}: {word} / untraced, {tool}", results.ratio(name, tool, figure), \
                    1.03, "x"
        yield from _requests(results, tool, 1 / 1.03)


def _memory(results):
    fixed_kib, threads_kib = (results.added(name, EXACT, "peak_kib")
                              for name in ("empty", "threads500"))
    yield "empty: added resident memory", fixed_kib, 2048, "KiB"
    for name, blocks in (("live100k", 1e5), ("live1m", 1e6)):
        live_kib = results.added(name, EXACT, "peak_kib")
        if fixed_kib is not None and live_kib is not None:
            yield f"{name}: added resident bytes for each live block, above those of empty", \
                (live_kib - fixed_kib) * 1024 / blocks, 24, "B"
    if fixed_kib is not None and threads_kib is not None:
        yield "threads500: added resident memory for each thread, above that of empty", \
            (threads_kib - fixed_kib) / 500, 16, "KiB"


def _start(results):
    yield "true: added from start to end", results.added("true", EXACT, "wall_ms"), 2, "ms"
    yield "make: wall / untraced", results.ratio("make", EXACT, "wall_ms"), 1.1, "x"


def verdicts(results):
    """Of everything that was measured."""
    rows = [Verdict(*row) for part in (_micro, _threads, _programs, _cheaper_modes, _memory, _start)
            for row in part(results)]
    return [row for row in rows if row.value is not None]
