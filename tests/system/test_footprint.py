# SPDX-License-Identifier: Apache-2.0
"""What the shim costs a program besides time: stack, memory, thread-local storage."""
import os
import struct
import subprocess

import harness
from harness import Run, need, target

# The shim that users have: what checks itself needs more.
SHIM = os.path.join(harness.BUILD, "preload", "libmemtrace.so")
STACK_AGAIN_BYTES = 1024
STACK_FIRST_BYTES = 2048
FIXED_BYTES = 2 << 20
THREAD_BYTES = 16 << 10
BLOCK_BYTES = 24
NODE_BYTES = 16
COUNTERS_BYTES = 128  # of a site that one shard knows
INDEX_BYTES = 48  # of a node, of a site and of its counters
TLS_BYTES = 64
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
            # now and then a call finds a table of the shim full
            is_rare = what.startswith("rare ")
            limit = STACK_FIRST_BYTES if is_walked or is_rare else STACK_AGAIN_BYTES
            assert found <= limit, f"{name}: {found} bytes of stack, more than {limit}: {told}"
    return f"most: {max(told.values())}"


def _resident(*arguments):
    """What the target says of itself: number of things -> bytes, untraced and traced; and the trace's facts."""
    with Run([target("resident"), *arguments], env={"LD_PRELOAD": ""}) as run:
        plain = _told(run.finish())
    with Run([target("resident"), *arguments], env={"LD_PRELOAD": SHIM}) as run:
        traced = _told(run.finish())
        info = harness.info(run.file())
    return {int(name.split()[1]): (traced[name] - plain[name]) * 1024 for name in plain}, info


def a_program_that_does_nothing_grows_by_two_megabytes_at_most():
    added, _ = _resident("idle")
    assert added[0] <= FIXED_BYTES, added
    return f"{added[0]} bytes"


def a_thread_costs_sixteen_kilobytes_at_most():
    added, _ = _resident("threads", 500)
    per_thread = (added[500] - added[0]) / 500
    assert per_thread <= THREAD_BYTES, f"{per_thread} bytes a thread: {added}"
    return f"{per_thread:.0f} bytes a thread"


def a_live_block_costs_twenty_four_bytes_at_most_while_the_table_grows():
    added, _ = _resident("blocks", 1000000)
    each = {count: (added[count] - added[0]) / count for count in added if count >= 100000}
    assert len(each) >= 19 and max(each.values()) <= BLOCK_BYTES, each
    return f"{min(each.values()):.1f} to {max(each.values()):.1f} bytes"


def a_stack_costs_what_its_records_and_their_index_take():
    added, info = _resident("stacks", 65536)
    nodes, sites = info["file"]["node_count"], info["file"]["site_count"]
    assert sites >= 65536, info
    limit = FIXED_BYTES + nodes * (NODE_BYTES + INDEX_BYTES) + \
        sites * (COUNTERS_BYTES + 2 * INDEX_BYTES)
    assert added[65536] <= limit, f"{added[65536]} bytes, more than {limit}: {nodes} nodes, {sites}"
    return f"{added[65536]} bytes for {nodes} nodes and {sites} sites"


def thread_local_storage_fits_what_the_loader_keeps_for_it():
    with open(SHIM, "rb") as file:
        data = file.read()
    offset, = struct.unpack_from("<Q", data, 32)
    size, count = struct.unpack_from("<HH", data, 54)
    headers = [struct.unpack_from("<IIQQQQQQ", data, offset + i * size) for i in range(count)]
    blocks = [header[6] for header in headers if header[0] == 7]
    assert len(blocks) == 1 and 0 < blocks[0] <= TLS_BYTES, blocks
    return f"{blocks[0]} bytes"


def the_heap_and_low_addresses_are_as_free_as_without():
    front = [need("setarch"), "-R"]
    if subprocess.run([*front, "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise harness.Skip("addresses cannot be made the same in each run")
    for limit in ("ulimit -s 8192", "ulimit -s unlimited"):
        said = []
        for shim in ("", SHIM):
            script = f"{limit} && LD_PRELOAD={shim} exec {target('low_addresses')}"
            with Run([*front, "/bin/bash", "-c", script], env={"LD_PRELOAD": ""}) as run:
                said.append(run.finish().stdout.decode().splitlines())
        assert len(said[0]) > 30, said[0]
        harness.equal(said[1], said[0], limit)
    return said[0][0]


harness.main(globals())
