# SPDX-License-Identifier: Apache-2.0
"""Recorded stacks of random call trees against a fresh walk at each event, and against libunwind.

CALL_TREE_EVENTS and CALL_TREE_SEEDS make it longer: 500000 and 20 are ten million events.
"""
import os

import differences
import harness
from harness import Run, Skip, target

EVENTS = int(os.environ.get("CALL_TREE_EVENTS", "60000"))
SEEDS = int(os.environ.get("CALL_TREE_SEEDS", "2"))


def _run(seed, threads, frames, env):
    """A tree to be run."""
    program = target("call_trees/call_trees")
    if not os.path.exists(program):
        raise Skip("needs clang and g++")
    plugins = [target(f"call_trees/libcall_tree_plugin_{name}.so") for name in "ab"]
    return Run([program, EVENTS, seed, threads, *plugins, frames], env=env)


def _compare(threads, frames, variable, every, count):
    total = same_address = 0
    for seed in range(1, SEEDS + 1):
        with _run(seed, threads, frames, {variable: str(every)}) as run:
            run.finish()
            same_address += run.number("same_address")
            equal, different = count(run.file())
            assert different == 0, f"seed {seed}: {different} differ\n{differences.explain(run.file())}"
            total += equal
    assert total > SEEDS * EVENTS // every // 2, f"only {total} compared"
    assert same_address > 0, "no library stood where another one had been"
    return f"{total} stacks"


def what_is_recorded_is_what_a_fresh_walk_sees():
    return _compare(0, "odd", "MEMTRACE_CHECK_REPLAY", 1, differences.replay)


def what_is_recorded_is_what_a_fresh_walk_sees_in_threads():
    return _compare(4, "odd", "MEMTRACE_CHECK_REPLAY", 1, differences.replay)


def a_walk_sees_what_libunwind_sees():
    return _compare(2, "plain", "MEMTRACE_CHECK_UNWIND", 30, differences.stacks)


harness.main(globals())
