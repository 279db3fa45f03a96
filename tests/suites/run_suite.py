#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a project's own tests untraced, traced exactly and traced with samples: the results must be the same.

usage: MEMTRACE_BUILD=BUILD tests/suites/run_suite.py [--long] SUITE [PART...]

SUITE is one of python, glib, redis, postgres and perl. --long runs all that is known of it instead of what is quick;
parts can also be named. perl needs MEMTRACE_PERL_SOURCE, the unpacked source of Debian's package.
"""
import importlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
sys.dont_write_bytecode = True


def _main(words):
    import stage  # found by the path above
    parts = [word for word in words if word != "--long"]
    if not parts:
        sys.exit(__doc__)
    suite = importlib.import_module(f"suite_{parts[0]}")
    del sys.argv[1:]
    stage.main(suite, "--long" in words, parts[1:])


_main(sys.argv[1:])
