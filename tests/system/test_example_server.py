# SPDX-License-Identifier: Apache-2.0
"""The first row of a diff is the leaking line of the example server, wherever it leaks."""
import os
import random
import re
import subprocess
import sys

import harness
from harness import BUILD, SOURCE, Run

sys.path.insert(0, os.path.join(SOURCE, "examples", "kvserver"))
import drive  # noqa: E402

SERVER = os.path.join(BUILD, "examples", "kvserver")
PLACES = 20


def _place_of(leak):
    text = subprocess.run([SERVER, "--leak", str(leak), "--leak-line"], stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    function, file, line = re.fullmatch(r"(\S+) (\S+):(\d+)\n", text).groups()
    return function, os.path.basename(file), int(line)


def _snapshots_around_load(run, busy):
    paths = [os.path.join(run.folder, name) for name in ("before.snap", "after.snap")]
    process = run.start(stdout=subprocess.PIPE)
    driver = drive.Driver(int(process.stdout.readline().split()[1]))
    driver.rounds(2 * drive.KEYS)
    leaked = -driver.stats()["leaked"]
    harness.memtrace("snapshot", process.pid, "-o", paths[0])
    driver.rounds(400, busy=busy, factor=5)
    leaked += driver.stats()["leaked"]
    harness.memtrace("snapshot", process.pid, "-o", paths[1])
    driver.stop()
    harness.equal(process.wait(timeout=harness.TIMEOUT), 0, "status")
    return paths, leaked


def _check(leak, generator):
    """Leaks at one place while eight others churn ten times as much."""
    others = generator.sample([place for place in range(1, PLACES + 1) if place != leak], 8)
    busy = {drive.KIND_OF_PLACE[place] for place in others}
    function, file, line = _place_of(leak)
    print(f"# leak {leak} at {function} {file}:{line}, busy {others}")
    with Run([SERVER, "--leak", leak, "--leak-every", 2]) as run:
        paths, leaked = _snapshots_around_load(run, busy)
        for by in ("site", "line", "function"):
            row = harness.diff(*paths, "--by", by)["rows"][0]
            frame = row["frames"][0]
            harness.equal(frame["function"], function, f"function of the first row by {by}")
            harness.equal(os.path.basename(frame["file"]), file, f"file by {by}")
            if by != "function":
                harness.equal(frame["line"], line, f"line by {by}")
            if by == "line":
                growth = row["live_blocks_delta"]
                assert abs(growth - leaked) <= 2, f"{growth} blocks more, {leaked} leaked"
        text = harness.memtrace("diff", *paths)
        first = [t for t in text.splitlines() if re.search(r"\S+:\d+ \S+: size=", t)][0]
        assert f"{file}:{line} {function}:" in first, first


def a_leak_picked_at_random_is_the_first_row():
    seed = int(os.environ.get("MEMTRACE_SEED", random.randrange(1 << 30)))
    print(f"# seed {seed}")
    generator = random.Random(seed)
    _check(generator.randrange(1, PLACES + 1), generator)


def each_of_the_twenty_leaks_is_the_first_row():
    generator = random.Random(1)
    for leak in range(1, PLACES + 1):
        _check(leak, generator)


harness.main(globals())
