# SPDX-License-Identifier: Apache-2.0
"""Programs under limits of their resources, and programs that lock their memory."""
import os
import shutil

import harness
from harness import Run, need, target

# The shim that users have: what checks itself needs more memory.
SHIM = os.path.join(harness.BUILD, "preload", "libmemtrace.so")
LOCKED_MORE_KIB = 4096
STACKS = 30000


class _Pair:
    """One program without and with the shim, as root or as a user who owns nothing else."""

    def __init__(self, name, *arguments, user=0, front=(), env=None):
        self.runs = []
        for shim in ("", SHIM):
            run = Run([])
            program = shutil.copy(target(name), run.folder)
            command = [*front, program, *arguments]
            if user:
                # every folder above that of the build may be closed to others
                shim = shim and shutil.copy(shim, run.folder)
                os.chmod(run.folder, 0o777)
                os.chmod(run.out, 0o777)
                command = ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *command]
            run.command = [str(word) for word in command]
            run.env.update(env or {}, LD_PRELOAD="")
            # only the program itself gets the shim
            place = run.command.index(program)
            run.command[place:place] = [need("env"), f"LD_PRELOAD={shim}"]
            self.runs.append(run.finish())

    def __enter__(self):
        return self.runs

    def __exit__(self, *what):
        for run in self.runs:
            run.__exit__(*what)

    def check_same(self, about):
        plain, traced = self.runs
        harness.equal(traced.stdout, plain.stdout, about)
        harness.equal(traced.stderr, plain.stderr, about)
        harness.equal(traced.status, plain.status, about)


def _locked(user, limit_kib, when, blocks):
    if user and os.geteuid() != 0:
        raise harness.Skip("only root can become another user")
    limit = limit_kib * 1024
    pair = _Pair("lock_memory", when, blocks, user=user,
                 front=[need("prlimit"), f"--memlock={limit}:{limit}"])
    about = f"user {user}, {limit_kib} KiB, {when}, {blocks} blocks"
    with pair as (plain, traced):
        pair.check_same(about)
        more = traced.number("resident") - plain.number("resident")
        assert more < LOCKED_MORE_KIB, f"{about}: {more} KiB more"
        traced.check_truth()
        return more


def a_program_that_locks_its_memory_first_is_as_it_was():
    more = [_locked(user, 8192, "first", blocks) for user in (0, 65534) for blocks in (100, 20000)]
    return f"{more} KiB more are resident"


def a_program_that_locks_its_memory_later_is_as_it_was():
    more = [_locked(user, 8192, "later", blocks) for user in (0, 65534) for blocks in (100, 20000)]
    return f"{more} KiB more are resident"


def a_program_that_may_lock_next_to_nothing_is_refused_as_before():
    for when in ("first", "later"):
        _locked(65534, 64, when, 100)


def a_limit_that_the_shell_sets_harms_nobody():
    for limit in ("-v 32768", "-d 8192", "-f 0", "-f 8", "-f 4096", "-l 0", "-n 4", "-s 256"):
        script = f"ulimit {limit} && exec \"$@\""
        pair = _Pair("limited", "none", 500, front=["/bin/bash", "-c", script, "sh"],
                     env={"MEMTRACE_QUIET": "1", "TRUTH_FILE": "/dev/null"})
        with pair:
            pair.check_same(limit)


def a_limit_that_leaves_no_room_for_a_file_is_said_in_one_line():
    script = f"ulimit -f 8; LD_PRELOAD={SHIM} exec {target('leak_in_loop')}"
    with Run(["/bin/bash", "-c", script], env={"LD_PRELOAD": "", "TRUTH_FILE": "/dev/null"}) as run:
        lines = run.finish().stderr.decode().splitlines()
        assert len(lines) == 1 and lines[0].endswith(": file size limit too low"), lines


def a_limit_that_the_program_sets_later_costs_it_nothing():
    for resource in ("AS", "DATA", "FSIZE", "MEMLOCK", "NOFILE"):
        pair = _Pair("limited", resource, STACKS, env={"MEMTRACE_SNAPSHOT_AT": "grow:64K"})
        with pair as (_, traced):
            pair.check_same(resource)
            files = [path for path in traced.files() if "limited" in path]
            totals = harness.json.loads(harness.memtrace("report", "--json", "--limit", 0,
                                                         files[0]))["totals"]
            # two more: main()'s array, and the buffer of stdout
            harness.equal(totals["alloc_count"], traced.number("before") + STACKS + 2, resource)
            harness.equal(totals["dropped_count"] > 0, resource in ("AS", "DATA"), resource)


harness.main(globals())
