# SPDX-License-Identifier: Apache-2.0
"""Stacks that no walk gets through and code without a description: every event counts, and what is not known is said."""
import json
import os
import shutil
import subprocess

import differences
import harness
from harness import Run, need, target

NODES_MAX = 20000  # of a recursion to 5,000 that allocates at each level


def _sites(run, function):
    rows = harness.report(run.file(), "--by", "site")["rows"]
    return [row for row in rows if row["function"] == function]


def _functions(row):
    return [frame["function"] for frame in row["frames"]]


def events_below_frames_that_lie_are_counted_by_their_frames_and_marked():
    for unwinder in ("cfi", "libunwind"):
        with Run([target("broken_stacks")], env={"MEMTRACE_UNWINDER": unwinder}) as run:
            run.finish().check_truth()
            calls = run.number("calls")
            rows = _sites(run, "site_below")
            broken = harness.drops(harness.info(run.file()))
        harness.equal(sum(row["alloc_count"] for row in rows), 13 * calls, "allocations")
        if unwinder != "cfi":  # it guesses on
            continue
        by_frame = {_functions(row)[1]: row for row in rows}
        harness.equal((len(rows), len(by_frame)), (13, 13), "sites")
        for name, row in by_frame.items():
            harness.equal(row["alloc_count"], calls, name)
            harness.equal(_functions(row)[-1], "[unknown caller]", name)
        harness.equal(broken, {"broken_stacks": 13 * calls}, "drops")


def code_made_at_run_time_is_passed_by_its_frame_pointer_or_marked():
    seen = []
    for environment in ({"LD_PRELOAD": ""}, {}):
        with Run([target("made_code")], env=environment) as run:
            run.finish()
            seen.append(run.number("frames"))
            if run.files():
                run.check_truth()
                rows = [_functions(row) for row in _sites(run, "site_below_code")]
    harness.equal(seen[1], seen[0], "frames of backtrace()")
    harness.equal(len(rows), 3, "sites")
    harness.equal(sum(["above_code" in row and "main" in row for row in rows]), 1, rows)
    harness.equal(sum([row[-1] == "[unknown caller]" for row in rows]), 2, rows)


def a_handler_that_has_interrupted_the_vdso_has_a_whole_stack():
    with Run([target("interrupted_vdso")]) as run:
        run.finish().check_truth()
        for row in _sites(run, "site_above_vdso"):
            assert "[vdso]" in [frame["module"] for frame in row["frames"]], row["frames"]
            assert {"handle", "site_telling_time", "main"} <= set(_functions(row)), row["frames"]
        harness.equal(harness.drops(harness.info(run.file())), {}, "drops")


def fibers_that_go_from_thread_to_thread_keep_their_stacks():
    with Run([target("wandering_fibers")], env={"MEMTRACE_CHECK_REPLAY": "1"}) as run:
        run.finish().check_truth()
        equal, different = differences.replay(run.file())
        harness.equal(different, 0, differences.explain(run.file()))
        assert equal >= 2400, equal
        for row in _sites(run, "site_in_fiber"):
            assert "run_fiber" in _functions(row), row["frames"]


def an_allocation_needs_no_lock_of_the_loader():
    with Run([target("loader_lock"), target("libplugin_a.so")]) as run:
        run.finish().check_truth()


def a_recursion_to_5000_is_small_and_what_is_cut_is_told_apart():
    with Run([target("deep_recursion"), 5000]) as run:
        run.finish().check_truth()
        info = harness.info(run.file())
        assert info["file"]["node_count"] <= NODES_MAX, info["file"]
        drops = harness.drops(info)
        harness.equal(list(drops), ["truncated_stacks"], "drops")
        # a stack has thousands of frames: not all of them
        rows = json.loads(harness.memtrace("report", "--json", "--by", "site", "--no-children", "--limit", 12,
                                           "--sort", "alloc_count", run.file()))["rows"]
    harness.equal([row["truncated"] for row in rows], [True] + [False] * 11, "marks")
    harness.equal(rows[0]["alloc_count"], drops["truncated_stacks"], "cut stacks")
    harness.equal(_functions(rows[0])[-1], "[truncated]", "end of a cut stack")
    for row in rows:
        callers = {"first_caller", "second_caller"} & set(_functions(row))
        harness.equal(len(callers), 0 if row["truncated"] else 1, row["frames"][-5:])


def sites_without_names_stay_apart_in_reports_and_diffs():
    with Run([]) as run:
        program = os.path.join(run.folder, "nameless")
        shutil.copy(target("two_sites"), program)
        subprocess.run([need("strip"), "-s", program], check=True)
        files = []
        for counts in ((5, 7), (9, 7)):
            run.command = [program, *map(str, counts)]
            run.finish()
            files.append(next(path for path in run.files() if path not in files))
        for path, counts in zip(files, ((5, 7), (9, 7))):
            rows = [row for row in harness.report(path, "--by", "function")["rows"]
                    if row["module"] == program]
            harness.equal(sorted(row["alloc_count"] for row in rows), sorted(counts), rows)
            harness.equal(len({row["offset"] for row in rows}), 2, rows)
            assert all(row["function"] is None for row in rows), rows
        document = harness.diff(*files, "--by", "function", "--force")
        changed = [row for row in document["rows"] if row["module"] == program]
        harness.equal([(row["change"], row["alloc_count_delta"]) for row in changed if row["alloc_count_delta"]],
                      [("grown", 4)], changed)


harness.main(globals())
