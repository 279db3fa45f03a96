#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point one way only: include/ <- preload/, include/ <- analyzer/, and in analyzer/ base <- model
<- render <- cmd <- main.c. In preload/ no headers include each other in a circle."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANALYZER_LAYERS = ("base", "model", "render", "cmd", "")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)
ELFUTILS = re.compile(r"^\s*#\s*include\s+<(elfutils/|dwarf\.h|libelf\.h|gelf\.h)", re.M)


def sources(folder):
    return sorted(path for path in (ROOT / folder).rglob("*.[ch]"))


def includes(path):
    return INCLUDE.findall(path.read_text(encoding="utf-8"))


def check_analyzer():
    for path in sources("analyzer"):
        layer = path.relative_to(ROOT / "analyzer").parent.parts
        rank = ANALYZER_LAYERS.index(layer[0] if layer else "")
        for name in includes(path):
            first = name.split("/")[0]
            if first == "memtrace":
                continue
            if "/" not in name or first not in ANALYZER_LAYERS:
                yield f"{path}: includes \"{name}\", which is not named from analyzer/"
            elif ANALYZER_LAYERS.index(first) > rank:
                yield f"{path}: includes \"{name}\" of a higher layer"
        if ELFUTILS.search(path.read_text(encoding="utf-8")) and "symbolize" not in path.name:
            yield f"{path}: only symbolize*.c include elfutils"


def check_preload():
    graph = {}
    for path in sources("preload"):
        for name in includes(path):
            if name.startswith("memtrace/"):
                continue
            if not (ROOT / "preload" / name).exists():
                yield f"{path}: includes \"{name}\", which is not in preload/"
            elif path.suffix == ".h":
                graph.setdefault(path.stem, set()).add(pathlib.Path(name).stem)
    for circle in find_circles(graph):
        yield f"preload: headers include each other: {' -> '.join(circle)}"


def find_circles(graph):
    done = set()

    def visit(node, trail):
        if node in trail:
            yield trail[trail.index(node):] + [node]
            return
        if node in done:
            return
        for following in sorted(graph.get(node, ())):
            yield from visit(following, trail + [node])
        done.add(node)

    for node in sorted(graph):
        yield from visit(node, [])


def check_public():
    for path in sources("include"):
        for name in includes(path):
            if not name.startswith("memtrace/"):
                yield f"{path}: includes \"{name}\" from outside include/"


def main():
    problems = [*check_analyzer(), *check_preload(), *check_public()]
    print("\n".join(problems))
    sys.exit(bool(problems))


main()
