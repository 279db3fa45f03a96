# SPDX-License-Identifier: Apache-2.0
"""Signal handlers that record in the middle of recording, and that never return."""

import harness
from harness import Run, target


def events_of_a_handler_are_all_counted():
    with Run([target("alloc_in_signal_handler")]) as run:
        run.finish().check_truth()


def events_of_a_handler_on_its_own_stack_are_all_counted():
    with Run([target("alloc_in_signal_handler"), "altstack"]) as run:
        run.finish().check_truth()


def events_of_a_handler_on_a_part_of_the_threads_own_stack_are_all_counted():
    with Run([target("alloc_in_signal_handler"), "within"]) as run:
        run.finish().check_truth()


def recording_goes_on_after_a_handler_jumped_out_of_it():
    with Run([target("longjmp_from_handler")]) as run:
        run.is_exact = False
        run.finish()
        rows = harness.report(run.file(), "--by", "function")
        fact = [f for f in run.truth() if f.get("function") == "site_afterwards"][0]
        row = harness.only_row(rows, function="site_afterwards")
        for name in harness.COUNTERS:
            harness.equal(row[name], fact[name], name)


def recording_goes_on_after_a_handler_jumped_out_of_an_aligned_allocation():
    with Run([target("longjmp_from_aligned")], preload=[target("libodd_allocator.so")]) as run:
        run.is_exact = False
        run.finish()
        rows = harness.report(run.file(), "--by", "function")
        assert len(run.truth()) == 3
        for fact in run.truth():
            row = harness.only_row(rows, function=fact["function"])
            for name in harness.COUNTERS:
                harness.equal(row[name], fact[name], f"{fact['function']} {name}")


def a_storm_of_handlers_that_allocate_and_jump_out_changes_no_number():
    for threads in (1, 4):
        with Run([target("timer_storm"), threads], preload=[target("libslot_allocator.so")]) as run:
            run.is_exact = False  # of the calls that were left for good some are half recorded
            run.finish().check_truth()
            jumped = harness.only_row(harness.report(run.file(), "--by", "function"),
                                      function="site_jumped")
            started, completed = run.number("started"), run.number("completed")
            assert run.number("jumps") > 20 * threads, "nothing was tried"
            assert completed <= jumped["alloc_count"] <= started, (completed, jumped, started)
            assert completed <= jumped["free_count"] <= started, (completed, jumped, started)


def a_handler_of_the_program_takes_the_snapshot_signal_and_that_is_said():
    script = "import signal; signal.signal(signal.SIGUSR1, print)"
    with Run([harness.need("python3"), "-c", script],
             env={"MEMTRACE_SNAPSHOT_SIGNAL": "USR1"}) as run:
        run.finish()
        texts = [message["text"] for message in
                 harness.info(run.file())["messages"]]
        assert "snapshot signal: the program has taken it for itself" in texts, texts


harness.main(globals())
