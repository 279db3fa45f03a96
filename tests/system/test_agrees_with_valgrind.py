# SPDX-License-Identifier: Apache-2.0
"""Totals equal valgrind's "total heap usage" on programs that do the same in every run.

Valgrind adds variables to the environment. Programs that copy the list of variables get as many from us;
programs that copy their texts into the heap (perl, gawk, bash, python3) are not among these. Nor is cc1,
which sizes hash tables by addresses (its bytes differ from run to run), nor xmllint, whose
dictionaries are seeded by the clock, nor dot: under valgrind GLib takes slices from malloc one by one.
"""
import ctypes
import os
import re
import subprocess

import harness
import programs
from harness import Run, need

ADDR_NO_RANDOMIZE = 0x0040000
USAGE = re.compile(r"total heap usage: ([\d,]+) allocs, ([\d,]+) frees, ([\d,]+) bytes allocated")
PROGRAMS = ("jq", "sqlite3", "git", "xz", "tar", "sort", "diff", "find")


def _fix_addresses():
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)


def _execute(run, command, env):
    return subprocess.run(command, env=env, cwd=run.cwd, stdin=subprocess.DEVNULL, check=True,
                          stdout=subprocess.PIPE, preexec_fn=_fix_addresses, timeout=1200).stdout


def _under_valgrind(run, command, log="/dev/null"):
    env = {name: value for name, value in run.env.items() if name != "LD_PRELOAD"}
    return _execute(run, [need("valgrind"), "--run-libc-freeres=no", "--run-cxx-freeres=no",
                          f"--log-file={log}", *command], env)


def _pad_environment(run):
    """As many variables for our run as valgrind gives the program."""
    wanted = len(_under_valgrind(run, ["/usr/bin/env"]).splitlines())
    have = len(_execute(run, ["/usr/bin/env"], run.env).splitlines())
    for i in range(wanted - have):
        run.env[f"PADDING_{i}"] = ""
    for path in run.files():
        os.unlink(path)


def _usage(log):
    with open(log, encoding="utf-8", errors="replace") as text:
        found = USAGE.search(text.read())
    assert found, "valgrind says nothing of heap usage"
    return [int(group.replace(",", "")) for group in found.groups()]


def _compare(name):
    with Run([]) as run:
        programs.prepare(name, run)
        # Once without anyone watching: some programs leave caches behind.
        _execute(run, run.command, {**run.env, "LD_PRELOAD": ""})
        log = os.path.join(run.folder, "valgrind.log")
        _under_valgrind(run, run.command, log)
        wanted = _usage(log)
        _pad_environment(run)
        _execute(run, run.command, run.env)
        root = [path for path in run.files() if ".snap.d" not in path]
        harness.equal(len(root), 1, "root files")
        totals = harness.report(root[0])["totals"]
        harness.equal([totals[key] for key in ("alloc_count", "free_count", "alloc_bytes")], wanted,
                      "allocs, frees, bytes")
        return f"{wanted[0]} allocations"


def _define(name):
    def test():
        return _compare(name)
    test.__module__ = __name__
    globals()[f"{name}_agrees"] = test


for _name in PROGRAMS:
    _define(_name)

harness.main(globals())
