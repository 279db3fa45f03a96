# SPDX-License-Identifier: Apache-2.0
"""Programs that bring an unwinder or a profiler of their own start, and are recorded exactly."""
import glob

import harness
from harness import Run, Skip, target


def _library(name):
    found = glob.glob(f"/usr/lib/*/{name}")
    if not found:
        raise Skip(f"{name} is not installed")
    return found[0]


def _record_beside(name):
    """In front of the shim and behind it, with both unwinders; temporary_blocks tells its numbers."""
    library = _library(name)
    for unwinder in ("cfi", "libunwind"):
        for order in ({"front": [library]}, {"preload": [library]}):
            with Run([target("temporary_blocks")], env={"MEMTRACE_UNWINDER": unwinder}, **order) as run:
                assert run.finish().check_truth() > 0
                info = harness.info(run.file())
                harness.equal(info["process"]["unwinder"], unwinder, f"{name}, {order}")


def libunwind_of_the_program_is_no_clash():
    _record_beside("libunwind.so.8")


def libunwind_of_llvm_is_no_clash():
    _record_beside("libunwind.so.1")


def profiler_that_unwinds_is_no_clash():
    _record_beside("libprofiler.so.0")


harness.main(globals())
