# SPDX-License-Identifier: Apache-2.0
"""Totals equal valgrind's "total heap usage" on programs that do the same in every run.

Programs that copy their environment into the heap (perl, gawk, bash, python3) are not among them:
valgrind changes the environment.
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
PROGRAMS = ("jq", "sqlite3", "xmllint", "git", "dot", "xz", "cc1", "tar", "sort")


def _fix_addresses():
    ctypes.CDLL(None).personality(ADDR_NO_RANDOMIZE)


def _valgrind(run, log):
    env = {name: value for name, value in run.env.items() if name != "LD_PRELOAD"}
    command = [need("valgrind"), "--run-libc-freeres=no", "--run-cxx-freeres=no",
               f"--log-file={log}", "--trace-children=no", *run.command]
    subprocess.run(command, env=env, cwd=run.cwd, stdin=subprocess.DEVNULL, check=True,
                   stdout=subprocess.PIPE, preexec_fn=_fix_addresses, timeout=1200)
    with open(log, encoding="utf-8", errors="replace") as text:
        found = USAGE.search(text.read())
    assert found, "valgrind says nothing of heap usage"
    return [int(group.replace(",", "")) for group in found.groups()]


def _compare(name):
    with Run([]) as run:
        programs.prepare(name, run)
        wanted = _valgrind(run, os.path.join(run.folder, "valgrind.log"))
        subprocess.run(run.command, env=run.env, cwd=run.cwd, stdin=subprocess.DEVNULL, check=True,
                       stdout=subprocess.PIPE, preexec_fn=_fix_addresses, timeout=harness.TIMEOUT)
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
