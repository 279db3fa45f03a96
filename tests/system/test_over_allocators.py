# SPDX-License-Identifier: Apache-2.0
"""What is the shim's doing is the same whichever of Debian's allocators stands behind it.

The tests are those of other files, with MEMTRACE_TEST_ALLOCATOR set; what each allocation function gives is
tested over all of them in test_entry_points.py.
"""
import harness

TESTS = {
    "signals": (),
    "lifetimes": ("blocks_before_main_and_after_it_are_counted",
                  "the_first_call_may_come_before_constructors_and_without_an_environment",
                  "a_library_allocates_in_its_constructor_and_its_destructor",
                  "threads_free_after_the_tracer_has_let_go_of_them",
                  "recursion_counts_a_function_once_in_cumulative_rows"),
    "threads": ("blocks_freed_in_another_thread_are_booked_at_their_site",
                "realloc_storm_makes_no_leak_and_no_unseen_free",
                "short_threads_lose_nothing"),
    "processes": ("forked_children_of_a_threaded_parent_count_for_themselves",
                  "each_image_of_an_exec_chain_has_its_file",
                  "a_vfork_child_counts_in_its_parent_and_spawned_ones_apart",
                  "a_daemon_is_traced_on"),
    "unloaded_libraries": (),
    "unseen_calls": ("frees_of_blocks_from_before_recording_take_nothing_off",
                     "a_library_with_a_libc_of_its_own_is_not_seen_and_what_it_calls_is",
                     "what_libc_allocates_and_frees_inside_is_seen"),
}


def _repeat_over(name):
    harness.allocator(name)
    harness.repeat(TESTS, MEMTRACE_TEST_ALLOCATOR=name)


def the_shim_does_the_same_over_jemalloc():
    _repeat_over("jemalloc")


def the_shim_does_the_same_over_tcmalloc():
    _repeat_over("tcmalloc")


def the_shim_does_the_same_over_mimalloc():
    _repeat_over("mimalloc")


harness.main(globals())
