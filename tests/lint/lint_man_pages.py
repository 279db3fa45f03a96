# SPDX-License-Identifier: Apache-2.0
"""The man pages name exactly the commands, options and variables that there are.

Usage: lint_man_pages.py MEMTRACE SOURCE_ROOT
"""
import os
import re
import subprocess
import sys

MEMTRACE, SOURCE = sys.argv[1:3]
DOCS = os.path.join(SOURCE, "docs")
IN_HELP = re.compile(r"^  (?:-(\w),|   ) --([\w-]+)(?: (\S+))?")
IN_PAGE = re.compile(r"^(?:\*-(\w)\*, )?\*--([\w-]+)\*(?: (.+))?$")
OWN = ("help", "version")  # described in memtrace.1


def read(*names):
    with open(os.path.join(*names), encoding="utf-8") as file:
        return file.read()


def page(name):
    text = read(DOCS, name + ".scd")
    return re.sub(r"^; include (\S+)$", lambda part: read(DOCS, part.group(1)), text, flags=re.M)


def help_of(*words):
    return subprocess.run([MEMTRACE, "help", *words], check=True, stdout=subprocess.PIPE,
                          encoding="utf-8").stdout


def options_in_help(command):
    found = {}
    for line in help_of(command).splitlines():
        match = IN_HELP.match(line)
        if match:
            found[match[2]] = (match[1], match[3])
    return found


def options_in_page(command):
    found = {}
    for line in page(f"memtrace-{command}.1").splitlines():
        match = IN_PAGE.match(line)
        if match:
            argument = match[3].replace("_", "") if match[3] else None
            found[match[2]] = (match[1], argument)
    return found


def differences(what, real, described):
    for name in sorted(set(real) | set(described)):
        if name not in described:
            yield f"{what}: {name} is not in the man page"
        elif name not in real:
            yield f"{what}: {name} is in the man page only"
        elif real[name] != described[name]:
            yield f"{what}: {name}: {real[name]}, in the man page {described[name]}"


def main():
    problems = []
    commands = re.findall(r"^  (\w[\w-]*)  +\S", help_of(), flags=re.M)
    assert len(commands) > len(OWN), help_of()
    listed = re.findall(r"^\*(?:memtrace-(\w[\w-]*)\*\(1\)|(help|version)\*)", page("memtrace.1"),
                        flags=re.M)
    problems += differences("commands", dict.fromkeys(commands),
                            dict.fromkeys(first or second for first, second in listed))
    for command in commands:
        if command in OWN:
            continue
        if not os.path.exists(os.path.join(DOCS, f"memtrace-{command}.1.scd")):
            problems.append(f"{command}: no man page")
            continue
        problems += differences(command, options_in_help(command), options_in_page(command))
    variables = re.findall(r'"(MEMTRACE_\w+)"', read(SOURCE, "include", "memtrace", "env.h"))
    described = re.findall(r"^\*(MEMTRACE_\w+)\*", page("memtrace.7"), flags=re.M)
    problems += differences("variables", dict.fromkeys(variables), dict.fromkeys(described))
    calls = re.findall(r"^static inline \w+ (memtrace_\w+)\(",
                       read(SOURCE, "include", "memtrace", "memtrace.h"), flags=re.M)
    described = re.findall(r"^\*\w+ (memtrace_\w+)\(", page("memtrace.3"), flags=re.M)
    problems += differences("functions", dict.fromkeys(calls), dict.fromkeys(described))
    print("\n".join(problems) or f"{len(commands)} commands, {len(variables)} variables, "
          f"{len(calls)} functions: as described")
    sys.exit(1 if problems else 0)


main()
