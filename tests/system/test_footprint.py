# SPDX-License-Identifier: Apache-2.0
"""What the shim costs a program besides time: stack, memory, thread-local storage."""
import os

import harness
from harness import Run, target

# The shim that users have: what checks itself needs more.
SHIM = os.path.join(harness.BUILD, "preload", "libmemtrace.so")
STACK_AGAIN_BYTES = 1024
STACK_FIRST_BYTES = 2048
FIRST_TIMES = ("first", "new address", "odd frame", "new stack")


def _told(run):
    return {fact["name"]: fact["value"] for fact in run.truth() if "name" in fact}


def an_event_needs_little_stack_on_any_stack():
    with Run([target("painted_stack")], env={"LD_PRELOAD": SHIM}) as run:
        told = _told(run.finish())
        assert len(told) >= 25, told
        for name, found in told.items():
            stack, what = name.split(" ", 1)
            # a stack that is not the thread's own may be gone next time: it is walked at each event
            is_walked = what in FIRST_TIMES or stack == "alternate"
            limit = STACK_FIRST_BYTES if is_walked else STACK_AGAIN_BYTES
            assert found <= limit, f"{name}: {found} bytes of stack, more than {limit}: {told}"
    return f"most: {max(told.values())}"


harness.main(globals())
