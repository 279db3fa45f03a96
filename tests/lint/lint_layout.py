#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-format has nothing to change in C code, shellcheck nothing to say about scripts."""
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "preload", "analyzer", "examples", "tests", "bench")
SKIPPED = 77  # meson's exit status for that


def check_layout():
    sources = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.[ch]"))]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    lines = done.stdout.decode().splitlines()
    return [line for line in lines if "clang-format-violations" in line]


def is_shell_script(path):
    with open(path, "rb") as file:
        first = file.readline()
    return first.startswith(b"#!") and b"sh" in first


def check_scripts():
    places = [ROOT / "quickstart", ROOT / "run-tests", ROOT / ".ci" / "run",
              *(ROOT / "tools").iterdir()]
    scripts = [path for path in places if path.is_file() and is_shell_script(path)]
    done = subprocess.run(["shellcheck", *scripts], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return [done.stdout.decode()] if done.returncode else []


def main():
    if not shutil.which("clang-format") or not shutil.which("shellcheck"):
        sys.exit(SKIPPED)
    problems = check_layout() + check_scripts()
    print("\n".join(problems))
    sys.exit(bool(problems))


main()
