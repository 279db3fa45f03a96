# SPDX-License-Identifier: Apache-2.0
"""Blocks that change hands between threads are counted where they were allocated."""
import harness
from harness import Run, target


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


def the_oracle_agrees_on_threads():
    import oracle
    for name in ("blocks_handed_over", "realloc_storm", "thread_per_moment"):
        with Run([target(name)], front=[harness.COUNTING]) as run:
            oracle.check(run.finish())


harness.main(globals())
