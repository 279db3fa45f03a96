# SPDX-License-Identifier: Apache-2.0
"""Each allocation function gives exactly one event, over whatever allocator comes next."""

import harness
import oracle
from harness import Run, target

ALLOCATORS = ("jemalloc", "tcmalloc", "mimalloc")


def _over(allocator, without=()):
    behind = [harness.allocator(allocator)] if allocator else []
    for name in ("entry_points", "edge_sizes"):
        with Run([target(name), *without], preload=behind) as run:
            run.finish().check_truth()
            totals = harness.report(run.file())["totals"]
            harness.equal((totals["foreign_free_count"], totals["unseen_free_count"]), (0, 0), totals)
        with Run([target(name), *without], preload=behind, front=[harness.COUNTING]) as run:
            oracle.check(run.finish())


def one_event_each_over_glibc():
    _over(None)


def one_event_each_over_jemalloc():
    _over("jemalloc", without=["site_pvalloc"])  # it has no pvalloc of its own


def one_event_each_over_tcmalloc():
    _over("tcmalloc")


def one_event_each_over_mimalloc():
    _over("mimalloc")


def outcomes_at_the_edges_are_those_of_the_allocator_alone():
    for allocator in (None, *ALLOCATORS):
        behind = [harness.allocator(allocator)] if allocator else []
        without = ["pvalloc("] if allocator == "jemalloc" else []
        outcomes = []
        for preload in (behind, [harness.SHIM, *behind]):
            with Run([target("edge_outcomes"), *without], env={"LD_PRELOAD": ":".join(preload)}) as run:
                outcomes.append(run.finish().stdout.decode().splitlines())
        assert len(outcomes[0]) > 50
        for alone, traced in zip(*outcomes):
            harness.equal(traced, alone, allocator)


def one_event_each_where_aligned_functions_are_built_on_the_programs_malloc():
    with Run([target("entry_points")], preload=[target("libodd_allocator.so")]) as run:
        run.finish().check_truth()


def blocks_from_while_the_allocator_is_looked_up_are_served_for_ever():
    with Run([target("early_blocks")], preload=[target("libodd_allocator.so")]) as run:
        run.finish().check_truth()
        totals = harness.report(run.file())["totals"]
        harness.equal((totals["foreign_free_count"], totals["unseen_free_count"]), (0, 0), totals)


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
        info = harness.info(run.finish().file())
        return " ".join(message["text"] for message in info["messages"] if message["severity"] != "note")


def calls_that_go_past_the_shim_are_said():
    harness.equal(_warnings(["/bin/true"]), "")
    harness.equal(_warnings([target("parted_program")]), "")
    assert "a malloc of its own" in _warnings([target("own_malloc")])
    for path in map(harness.allocator, ALLOCATORS):
        assert "stands in front" in _warnings(["/bin/true"], LD_PRELOAD=f"{path}:{harness.SHIM}")
        assert "an operator new" in _warnings(["/bin/true"], LD_PRELOAD=f"{harness.SHIM}:{path}")


harness.main(globals())
