# SPDX-License-Identifier: Apache-2.0
"""Without the loader's _dl_find_object and madvise(2)'s populating the same is recorded, of what fits at the start."""
import json

import harness
from harness import Run, target

TESTS = {
    "entry_points": ("one_event_each_over_glibc",),
    "signals": ("events_of_a_handler_are_all_counted",
                "events_of_a_handler_on_its_own_stack_are_all_counted"),
    "lifetimes": ("blocks_before_main_and_after_it_are_counted",
                  "the_first_call_may_come_before_constructors_and_without_an_environment",
                  "threads_free_after_the_tracer_has_let_go_of_them",
                  "recursion_counts_a_function_once_in_cumulative_rows"),
    "threads": ("blocks_freed_in_another_thread_are_booked_at_their_site", "short_threads_lose_nothing"),
    "processes": ("forked_children_of_a_threaded_parent_count_for_themselves",
                  "each_image_of_an_exec_chain_has_its_file"),
    "odd_stacks": ("events_below_frames_that_lie_are_counted_by_their_frames_and_marked",),
}
STACKS = 60000  # more than the file's first mapping has room for
OLD = {"LD_PRELOAD": f"{target('libold_system.so')}:{harness.SHIM}"}


def what_is_loaded_at_the_start_is_recorded_as_on_a_new_system():
    harness.repeat(TESTS, MEMTRACE_TEST_OLD="1")


def libraries_that_are_loaded_later_are_counted_without_their_names():
    command = [target("dlopen_same_address"), target("libplugin_a.so"), target("libplugin_b.so")]
    with Run(command, env=OLD) as run:
        run.finish()
        wanted = [fact for fact in run.truth() if "function" in fact]
        rows = harness.report(run.file(), "--by", "site")["rows"]
        of_plugins = [row for row in rows if row["module"] is None]
        for name in ("alloc_count", "free_count", "live_bytes"):
            harness.equal(sum(row[name] for row in of_plugins), sum(fact[name] for fact in wanted), name)


def what_the_start_of_the_file_cannot_hold_is_counted_as_dropped():
    with Run([target("many_stacks"), STACKS], env=OLD) as run:
        run.is_exact = False
        run.finish()
        info = harness.info(run.file())
        drops = harness.drops(info)
        assert drops.get("sites", 0) > 0, info["drops"]
        assert info["totals"]["alloc_count"] + drops.get("events", 0) >= STACKS, info["totals"]


harness.main(globals())
