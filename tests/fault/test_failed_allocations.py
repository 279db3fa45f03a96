# SPDX-License-Identifier: Apache-2.0
"""Whichever allocation of a program fails, it ends as it does untraced, and failed calls are in no figure."""
import concurrent.futures
import os

import fault
import harness

FAILING = os.path.join(harness.BUILD, "tests", "fault", "libfailing.so")
REQUESTS_MAX = 120  # of a program with more some are left out

PRELOAD_LENGTH = len(harness.COUNTING + fault.SHIM + FAILING) + 10  # it is copied as well


def _run(command, preload, number):
    """How the program ends without the shim or with it, how many requests it made, and the files."""
    with fault.Trial() as trial:
        # a session of no meaning, so that the shim adds none to the environment, which shells copy
        env = {"MEMTRACE_SESSION": "none", "MEMTRACE_QUIET": "1", "LD_PRELOAD": ":".join(preload).ljust(PRELOAD_LENGTH, ":"),
               "FAIL_AT": str(number), "HOME": "/nonexistent",
               "FAIL_LOG": os.path.join(trial.folder, "requests"), "PYTHONMALLOC": "malloc"}
        status, stdout = trial.run(command, env)
        requests = 0
        if os.path.exists(env["FAIL_LOG"]):
            with open(env["FAIL_LOG"], encoding="ascii") as line:
                requests = int(line.read())
        stderr, trial.stderr = trial.stderr, ""
        # the first requests are the oracle's own, which is lost without them
        for facts in fault.check_files(trial) if fault.SHIM in preload and trial.counted() else ():
            harness.equal(facts["totals"]["dropped_count"], 0, "dropped")
        return (status, stdout, stderr), requests


def _compare(command, number):
    wanted, _ = _run(command, [harness.COUNTING, FAILING], number)
    found, _ = _run(command, [harness.COUNTING, fault.SHIM, FAILING], number)
    harness.equal(found, wanted, f"{command[0]}, request {number}")
    return wanted


def _fail_each(*command):
    untouched, requests = _run(command, [harness.COUNTING, FAILING], 0)
    assert requests > 20, f"{requests} requests: is the failing allocator in use?"
    _, traced_requests = _run(command, [harness.COUNTING, fault.SHIM, FAILING], 0)
    harness.equal(traced_requests, requests, "requests that reach the allocator")
    numbers = range(1, requests + 1, 1 + requests // REQUESTS_MAX)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        outcomes = list(pool.map(lambda number: _compare(command, number), numbers))
    different = sum(outcome != untouched for outcome in outcomes)
    assert different > len(outcomes) // 10, f"only {different} of {len(outcomes)} failures were noticed"
    return f"{len(outcomes)} of {requests} requests, {different} of which end the run otherwise"


def program_that_allocates_each_way_ends_as_untraced():
    return _fail_each(os.path.join(harness.BUILD, "tests", "fault", "allocates_each_way"))


def gawk_ends_as_untraced():
    return _fail_each(harness.need("gawk"), 'BEGIN { for (i = 0; i < 9; i++) a[i] = i "x"; print a[3] }')


def jq_ends_as_untraced():
    return _fail_each(harness.need("jq"), "-n", "-c", "[range(9)] | map({(tostring): .})")


def shell_ends_as_untraced():
    return _fail_each("/bin/bash", "--norc", "-c", "for i in 1 2 3; do x=$x$i; done; echo $x; exit 4")


harness.main(globals())
