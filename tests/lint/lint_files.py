#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every source file names its license and says what it is for, and none is longer than 500 lines."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("include", "preload", "analyzer", "examples", "tests", "tools", "bench", "docs")
SUFFIXES = {".c", ".h", ".py", ".cc", ".cpp", ".sh", ".build", ".map"}
LINE_MAX = 500
C_HEAD = re.compile(r"\A/\* SPDX-License-Identifier: Apache-2\.0 \*/\n(#.*\n)*/\*\n \* ([\w.+-]+) - |"
                    r"\A/\* SPDX-License-Identifier: Apache-2\.0 \*/\n/\* \S.* \*/")


def files():
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in SUFFIXES:
                yield path
    scripts = ("quickstart", "run-tests", ".ci/run", "meson.build", "bench/budget", "bench/compare",
               "bench/large", "bench/latency", "bench/readme-costs", "tools/analyze",
               "tools/count-results", "tools/install-packages")
    yield from (ROOT / name for name in scripts)


def check(path):
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT)
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.splitlines()[:3]):
        yield f"{name}: no license line"
    if len(text.splitlines()) > LINE_MAX:
        yield f"{name}: {len(text.splitlines())} lines, more than {LINE_MAX}"
    if path.suffix in (".c", ".h"):
        head = C_HEAD.match(text)
        if not head:
            yield f"{name}: no head comment that says what the file is for"
        elif head.group(2) and head.group(2) != path.name:
            yield f"{name}: its head comment calls it {head.group(2)}"


def main():
    problems = [problem for path in files() for problem in check(path)]
    print("\n".join(problems))
    sys.exit(bool(problems))


main()
