# SPDX-License-Identifier: Apache-2.0
"""Where only samples are recorded, estimates are right on the mean, and the program notices nothing.

Samples are chosen with fixed seeds: what holds once holds always.
"""
import glob
import json
import math
import os
import subprocess

import harness

DISTANCE = 65536
SITES = [f"site_{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]


def _sampled(seed, target="sampled_sites", *arguments, distance=DISTANCE):
    return harness.Run([harness.target(target), *arguments],
                       env={"MEMTRACE_SAMPLE": str(distance), "MEMTRACE_SAMPLE_SEED": str(seed)})


def _by_function(path):
    return {row["function"]: row for row in harness.report(path, "--by", "function")["rows"]}


def _truth(run, pid=None):
    facts = [fact for fact in run.truth() if "function" in fact]
    pid = pid or facts[0]["pid"]
    return {fact["function"]: fact for fact in facts if fact["pid"] == pid}


def _weight(size, distance=DISTANCE):
    """Blocks that a recorded one stands for."""
    return 1 if size >= distance else 1 + (128 * distance + 75 * size - 1) // (128 * size)


def _check_mean(errors, what):
    """Errors relative to their own standard errors: their mean is within two of its own of 0."""
    assert len(errors) > 20, f"{what}: {len(errors)} values"
    mean = sum(errors) / len(errors)
    spread = math.sqrt(sum((error - mean) ** 2 for error in errors) / (len(errors) - 1))
    assert abs(mean) < 2 * spread / math.sqrt(len(errors)), f"{what}: {mean} of {spread}"
    return f"{what}: mean {mean:.4f}, spread {spread:.3f} of {len(errors)}"


def _errors_of_one_size(runs, functions, arguments=()):
    """Standardised errors of the counts of functions that allocate one size."""
    errors = []
    for seed in range(runs):
        with _sampled(seed, "sampled_sites", *arguments) as run:
            rows = _by_function(run.finish().file())
            for name in functions:
                fact = _truth(run)[name]
                count = fact["alloc_count"]
                weight = _weight(fact["alloc_bytes"] // count)
                found = rows[name]["alloc_count"] if name in rows else 0
                errors.append((found - count) / math.sqrt(count * (weight - 1)))
    return errors


def estimates_are_right_on_the_mean():
    return _check_mean(_errors_of_one_size(12, SITES[:15]), "counts")


class _Coverage:
    """Pairs of a run and a function: how often the truth lies within the limits, and the mean error."""

    def __init__(self, field):
        self.field, self.pairs, self.held, self.errors = field, 0, 0, []

    def add(self, row, truth):
        if truth == 0:
            return
        found = row[self.field] if row else 0
        self.errors.append((found - truth) / truth)
        if row:
            low, high = row[self.field + "_low"], row[self.field + "_high"]
            assert low <= found <= high, row
            self.pairs += 1
            self.held += low <= truth <= high

    def check(self):
        part = self.held / self.pairs
        assert self.pairs >= 2000 and 0.93 <= part <= 0.97, (self.field, self.held, self.pairs)
        return f"{self.field}: {part:.4f} of {self.pairs}; " + _check_mean(self.errors, "error")


def limits_hold_the_truth_in_95_percent():
    fields = [_Coverage(name) for name in ("alloc_bytes", "alloc_count", "live_bytes",
                                           "live_blocks")]
    names = [name for name in SITES if name != "site_p"]  # which is exact
    for seed in range(110):
        with _sampled(seed) as run:
            rows, truth = _by_function(run.finish().file()), _truth(run)
            for name in names:
                for field in fields:
                    field.add(rows.get(name), truth[name][field.field])
    return "; ".join(field.check() for field in fields)


def threads_that_begin_have_samples_of_their_own():
    return _check_mean(_errors_of_one_size(12, SITES[:15], ("threads",)), "counts")


def blocks_of_the_distance_or_more_are_always_recorded():
    for seed in range(5):
        with _sampled(seed) as run:
            row = _by_function(run.finish().file())["site_p"]
            for name, value in _truth(run)["site_p"].items():
                if name not in ("pid", "function"):
                    harness.equal(row[name], value, name)


def blocks_that_the_program_reports_are_all_recorded():
    with _sampled(1, "client_calls", distance=524288) as run:
        run.command.append(run.folder)
        row = _by_function(run.finish().file())["site_of_pool"]
        truth = _truth(run)["site_of_pool"]
        for name in ("alloc_count", "alloc_bytes", "live_blocks", "live_bytes"):
            harness.equal((row[name], row[name + "_low"], row[name + "_high"]), (truth[name],) * 3,
                          name)


def addresses_and_sizes_of_blocks_are_as_without():
    digests = set()
    for env in ({"LD_PRELOAD": ""}, {}, {"MEMTRACE_SAMPLE": "512K"}, {"MEMTRACE_SAMPLE": "100"}):
        with harness.Run([harness.target("block_addresses")], env=env) as run:
            digests.add(run.finish().number("digest"))
    harness.equal(len(digests), 1, "digests")


def chains_of_reallocs_are_right_on_the_mean():
    errors = []
    for seed in range(30):
        with _sampled(seed, "realloc_chains") as run:
            rows = _by_function(run.finish().file())
            for name, fact in _truth(run).items():
                found = rows[name]["live_blocks"] if name in rows else 0
                weight = _weight(fact["live_bytes"] // fact["live_blocks"])
                errors.append((found - fact["live_blocks"]) /
                              math.sqrt(fact["live_blocks"] * (weight - 1)))
    return _check_mean(errors, "live blocks")


def what_was_recorded_is_given_back_to_the_last_byte():
    with _sampled(3, "realloc_storm", distance=2000) as run:
        document = harness.report(run.finish().file())
        totals = document["totals"]
        assert totals["alloc_bytes"] > 1000000, totals
        for row in document["rows"]:
            if row["function"] in ("site_start", "site_growing"):
                harness.equal((row["live_blocks"], row["live_bytes"]), (0, 0), row["function"])


def forked_child_inherits_the_estimates():
    with _sampled(4, "sampled_sites", "fork") as run:
        run.finish()
        rows = {harness.Header(path).pid: _by_function(path) for path in run.files()}
        parent, child = sorted(rows, key=lambda pid: pid != run.truth()[0]["pid"])
        for path in run.files():
            if harness.Header(path).pid == child:
                inherited = {row["function"]: row for row in harness.report(
                    path, "--by", "function", "--fields",
                    "inherited_blocks,inherited_bytes,alloc_count")["rows"]}
        for name in SITES[:16]:
            row = inherited.get(name)
            before = rows[parent].get(name, {"live_blocks": 0, "live_bytes": 0})
            harness.equal(row["inherited_blocks"] if row else 0, before["live_blocks"], name)
            harness.equal(row["inherited_bytes"] if row else 0, before["live_bytes"], name)
        assert inherited["site_a"]["alloc_count"] > 0


def snapshot_of_a_file_has_its_limits():
    with _sampled(5) as run:
        path = run.finish().file()
        copy = path + ".copy"
        harness.memtrace("snapshot", "-o", copy, path)
        for by in ("--by=function", "--by=site"):
            harness.equal(harness.report(copy, by)["rows"], harness.report(path, by)["rows"], by)


def snapshots_that_a_process_makes_of_itself_have_limits():
    with _sampled(5) as run:
        run.env["MEMTRACE_SNAPSHOT_AT"] = "grow:1M"
        run.finish()
        last = max(glob.glob(os.path.join(run.out, "*.snap")),
                   key=lambda path: harness.report(path)["inputs"][0]["taken_ns"]
                   if harness.Header(path).is_snapshot else -1)
        rows, whole = _by_function(last), _by_function(run.file())
        for name in SITES[:5]:  # over by then
            for field in ("alloc_bytes", "alloc_bytes_low", "alloc_bytes_high"):
                harness.equal(rows[name][field], whole[name][field], f"{name} {field}")


def sampled_and_exact_runs_differ_within_the_limits():
    held = pairs = 0
    with harness.Run([harness.target("sampled_sites")]) as exact:
        first = exact.finish().file()
        for seed in range(40):
            with _sampled(seed) as run:
                document = harness.diff(first, run.finish().file(), "--by", "function", "--force")
                assert "is exact" in " ".join(document["notes"]), document["notes"]
                for row in document["rows"]:
                    if row["function"] in SITES and row["function"] != "site_p":
                        pairs += 1
                        held += row["alloc_bytes_delta_low"] <= 0 <= row["alloc_bytes_delta_high"]
    assert pairs > 900 and 0.92 < held / pairs < 0.98, (held, pairs)
    return f"{held / pairs:.4f} of {pairs}"


def _tell(process, order):
    process.stdin.write(order)
    process.stdin.flush()
    harness.equal(process.stdout.readline(), b"ok\n", order)


def process_that_is_woken_or_stopped_samples_or_does_not():
    with _sampled(7, "obedient", distance=300) as run:
        run.env["MEMTRACE_START"] = "off"
        process = run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        counts = []
        for command in (None, "start", "stop"):
            if command:
                ctl = subprocess.Popen([harness.MEMTRACE, "ctl", str(process.pid), command])
                while ctl.poll() is None:  # obeyed at its next allocation
                    _tell(process, b"f1\n")
                harness.equal(ctl.returncode, 0, command)
            _tell(process, b"k3000\n")
            row = _by_function(run.file()).get("site_keep", {"alloc_count": 0})
            counts.append(row["alloc_count"])
        assert counts[0] == 0 and 2000 < counts[1] < 4000 and counts[2] == counts[1], counts
        process.stdin.close()
        process.wait()


def request_between_two_samples_is_said_to_wait_for_the_next():
    with _sampled(7, "obedient", distance=1 << 30) as run:
        process = run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        _tell(process, b"k10\n")
        done = subprocess.run([harness.MEMTRACE, "ctl", str(process.pid), "stop"],
                              stderr=subprocess.PIPE, timeout=harness.TIMEOUT, check=False)
        harness.equal(done.returncode, 1, "exit status")
        assert b"has taken no sample since" in done.stderr, done.stderr
        process.stdin.close()
        process.wait()


def list_says_where_figures_are_estimates():
    for environment in ({"MEMTRACE_SAMPLE": "1000"}, {}):
        with harness.Run([harness.target("sampled_sites")], env=environment) as run:
            run.finish()
            item = json.loads(harness.memtrace("list", "--json", run.out))["files"][0]
            harness.equal(item.get("sample_bytes"), 1000 if environment else None, "distance")
            text = harness.memtrace("list", run.out)
            harness.equal("exited, sampled" in text, bool(environment), text)


def running_process_agrees_with_its_table():
    with _sampled(6, "obedient", distance=300) as run:
        process = run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        _tell(process, b"k5000\n")
        found = json.loads(harness.memtrace("info", "--verify", "--json", process.pid))
        assert found["agrees"] and found["live_blocks"] > 3000, found
        process.stdin.close()
        process.wait()


def limits_of_totals_hold_where_no_sample_was_taken_and_that_is_said():
    distance, silent = 1 << 19, 0
    limit = 1570626  # ln 20 times the distance
    for seed in range(8):
        with _sampled(seed, "leak_in_loop", 150, distance=distance) as run:
            run.finish()
            truth = sum(fact["alloc_bytes"] for fact in _truth(run).values())
            document, facts = harness.report(run.file()), harness.info(run.file())
            if document["rows"]:
                continue
            silent += 1
            assert 0 < truth < limit, truth
            for totals in (document["totals"], facts["totals"]):
                harness.equal([totals[f"{name}_{end}"] for name in ("alloc_bytes", "live_bytes", "live_blocks")
                               for end in ("low", "high")], [0, limit] * 3, totals)
            for command in ("report", "leaks"):
                done = subprocess.run([harness.MEMTRACE, command, run.file()], stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, check=True)
                text = done.stdout.decode()
                assert "no sample was taken: with 95%, at most 1534 KiB was allocated" in text, text
                assert "size 0 B [0 B, 1534 KiB]" in text and "no allocation was seen" not in text, text
            done = subprocess.run(
                [harness.MEMTRACE, "run", "--sample", "512K", "-o", os.path.join(run.folder, "again.snap"),
                 *run.command], stderr=subprocess.PIPE, check=True,
                env={**os.environ, "MEMTRACE_SAMPLE_SEED": str(seed), "TRUTH_FILE": "/dev/null"})
            assert b"  no sample was taken: with 95%, at most 1534 KiB" in done.stderr, done.stderr
            assert b"  figures     sampled (1 per 512 KiB)\n" in done.stderr, done.stderr
    assert silent, "each seed took a sample"


harness.main(globals())
