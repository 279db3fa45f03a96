# SPDX-License-Identifier: Apache-2.0
"""What the measurements of bench/ say of themselves: pairs, depths, process trees, medians."""
import json
import os
import subprocess
import sys
import tempfile

import harness
from harness import Run

BENCH = os.path.join(harness.SOURCE, "bench")
MICRO = os.path.join(harness.BUILD, "bench", "micro")
LAUNCH = os.path.join(harness.BUILD, "bench", "launch")

os.environ["MEMTRACE_BUILD"] = harness.BUILD
sys.path.insert(0, BENCH)
import limits  # noqa: E402  the folder is not on the path before
import results  # noqa: E402
import tools  # noqa: E402


def _traced(*options):
    """(what the benchmark printed, its report by call stack)."""
    with Run([MICRO, "--warmup", "0", *map(str, options)]) as run:
        run.finish()
        printed = json.loads(run.stdout)
        return printed, harness.report(run.file(), "--by", "site")


def _live_blocks(report):
    """Of the loops; the standard output's buffer and the threads' own memory are not theirs."""
    return sum(row["live_blocks"] for row in report["rows"]
               if any(frame["function"] == "micro_descend" for frame in row["frames"]))


def _launched(*command):
    with tempfile.TemporaryDirectory() as folder:
        result = os.path.join(folder, "result.json")
        subprocess.run([LAUNCH, result, *command], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=harness.TIMEOUT)
        with open(result, encoding="utf-8") as file:
            return json.load(file)


def micro_does_as_many_pairs_as_it_says():
    few, more = (_traced("--pairs", pairs, "--live", 100) for pairs in (1000, 31000))
    for printed, report in (few, more):
        harness.equal(_live_blocks(report), 0, "alive at exit")
        harness.equal(report["totals"]["alloc_count"] > 1000, True, "allocations seen")
    harness.equal(more[0]["pairs"] - few[0]["pairs"], 30000, "printed")
    harness.equal(more[1]["totals"]["alloc_count"] - few[1]["totals"]["alloc_count"], 30000,
                  "allocations")


def micro_allocates_at_the_depth_it_was_told():
    deepest = []
    for depth in (10, 100):
        rows = _traced("--pairs", 100, "--depth", depth)[1]["rows"]
        deepest.append(max(len(row["frames"]) for row in rows))
    harness.equal(deepest[1] - deepest[0], 90, "frames")


def micro_takes_turns_between_call_sites():
    counts = []
    for sites in (1, 8):
        rows = _traced("--pairs", 8000, "--live", 8, "--sites", sites)[1]["rows"]
        counts.append(sum(row["alloc_count"] >= 900 for row in rows))
    harness.equal(counts, [1, 8], "stacks that allocate a share of the blocks")


def micro_frees_every_block_that_was_handed_over():
    for batches in (1, 64):
        printed, report = _traced("--handover", "--threads", 2, "--batches", batches, "--pairs",
                                  51200)
        harness.equal(printed["pairs"], 51200, "pairs")
        harness.equal(_live_blocks(report), 0, "alive at exit")


def the_shim_without_its_live_table_counts_every_allocation():
    library = os.path.join(harness.BUILD, "bench", "libmemtrace-nolive.so")
    with Run([MICRO, "--warmup", "0", "--pairs", "5000"], env={"LD_PRELOAD": library}) as run:
        totals = harness.report(run.finish().file(), "--by", "site")["totals"]
    harness.equal(totals["alloc_count"] - totals["free_count"], 1, "all but stdio's buffer")
    assert totals["alloc_count"] >= 5000, totals


def launcher_says_how_the_command_ended():
    harness.equal(_launched("sh", "-c", "exit 7")["status"], 7, "status")
    harness.equal(_launched("sh", "-c", "kill -KILL $$")["status"], 128 + 9, "signal")


def launcher_counts_processes_that_outlive_their_parent():
    script = "x=bytearray(1 << 20)\nfor i in range(2000000): pass\nprint('a' * 100000)"
    alone = _launched("/usr/bin/python3", "-c", script)
    orphan = _launched("sh", "-c", f"(/usr/bin/python3 -c \"{script}\" &) ; exit 0")
    assert orphan["user_us"] * 4 > alone["user_us"] > 0, f"{orphan} {alone}"
    harness.equal(orphan["written_bytes"], alone["written_bytes"], "written")


def launcher_adds_up_the_memory_of_a_tree():
    script = "import time; x = bytearray(64 << 20); time.sleep(0.5)"
    python = f"/usr/bin/python3 -c '{script}'"
    both = _launched("sh", "-c", f"{python} & {python}; wait")
    assert both["peak_kib"] >= 2 * 64 * 1024, both


