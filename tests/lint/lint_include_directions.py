#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point one way only: include/ <- preload/, include/ <- analyzer/, and in analyzer/ base <- model
<- render <- cmd <- main.c. In preload/ a file includes its own layer and lower ones, as its header says
("Layer 2"), and no headers include each other in a circle."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ANALYZER_LAYERS = ("base", "model", "doctor", "render", "cmd", "")
# Headers that do not say it, the unwinder's and the module table's, are of this layer.
PRELOAD_LAYER = 2
# Files without a header of their name.
PRELOAD_ALONE = {"confine": 4, "client": 4, "interpose": 4, "lock": 4, "self_check_none": 3, "trace_create": 1, "trace_lost": 1}
LAYER = re.compile(r"^ \* Layer (\d)\b", re.M)
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


def preload_layer(path):
    """Of a file: what the header of its name says, of unwind_step_slow.c that of unwind_step.h."""
    if path.stem in PRELOAD_ALONE:
        return PRELOAD_ALONE[path.stem]
    header = path.with_suffix(".h")
    while not header.exists() and "_" in header.stem:
        header = header.with_name(header.stem.rsplit("_", 1)[0] + ".h")
    found = LAYER.search(header.read_text(encoding="utf-8"))
    return int(found[1]) if found else PRELOAD_LAYER


def check_preload():
    graph = {}
    for path in sources("preload"):
        layer = preload_layer(path)
        for name in includes(path):
            if name.startswith("memtrace/"):
                continue
            if not (ROOT / "preload" / name).exists():
                yield f"{path}: includes \"{name}\", which is not in preload/"
                continue
            if preload_layer(ROOT / "preload" / name) > layer:
                yield f"{path}: layer {layer}, includes \"{name}\" of a higher one"
            if path.suffix == ".h":
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
