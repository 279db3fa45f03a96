#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every header compiles alone, with gcc and with clang; the client API also as C++."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-function", "-fsyntax-only"]
FOLDERS = {"include": ["include"], "preload": ["include", "preload"],
           "analyzer": ["include", "analyzer"]}
COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]


def compile_alone(command, header):
    done = subprocess.run([*command, "-"], input=f'#include "{header}"\n'.encode(), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return "" if done.returncode == 0 else f"{header}: {command[0]}:\n{done.stdout.decode()}"


def main():
    problems = []
    for folder, includes in FOLDERS.items():
        flags = [f"-I{ROOT / name}" for name in includes]
        for header in sorted((ROOT / folder).rglob("*.h")):
            for compiler in COMPILERS:
                problems.append(compile_alone([compiler, "-xc", "-std=gnu11", *WARNINGS, *flags],
                                              header))
    for standard in ("c++98", "c++17"):
        problems.append(compile_alone(["g++", "-xc++", f"-std={standard}", *WARNINGS,
                                       f"-I{ROOT / 'include'}"],
                                      ROOT / "include" / "memtrace" / "memtrace.h"))
    problems = [problem for problem in problems if problem]
    print("\n".join(problems))
    sys.exit(bool(problems))


main()
