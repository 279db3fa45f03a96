# SPDX-License-Identifier: Apache-2.0
"""What a program may tell its tracer and ask of it."""
import os

import harness
from harness import Run, target


def _run(run):
    run.command.append(run.folder)
    return run.finish()


def stop_and_pools_are_recorded_as_told():
    with Run([target("client_calls")]) as run:
        _run(run).check_truth()


def without_a_tracer_every_call_does_nothing():
    with Run([target("client_calls")]) as run:
        run.env["LD_PRELOAD"] = ""
        _run(run)
        harness.equal(run.files(), [], "files")


def current_and_peak_bytes_are_exact_for_one_thread():
    with Run([target("client_calls")]) as run:
        _run(run)
        for name in ("is_current_restored", "is_peak_raised", "is_peak_reset"):
            harness.equal(run.number(name), 1, name)


def snapshots_are_made_once_under_the_name_asked_for():
    with Run([target("client_calls")]) as run:
        _run(run)
        harness.equal(run.number("snapshot"), 0, "snapshot")
        harness.equal(run.number("snapshot_again"), 1, "an existing file is refused")
        harness.equal(run.number("snapshot_numbered"), 0, "numbered snapshot")
        rows = harness.report(os.path.join(run.folder, "by-name.snap"), "--by", "function")
        harness.equal(harness.only_row(rows, function="site_recorded")["live_blocks"], 1)
        assert "named by the program" in harness.memtrace("list", run.folder)
        assert "before stop" in harness.memtrace("info", os.path.join(run.folder, "by-name.snap"))


harness.main(globals())
