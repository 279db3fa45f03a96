#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/FORMAT.md names every field of every record of format.h, at its offset and with its size."""
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = ROOT / "include" / "memtrace" / "format.h"
PARTS = (HEADER, HEADER.with_name("format_invalid.h"))
PAGE = ROOT / "docs" / "FORMAT.md"
UNDOCUMENTED = {"reserved", "pad", "base_bytes"}  # the last is the writer's own
WITHOUT_OFFSETS = {"mt_counters"}  # found by its columns


def documented():
    """{record: [(offset, bytes, field)]} of the page's tables."""
    records, record = {}, None
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        heading = re.match(r"### (mt_\w+)$", line)
        row = re.match(r"\| (\d+) \| (\d+) \| (\w+) \|", line)
        if line.startswith("#"):
            record = heading.group(1) if heading else None
        elif row and record:
            records.setdefault(record, []).append((int(row[1]), int(row[2]), row[3]))
    return records


def declared():
    """{record: [field]} of the header."""
    text = "".join(part.read_text(encoding="utf-8") for part in PARTS)
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    records = {}
    for name, body in re.findall(r"struct (mt_\w+) \{\n(.*?)\n\};", text, flags=re.S):
        fields = []
        for declaration in body.split(";"):
            names = re.sub(r"\[[^]]*\]", "", declaration).split(None, 1)
            if len(names) == 2:
                fields += [field.strip() for field in names[1].split(",")]
        records[name] = fields
    return records


def check_with_compiler(records):
    lines = ["#include <stddef.h>", f'#include "{HEADER}"']
    for record, rows in records.items():
        for offset, size, field in rows:
            member = f"((struct {record} *)0)->{field}"
            lines.append(
                f'_Static_assert(offsetof(struct {record}, {field}) == {offset} && '
                f'sizeof({member}) == {size}, "{record}.{field}");'
            )
    with tempfile.NamedTemporaryFile("w", suffix=".c") as source:
        source.write("\n".join(lines) + "\n")
        source.flush()
        run = subprocess.run(
            ["cc", "-std=gnu11", f"-I{ROOT}/include", "-fsyntax-only", source.name],
            capture_output=True, text=True, check=False,
        )
    return [line for line in run.stderr.splitlines() if "error:" in line]


def main():
    page, header = documented(), declared()
    problems = check_with_compiler(page)
    for record, fields in header.items():
        if record in WITHOUT_OFFSETS:
            continue
        named = {field for _, _, field in page.get(record, [])}
        missing = set(fields) - named - UNDOCUMENTED
        problems += [f"docs/FORMAT.md: {record}.{field} is missing" for field in sorted(missing)]
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
