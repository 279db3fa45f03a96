# SPDX-License-Identifier: Apache-2.0
"""Every row of docs/ROBUSTNESS.md names tests that there are, or says why it needs none.

The last cell of a row holds names in backticks, `file:test` or `file` where the whole file is the test,
or begins with "no test:".
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ROBUSTNESS.md"
CELLS = 3
REASON = "no test: "


def test_files():
    """{name without suffix: text} of all that can be named."""
    found = {}
    for path in sorted((ROOT / "tests").rglob("*")):
        if path.suffix in (".py", ".c", ".pml", ".sh") and path.is_file():
            found[path.stem] = found.get(path.stem, "") + path.read_text(encoding="utf-8")
    return found


def rows():
    """(line number, cells) of each row below a table's head."""
    is_body = False
    for number, line in enumerate(PAGE.read_text(encoding="utf-8").splitlines(), 1):
        if not line.startswith("|"):
            is_body = False
        elif re.fullmatch(r"[|-]+", line):
            is_body = True
        elif is_body:
            yield number, [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]


def problems_of(cells, files):
    if len(cells) != CELLS or not all(cells):
        yield f"{len(cells)} cells, or an empty one, instead of {CELLS}"
        return
    last = cells[-1]
    if last.startswith(REASON):
        if len(last) < len(REASON) + 10:
            yield "no reason given"
        return
    names = re.findall(r"`([^`]+)`", last)
    if not names or re.sub(r"`[^`]+`|[,\s]", "", last):
        yield f"neither tests in backticks nor \"{REASON.strip()}\": {last}"
    for name in names:
        file, _, test = name.partition(":")
        if file not in files:
            yield f"no test file {file}"
        elif test and not re.search(rf"\b{re.escape(test)}\b", files[file]):
            yield f"no test {test} in {file}"


def main():
    files, problems, count = test_files(), [], 0
    for number, cells in rows():
        count += 1
        problems += [f"{PAGE.name}:{number}: {problem}" for problem in problems_of(cells, files)]
    if count == 0:
        problems.append(f"{PAGE.name}: no rows")
    print("\n".join(problems) or f"{count} rows, each with its tests")
    sys.exit(1 if problems else 0)


main()
