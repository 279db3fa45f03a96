#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""libmemtrace.so exports what its version script lists, needs nothing but libc, and refers strongly to no
symbol newer than GLIBC_2.17.

usage: lint_symbols.py LIBRARY VERSION_SCRIPT
"""
import re
import subprocess
import sys

NEWEST = (2, 17)
LIBRARIES = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()


def listed(script):
    with open(script, encoding="utf-8") as file:
        body = re.search(r"global:(.*?)local:", file.read(), re.S).group(1)
    return set(re.findall(r"(\w+);", body))


def exported(library):
    lines = run("nm", "-D", "--defined-only", "--without-symbol-versions", library).splitlines()
    return {line.split()[-1] for line in lines}


def check(library, script):
    extra, missing = exported(library) - listed(script), listed(script) - exported(library)
    if extra or missing:
        yield f"exported but not listed: {sorted(extra)}; listed but not exported: {sorted(missing)}"
    needed = set(re.findall(r"NEEDED\s+(\S+)", run("objdump", "-p", library)))
    if needed - LIBRARIES:
        yield f"needs more than libc: {sorted(needed - LIBRARIES)}"
    for line in run("nm", "-D", "--undefined-only", library).splitlines():
        kind, name = line.split()[-2:]
        version = re.search(r"@GLIBC_(\d+)\.(\d+)", name)
        if kind == "U" and version and tuple(map(int, version.groups())) > NEWEST:
            yield f"{name} is newer than GLIBC_{NEWEST[0]}.{NEWEST[1]}"


def main():
    problems = list(check(*sys.argv[1:]))
    print("\n".join(problems))
    sys.exit(bool(problems))


main()
