# SPDX-License-Identifier: Apache-2.0
"""Tables of a measurement, for a terminal."""
import workloads


def _number(value, digits=3):
    if value is None:
        return ""
    if abs(value) >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits}g}" if abs(value) >= 0.01 else "0"


def _times(value):
    return "" if value is None else f"{value:.2f}x"


def _size(value):
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value is None or value < 1024 or unit == "GiB":
            return "" if value is None else f"{_number(value)} {unit}"
        value /= 1024
    return ""


def align(rows):
    """Lines of columns as wide as needed: the first two to the left, the rest to the right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [text.ljust(width) if i < 2 else text.rjust(width)
                 for i, (text, width) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()


def _versus(tool, added):
    """heaptrack's added cost as a multiple of the tool's. added: what a tool adds."""
    if tool in ("none", "heaptrack"):
        return ""
    ours, peer = added(tool), added("heaptrack")
    if ours is None or peer is None or ours <= 0 or peer <= 0:
        return ""
    return f"{peer / ours:.1f}"


def _figures_micro(results, workload, tool):
    def get(figure):
        return results.median(workload, tool, figure)
    is_traced = tool != "none"
    return [_number(get("pair_ns")), _number(results.added(workload, tool, "pair_ns"))
            if is_traced else "", _number(get("pair_cpu_ns")),
            _number(results.added(workload, tool, "pair_cpu_ns")) if is_traced else "",
            _number(results.added_tree_ns(workload, tool)) if is_traced else "",
            _versus(tool, lambda name: results.added_tree_ns(workload, name)),
            _size(get("peak_kib") * 1024), _size(get("written_bytes")), _size(get("left_bytes"))]


def _figures_memory(results, workload, tool):
    added = results.added(workload, tool, "peak_kib")
    live = workloads.BY_NAME[workload].live
    return [_size(results.median(workload, tool, "peak_kib") * 1024),
            _size(added * 1024) if added and tool != "none" else "",
            _number(added * 1024 / live) if live and tool != "none" else ""]


def _figures_program(results, workload, tool):
    cells = []
    for figure in ("wall_ms", "cpu_ms"):
        cells += [_number(results.median(workload, tool, figure)),
                  _times(results.ratio(workload, tool, figure)) if tool != "none" else "",
                  _versus(tool, lambda name: results.added(workload, name, figure))]
    return cells + [_size(results.median(workload, tool, "peak_kib") * 1024),
                    _size(results.median(workload, tool, "written_bytes")),
                    _size(results.median(workload, tool, "left_bytes"))]


def _figures_server(results, workload, tool):
    cells = []
    for figure in ("set_per_s", "get_per_s"):
        cells += [_number(results.median(workload, tool, figure)),
                  _times(results.ratio(workload, tool, figure)) if tool != "none" else ""]
    return cells + [_number(results.median(workload, tool, "cpu_ms")),
                    _size(results.median(workload, tool, "peak_kib") * 1024)]


def _figures_misses(results, workload, tool):
    events = results.median(workload, "memtrace", "events")
    cells = [_number(events)]
    for figure in ("d1_misses", "ll_misses"):
        added = results.added(workload, tool, figure)
        cells += [_number(results.median(workload, tool, figure)),
                  _number(added / events) if events and added and tool != "none" else ""]
    return cells


PROGRAM_HEADS = ["wall ms", "", "heaptrack/it", "CPU ms", "", "heaptrack/it", "peak", "written",
                 "left"]
TABLES = (  # groups, the figure that rows must have, heads, cells of a row
    (("micro",), "pair_ns", ["ns/pair", "added", "CPU ns", "added", "added, tree", "heaptrack/it",
                             "peak", "written", "left"], _figures_micro),
    (("memory",), "peak_kib", ["peak", "added", "B/block"], _figures_memory),
    (("program",), "wall_ms", PROGRAM_HEADS, _figures_program),
    (("server",), "set_per_s", ["SET/s", "", "GET/s", "", "CPU ms", "peak"], _figures_server),
    (("start",), "wall_ms", PROGRAM_HEADS, _figures_program),
    (("micro", "program"), "d1_misses", ["events", "L1 misses", "added/event", "last-level misses",
                                         "added/event"], _figures_misses),
)


def _rows(results, groups, needed, figures):
    """Cells of what was measured; the workload's name stands in its first row."""
    for workload in (one for one in workloads.ALL if one.group in groups):
        label = workload.name
        for tool in results.tools(workload.name):
            if results.values(workload.name, tool, needed):
                yield [label, tool, *figures(results, workload.name, tool)]
                label = ""


def _failures(results):
    for workload, tools in results.failures.items():
        for tool, why in tools.items():
            yield [workload, tool, why]


def lines(results):
    """Everything that was measured, a table for each kind of figures, and what failed."""
    for groups, needed, heads, figures in TABLES:
        rows = list(_rows(results, groups, needed, figures))
        if rows:
            yield ""
            yield from align([["", "", *heads], *rows])
    failures = list(_failures(results))
    if failures:
        yield ""
        yield from align(failures)


def _word(verdict):
    if verdict.is_kept:
        return "kept"
    return "NOT KEPT" if verdict.is_binding else "missed"


def verdict_lines(rows):
    """Each promise, what was measured, the limit."""
    if not rows:
        return
    yield ""
    yield from align([["", "promise", "measured", "limit"]] + [
        [_word(row), row.what, f"{_number(row.value)} {row.unit}",
         f"{'>=' if row.is_least else '<='} {_number(row.limit)}"] for row in rows])
