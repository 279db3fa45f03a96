# SPDX-License-Identifier: Apache-2.0
"""Temporary blocks, peaks, recursion, and blocks from before main and after it."""
import harness
import oracle
from harness import Run, target


def temporary_blocks_are_those_freed_before_the_next_allocation():
    with Run([target("temporary_blocks")]) as run:
        run.finish().check_truth()


def each_site_has_its_own_peak_and_its_share_of_the_common_one():
    with Run([target("peak")]) as run:
        run.finish().check_truth()
        document = harness.report(run.file(), "--by", "function")
        total = sum(row["at_peak_live_bytes"] for row in document["rows"])
        harness.equal(total, document["totals"]["peak_live_bytes"], "sum at the peak")


def blocks_before_main_and_after_it_are_counted():
    with Run([target("early_and_late")]) as run:
        run.finish().check_truth()
    with Run([target("early_and_late")], front=[harness.COUNTING]) as run:
        oracle.check(run.finish())


def the_first_call_may_come_before_constructors_and_without_an_environment():
    for keys in (0, 40):
        with Run([target("first_call"), keys]) as run:
            harness.equal(run.finish().check_truth(), 4, "sites")


def a_library_allocates_in_its_constructor_and_its_destructor():
    library = target("libearly_library.so")
    for order in ({"front": [library]}, {"preload": [library]}):
        with Run(["/bin/true"], **order) as run:
            harness.equal(run.finish().check_truth(), 1, "sites")


def threads_free_after_the_tracer_has_let_go_of_them():
    with Run([target("late_frees")]) as run:
        harness.equal(run.finish().check_truth(), 3, "sites")
        totals = harness.report(run.file())["totals"]
        harness.equal((totals["foreign_free_count"], totals["unseen_free_count"]), (0, 0), totals)
    with Run([target("late_frees")], front=[harness.COUNTING]) as run:
        oracle.check(run.finish())


def destructors_of_thread_local_objects_and_late_handlers_are_counted():
    with Run([target("late_cleanup")]) as run:
        run.finish()
        harness.equal(run.check_truth(), 3, "facts")


def recursion_counts_a_function_once_in_cumulative_rows():
    with Run([target("deep_recursion"), 1500]) as run:
        run.finish().check_truth()
        rows = harness.report(run.file(), "--by", "function", "--cumulative")
        harness.equal(harness.only_row(rows, function="site_recursing")["alloc_count"], 3000)
        harness.equal(harness.only_row(rows, function="first_caller")["alloc_count"], 1500)
        harness.equal(harness.only_row(rows, function="second_caller")["alloc_count"], 1500)


def recursion_beyond_the_limit_is_counted_and_marked_as_cut():
    with Run([target("deep_recursion"), 5000]) as run:
        run.finish().check_truth()
        text = harness.memtrace("report", run.file())
        assert "truncated" in text.splitlines()[-1], text.splitlines()[-1]


def a_lower_depth_keeps_the_innermost_frames():
    with Run([target("deep_recursion"), 100], env={"MEMTRACE_DEPTH": "8"}) as run:
        run.finish().check_truth()
        for row in harness.report(run.file(), "--by", "site", "--function", "site_*")["rows"]:
            assert len([f for f in row["frames"] if f.get("function")]) <= 9, row["frames"]


harness.main(globals())
