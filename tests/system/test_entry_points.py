# SPDX-License-Identifier: Apache-2.0
"""Each allocation function gives exactly one event, over whatever allocator comes next."""
import glob
import json
import os

import harness
import oracle
from harness import Run, Skip, target

ALLOCATORS = ("libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2")


def _over(allocator, without=()):
    found = glob.glob(f"/usr/lib/*/{allocator}*") if allocator else []
    if allocator and not found:
        raise Skip(f"{allocator} is not installed")
    for name in ("entry_points", "edge_sizes"):
        with Run([target(name), *without], preload=found[:1]) as run:
            run.finish().check_truth()
        with Run([target(name), *without], preload=found[:1], front=[harness.COUNTING]) as run:
            oracle.check(run.finish())


def one_event_each_over_glibc():
    _over(None)


def one_event_each_over_jemalloc():
    _over(ALLOCATORS[0], without=["site_pvalloc"])  # it has no pvalloc of its own


def one_event_each_over_tcmalloc():
    _over(ALLOCATORS[1])


def one_event_each_over_mimalloc():
    _over(ALLOCATORS[2])


def one_event_each_where_aligned_functions_are_built_on_the_programs_malloc():
    with Run([target("entry_points")], preload=[target("libodd_allocator.so")]) as run:
        run.finish().check_truth()


def a_block_that_grows_while_the_allocator_is_looked_up_keeps_its_contents():
    with Run([target("grow_while_looked_up")], preload=[target("libodd_allocator.so")]) as run:
        harness.equal(run.finish().number("kept"), 1, "contents")


def a_leaking_and_a_balanced_site_are_told_apart():
    with Run([target("leak_in_loop"), 5000]) as run:
        run.finish().check_truth()
        rows = harness.report(run.file(), "--by", "function")["rows"]
        harness.equal(rows[0]["function"], "site_leaking", "first row")


def the_size_of_the_file_does_not_follow_the_number_of_events():
    sizes = []
    for rounds in (1000, 300000):
        with Run([target("leak_in_loop"), rounds]) as run:
            run.finish()
            snapshot = run.folder + "/squeezed.snap"
            harness.memtrace("snapshot", run.file(), "-o", snapshot)
            with open(snapshot, "rb") as file:
                sizes.append(len(file.read()))
    assert sizes[1] <= sizes[0] + 4096, sizes


def _warnings(command, **environment):
    with Run(command, env=environment) as run:
        run.is_exact = False
        info = json.loads(harness.memtrace("info", "--json", run.finish().file()))
        return " ".join(message["text"] for message in info["messages"] if message["severity"] != "note")


def calls_that_go_past_the_shim_are_said():
    jemalloc = "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"
    harness.equal(_warnings(["/bin/true"]), "")
    assert "a malloc of its own" in _warnings([target("own_malloc")])
    if not os.path.exists(jemalloc):
        raise Skip("libjemalloc2 is not installed")
    assert "stands in front" in _warnings(["/bin/true"], LD_PRELOAD=f"{jemalloc}:{harness.SHIM}")
    assert "an operator new" in _warnings(["/bin/true"], LD_PRELOAD=f"{harness.SHIM}:{jemalloc}")


harness.main(globals())