def _measured(**samples):
    measured = results.Results({})
    for tool, values in samples.items():
        for value in values:
            measured.add("depth10", tool.replace("_", "-"), {"pair_ns": value})
    return measured


def what_a_tool_adds_is_the_median_of_differences_within_rounds():
    measured = _measured(none=[10, 100, 20, 40, 30], memtrace=[35, 124, 46, 67, 50])
    harness.equal(measured.added("depth10", "memtrace", "pair_ns"), 25, "added")
    harness.equal(measured.added("depth10", "heaptrack", "pair_ns"), None, "not measured")


def a_promise_is_kept_up_to_its_limit_and_no_farther():
    for added_ns, is_kept in ((30, True), (31, False)):
        measured = _measured(none=[20] * 3, memtrace=[20 + added_ns] * 3, heaptrack=[920] * 3)
        most, least = limits.verdicts(measured)[:2]
        harness.equal((most.value, most.is_kept), (added_ns, is_kept), most.what)
        harness.equal(least.is_kept, is_kept, least.what)


def what_was_not_measured_is_not_judged():
    harness.equal(limits.verdicts(_measured(none=[20])), [], "verdicts")


def compare_writes_every_sample_and_shows_them_again():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "results.json")
        compare = [sys.executable, os.path.join(BENCH, "compare")]
        shown = [subprocess.run([*compare, *options], check=True, stdout=subprocess.PIPE,
                                timeout=harness.TIMEOUT).stdout.decode()
                 for options in (["--rounds", "2", "--workloads", "empty,true", "--tools",
                                  "memtrace,memtrace-off", "--json", path], ["--show", path])]
        measured = results.Results.load(path)
    harness.equal(measured.failures, {}, "failures")
    for workload in ("empty", "true"):
        harness.equal(measured.tools(workload), ["none", "memtrace", "memtrace-off"], "tools")
        harness.equal(len(measured.values(workload, "memtrace", "wall_ms")), 2, "samples")
    harness.equal(shown[0], shown[1], "tables")


def promises_to_single_programs_bind_only_when_more_than_two_miss():
    for missing, is_kept in ((2, True), (3, False)):
        measured = results.Results({})
        for number, name in enumerate(limits.PROGRAMS):
            added = 20 if number < missing else 5
            for tool, value in (("none", 100), ("memtrace", 100 + added), ("heaptrack", 200)):
                measured.add(name, tool, {"wall_ms": value, "cpu_ms": value})
        binding = [row for row in limits.verdicts(measured) if row.is_binding]
        harness.equal(all(row.is_kept for row in binding), is_kept, missing)


def readme_costs_replaces_what_stands_between_the_marks():
    with tempfile.TemporaryDirectory() as folder:
        readme, data = os.path.join(folder, "README.md"), os.path.join(folder, "r.json")
        command = [sys.executable, os.path.join(BENCH, "readme-costs"), readme]
        measured = results.Results()
        for tool, cpu_ms in (("none", 30), ("memtrace", 55)):
            measured.add("depth10", tool, {"cpu_ms": cpu_ms, "pairs": 1e6,
                                           "pair_cpu_ns": cpu_ms})
        measured.save(data)
        with open(readme, "w", encoding="utf-8") as file:
            file.write(f"before\n<!-- costs: {data} -->\nold\n<!-- /costs -->\nafter\n")
        checks = [subprocess.run(words, check=False, stderr=subprocess.DEVNULL).returncode
                  for words in ([*command, "--check"], command, [*command, "--check"])]
        with open(readme, encoding="utf-8") as file:
            text = file.read()
    harness.equal(checks, [1, 0, 0], "statuses")
    assert text.startswith("before\n") and text.endswith("\nafter\n"), text
    assert "| 10 frames, 1,000 live blocks | 30 | 25 |" in text and "old" not in text, text


def _budget_status(budget):
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "budget.txt")
        with open(table, "w", encoding="utf-8") as file:
            file.write(f"one memtrace {budget} --depth 10\nother memtrace 1.01*one --depth 10\n")
        return subprocess.run([sys.executable, os.path.join(BENCH, "budget"), "--table", table],
                              stdout=subprocess.DEVNULL, check=False,
                              timeout=harness.TIMEOUT).returncode


def a_budget_that_is_exceeded_fails():
    harness.need("valgrind")
    harness.equal([_budget_status(1), _budget_status(1000000)], [1, 0], "status")


def every_tool_that_is_looked_for_has_its_own_name():
    names = [tool.name for tool in tools.ALL]
    harness.equal(len(set(names)), len(names), "names")


harness.main(globals())
