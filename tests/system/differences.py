# SPDX-License-Identifier: Apache-2.0
"""What the checking library found when it compared stacks, with the code around each difference."""
import re
import subprocess

import harness

STACKS = re.compile(r"check: stacks: (\d+) equal, (\d+) longer than libunwind's, (\d+) shorter, "
                    r"(\d+) different")
REPLAY = re.compile(r"check: replay: (\d+) equal, (\d+) different")
PLACE = re.compile(r"(\S+)\+([0-9a-f]+)")


def _disassemble(path, offset):
    """Code in front of a link-time address, and its first instructions behind."""
    done = subprocess.run(["objdump", "-d", "--no-show-raw-insn", f"--start-address={offset - 24:#x}",
                           f"--stop-address={offset + 16:#x}", path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return [line for line in done.stdout.decode(errors="replace").splitlines() if ":\t" in line]


def explain(path):
    """The messages of a trace file about differences, each with disassembly, as text."""
    info = harness.info(path)
    paths = {module["path"].rsplit("/", 1)[-1]: module["path"] for module in info["modules"]}
    lines = []
    for message in info["messages"]:
        if not message["text"].startswith("check: "):
            continue
        lines.append(message["text"])
        for name, offset in PLACE.findall(message["text"]):
            if name in paths:
                lines += _disassemble(paths[name], int(offset, 16))
    return "\n".join(lines)


def _numbers(paths, pattern):
    """Sums of the numbers over files; a process that ended without running destructors says none."""
    sums = [0] * pattern.groups
    for path in paths:
        for message in harness.info(path)["messages"]:
            found = pattern.match(message["text"])
            if found:
                sums = [a + int(b) for a, b in zip(sums, found.groups())]
    return sums


def stacks(*paths):
    """(equal to libunwind's, not equal)."""
    equal, *others = _numbers(paths, STACKS)
    return equal, sum(others)


def replay(*paths):
    """(recorded as a fresh walk sees it, differently recorded)."""
    equal, different = _numbers(paths, REPLAY)
    return equal, different
