# SPDX-License-Identifier: Apache-2.0
"""Every process of a tree is counted in a file of its own, and nothing else changes on disk."""
import json
import os
import time

import harness
import oracle
from harness import Run, target


def forked_children_of_a_threaded_parent_count_for_themselves():
    with Run([target("fork_with_threads")]) as run:
        run.finish()
        harness.equal(run.check_truth(), 1 + 3 * run.number("children"), "facts")


def raw_forks_count_for_themselves():
    with Run([target("fork_with_threads"), "raw"]) as run:
        run.finish()
        harness.equal(run.check_truth(), 1 + 2 * run.number("children"), "facts")


def each_image_of_an_exec_chain_has_its_file():
    with Run([target("exec_chain")]) as run:
        run.finish()
        harness.equal(run.check_truth(), 4, "images")
        harness.equal(len(run.files()), 4, "files")


def a_vfork_child_counts_in_its_parent_and_spawned_ones_apart():
    with Run([target("spawn_children")]) as run:
        run.finish()
        harness.equal(run.check_truth(), 2 + 6, "facts")


def children_in_the_same_memory_count_in_their_parent():
    with Run([target("shared_memory_children")]) as run:
        run.finish()
        harness.equal(run.check_truth(), 1, "facts")
        run.file()


def ten_thousand_forks_leave_files_of_those_that_allocate_and_nothing_else():
    with Run([target("many_forks"), 10000]) as run:
        run.is_exact = False  # hundreds of files; the totals below tell as much
        run.finish()
        root = [path for path in run.files() if ".snap.d" not in path][0]
        harness.equal(len(run.files()), run.number("files"), "files")
        own = harness.report(root, "--by", "function")
        for fact in run.truth():
            if "function" in fact:
                row = harness.only_row(own, function=fact["function"])
                harness.equal({name: row[name] for name in harness.COUNTERS},
                              {name: fact[name] for name in harness.COUNTERS}, fact["function"])
        merged = json.loads(harness.memtrace("report", "--json", "--limit", 0, "--by", "function",
                                             root))
        harness.equal(merged["totals"]["dropped_count"], 0, "dropped")
        for function, column in (("site_child", "alloc_count"), ("site_image", "alloc_count"),
                                 ("site_kept", "free_count")):
            harness.equal(harness.only_row(merged, function=function)[column],
                          run.number(function), f"{function} of all processes")


def children_forked_by_a_handler_count_for_themselves():
    for how in ("fork", "raw"):
        with Run([target("fork_in_handler"), how]) as run:
            run.is_exact = False  # hundreds of files, compared below
            run.finish()
            harness.equal(run.check_truth(), 1 + run.number("forks"), "facts")


def a_long_chain_of_children_needs_no_more_mappings():
    with Run([target("fork_chain"), 60]) as run:
        run.finish()
        harness.equal(run.check_truth(), 1, "facts")
        grown = run.number("mappings at the end") - run.number("mappings")
        assert grown <= 4, f"{grown} more mappings"


def a_daemon_is_traced_on():
    with Run([target("daemonize")]) as run:
        run.finish()
        for _ in range(1000):
            if any(fact.get("name") == "done" for fact in run.truth()):
                break
            time.sleep(0.01)
        harness.equal(run.number("done"), 1, "done")
        harness.equal(run.check_truth(), 3, "facts")


def closed_and_reused_descriptors_stay_the_programs_own():
    with Run([target("reuse_descriptors")]) as run:
        files = os.path.join(run.folder, "files")
        os.mkdir(files)
        run.command.append(files)
        run.finish().check_truth()
        harness.equal(sorted(os.listdir(files)), sorted(f"file{i}" for i in range(24)), "entries")
        for name in os.listdir(files):
            harness.equal(os.path.getsize(os.path.join(files, name)), 0, name)


def an_untraced_directory_keeps_its_entries():
    for name in ("exec_chain", "spawn_children", "fork_with_threads"):
        with Run([target(name)]) as run:
            before = sorted(os.listdir(run.folder))
            run.finish()
            harness.equal(sorted(set(os.listdir(run.folder)) - {"truth"}), before, "entries")


def nothing_but_the_root_is_traced_where_following_is_off():
    with Run([target("fork_with_threads")], env={"MEMTRACE_FOLLOW": "0"}) as run:
        run.finish()
        harness.equal(len(run.files()), 1, "files")


def a_report_of_the_root_takes_its_children_along():
    with Run([target("fork_with_threads"), "raw"]) as run:
        run.finish()
        root = [path for path in run.files() if ".snap.d" not in path]
        harness.equal(len(root), 1, "root files")
        merged = json.loads(harness.memtrace("report", "--json", "--limit", 0, "--by", "function",
                                             root[0]))
        row = harness.only_row(merged, function="site_in_child")
        wanted = sum(fact["alloc_count"] for fact in run.truth()
                     if fact.get("function") == "site_in_child")
        harness.equal(row["alloc_count"], wanted, "allocations of all children")


def the_oracle_agrees_on_process_trees():
    for name in ("exec_chain", "spawn_children", "early_and_late"):
        with Run([target(name)], front=[harness.COUNTING]) as run:
            oracle.check(run.finish())
    with Run([target("fork_with_threads"), "raw"], front=[harness.COUNTING]) as run:
        oracle.check(run.finish())
    with Run([target("fork_with_threads")], front=[harness.COUNTING]) as run:
        oracle.check(run.finish(), in_flight=3)


harness.main(globals())
