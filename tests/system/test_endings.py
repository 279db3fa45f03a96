# SPDX-License-Identifier: Apache-2.0
"""In whatever way a process or a thread ends, all that was recorded is there."""
import os

import harness
from harness import Run, Skip, target

# Way of tests/targets/ways_to_end.c -> status, and how many trace files there are.
WAYS = {
    "return": (0, 1),
    "exit": (3, 1),
    "_exit": (3, 1),
    "_Exit": (3, 1),
    "quick_exit": (3, 1),
    "abort": (-6, 1),
    "SIGSEGV": (-11, 1),
    "deep stack": (-11, 1),
    "SIGBUS": (-7, 1),
    "SIGILL": (-4, 1),
    "SIGTERM": (-15, 1),
    "SIGKILL": (-9, 1),
    "after a child": (-9, 1),
    "cpu limit": (-9, 1),
    "exit in a thread": (3, 1),
    "main thread first": (0, 1),
    "exec": (0, 2),
}
HANDLERS_RUN = ("return", "exit", "exit in a thread", "main thread first")
MEMORY_LIMIT = 32 << 20


def every_way_to_end_keeps_all_that_was_recorded():
    for way, (status, files) in WAYS.items():
        with Run([target("ways_to_end"), way]) as run:
            run.finish(status=status)
            harness.equal(run.check_truth(), 1, way)
            harness.equal(len(run.files()), files, f"{way}: files")
            states = sorted(harness.info(path)["process"]["state"] for path in run.files())
            wanted = "exited" if way in HANDLERS_RUN else "killed"
            harness.equal(states, ["execed", "exited"] if way == "exec" else [wanted], way)


class _LimitedMemory:
    """A control group of the first or second version with little memory."""

    def __enter__(self):
        name = f"memtrace-test-{os.getpid()}"
        for root, limit in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                            ("/sys/fs/cgroup", "memory.max")):
            self.path = os.path.join(root, name)
            try:
                os.mkdir(self.path)
            except OSError:
                continue
            try:
                with open(os.path.join(self.path, limit), "w", encoding="ascii") as file:
                    file.write(str(MEMORY_LIMIT))
                return self
            except OSError:
                os.rmdir(self.path)
        raise Skip("no control group for memory can be made")

    def __exit__(self, *_):
        os.rmdir(self.path)

    def front(self):
        """Words in front of a command that is to run in the group."""
        return ["/bin/sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$0" "$@"']


def a_program_killed_for_want_of_memory_keeps_all_that_was_recorded():
    with _LimitedMemory() as group, Run([*group.front(), target("ways_to_end"), "memory"]) as run:
        run.finish(status=-9)
        harness.equal(run.check_truth(), 1, "facts")


def cancelled_and_exiting_threads_lose_nothing():
    with Run([target("cancelled_threads")]) as run:
        run.finish()
        harness.equal(run.check_truth(), 3, "facts")
        harness.equal(harness.report(run.file())["totals"]["foreign_free_count"], 0, "foreign frees")


def threads_cancelled_in_the_middle_of_recording_harm_nobody():
    with Run([target("cancelled_threads"), "anywhere"]) as run:
        run.is_exact = False
        run.finish()
        harness.equal(run.check_truth(), 3, "facts")


harness.main(globals())
