# SPDX-License-Identifier: Apache-2.0
"""A heap that shrinks while the resident set stays is said in the first line of a diff."""
import os
import re
import subprocess

import harness
from harness import Run, target


def _take_snapshots(run, first, second):
    process = run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    for stage, path in (("full", first), ("freed", second)):
        harness.equal(process.stdout.readline().decode().strip(), stage, "stage")
        harness.memtrace("snapshot", process.pid, "-o", path)
        process.stdin.write(b"\n")
        process.stdin.flush()
    harness.equal(process.wait(timeout=harness.TIMEOUT), 0, "status")


def freed_but_resident_memory_is_named_in_the_first_line():
    with Run([target("free_fifteen_sixteenths")]) as run:
        first, second = (os.path.join(run.folder, name) for name in ("full.snap", "freed.snap"))
        _take_snapshots(run, first, second)
        line = harness.memtrace("diff", first, second).splitlines()[0]
        assert re.match(r"RSS [+-][\d.]+ \w+, live heap -3[56]\.\d MiB", line), line
        row = harness.only_row(harness.diff(first, second, "--by", "function"),
                               function="site_scattered")
        harness.equal(row["live_bytes_delta"], -37500000, "live_bytes_delta")
        harness.equal(row["live_blocks_delta"], -37500, "live_blocks_delta")
        harness.equal(row["change"], "shrunk", "change")


harness.main(globals())
