# SPDX-License-Identifier: Apache-2.0
"""Blocks that change hands between threads are counted where they were allocated."""
import os

import harness
import oracle
from harness import Run, target

THREADS_AT_ONCE = 1000
FIXED_KIB = 2048  # of the tracer, whatever the program does


def _plain_shim():
    """What users load: memory is measured, and the checks need some of their own."""
    return {"LD_PRELOAD": os.path.join(harness.BUILD, "preload", "libmemtrace.so")}


def blocks_freed_in_another_thread_are_booked_at_their_site():
    with Run([target("blocks_handed_over")]) as run:
        run.finish().check_truth()


def realloc_storm_makes_no_leak_and_no_unseen_free():
    with Run([target("realloc_storm")]) as run:
        run.finish().check_truth()
        totals = harness.report(run.file())["totals"]
        harness.equal(totals["realloc_count"], run.number("realloc_count"), "realloc_count")
        harness.equal(totals["unseen_free_count"], 0, "unseen_free_count")
        harness.equal(totals["foreign_free_count"], 0, "foreign_free_count")


def short_threads_lose_nothing():
    with Run([target("thread_per_moment"), 1000]) as run:
        run.finish().check_truth()


def _resident_kib(run):
    return [fact["value"] for fact in run.truth() if fact.get("name") == "resident_kib"]


def a_thousand_threads_at_once_cost_at_most_16_kib_each():
    with Run([target("thread_crowd"), THREADS_AT_ONCE, 1], env={"LD_PRELOAD": ""}) as plain:
        untraced = _resident_kib(plain.finish())[0]
    with Run([target("thread_crowd"), THREADS_AT_ONCE, 1], env=_plain_shim()) as run:
        run.finish().check_truth()
        added = _resident_kib(run)[0] - untraced
        assert added <= THREADS_AT_ONCE * 16 + FIXED_KIB, f"{added} KiB"
        return f"{added} KiB for {THREADS_AT_ONCE} threads"


def a_hundred_thousand_threads_over_time_need_no_more_memory_than_the_first():
    with Run([target("thread_crowd"), 100, 1000], env=_plain_shim()) as run:
        run.finish().check_truth()
        resident = _resident_kib(run)
        grown = resident[-1] - resident[10]
        assert grown <= 256, f"{grown} KiB more after 100,000 threads than after 1,000"
        return f"{resident[0]} KiB, {resident[10]} KiB, {resident[-1]} KiB"


def threads_need_no_more_memory_where_the_program_has_taken_all_keys_that_are_free():
    with Run([target("thread_crowd"), 50, 50, 40], env=_plain_shim()) as run:
        run.finish().check_truth()
        resident = _resident_kib(run)
        grown = resident[-1] - resident[10]
        assert grown <= 512, f"{grown} KiB more after 2,500 threads than after 500"


def a_program_that_has_taken_all_keys_that_are_free_allocates_no_more():
    counts = []
    for keys in (0, 40):
        with Run([target("thread_crowd"), 20, 2, keys]) as run:
            counts.append(harness.report(run.finish().file())["totals"]["alloc_count"])
    harness.equal(counts[1], counts[0], "allocations")


def the_oracle_agrees_on_threads():
    for name in ("blocks_handed_over", "realloc_storm", "thread_per_moment"):
        with Run([target(name)], front=[harness.COUNTING]) as run:
            oracle.check(run.finish())


harness.main(globals())
