# SPDX-License-Identifier: Apache-2.0
"""Programs under seccomp filters: those that were there before, and those that the program gives itself."""
import json

import harness
from harness import Run, target

MANNERS = ("strict", "strict-by-seccomp", "kill", "kill-by-prctl", "kill-all", "refuse", "fail")


def a_program_that_confines_itself_lives_and_is_recorded_in_full():
    for manner in MANNERS:
        with Run([target("confined"), manner, 500]) as run:
            run.finish().check_truth()


def what_finds_no_room_in_a_confined_program_is_counted_and_in_the_totals():
    for manner in ("strict", "kill", "refuse"):
        with Run([target("confined"), manner, 30000]) as run:
            run.finish()
            document = json.loads(harness.memtrace("report", "--json", "--limit", 0, "--by",
                                                   "function", run.file()))
            told = {fact["function"]: fact for fact in run.truth()}
            harness.equal(set(told), {"site_before", "site_confined"}, manner)
            totals = document["totals"]
            for name in ("alloc_count", "alloc_bytes", "live_blocks", "live_bytes"):
                own = sum(fact[name] for fact in told.values())
                # two more of main() itself, freed by nobody
                assert own < totals[name], f"{manner} {name}: {totals}, {told}"
            harness.equal(totals["alloc_count"], 2 * 30000 + 100 + 2, manner)
            harness.equal(totals["free_count"], 30000 + 15000, manner)
            assert 0 < totals["dropped_count"] < 30000, totals


def a_filter_that_is_not_taken_changes_nothing():
    with Run([target("confined"), "fail", 30000]) as run:
        run.finish().check_truth()


def a_program_without_a_clock_goes_on():
    with Run([target("without_clock")]) as run:
        run.finish().check_truth()


def periodic_work_is_left_out_where_it_would_be_death():
    env = {"MEMTRACE_SNAPSHOT_AT": "grow:16K", "MEMTRACE_RSS": "1", "MEMTRACE_SNAPSHOT_SIGNAL": "USR2"}
    for manner in ("kill", "kill-all", "strict"):
        with Run([target("confined"), manner, 5000], env=env) as run:
            run.finish()


def a_container_and_a_service_are_traced():
    for profile in ("container", "service"):
        for name in ("blocks_handed_over", "fork_with_threads", "alloc_in_signal_handler"):
            with Run([target("under_filter"), profile, target(name)]) as run:
                run.finish().check_truth()


harness.main(globals())
