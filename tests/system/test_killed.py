# SPDX-License-Identifier: Apache-2.0
"""A killed program leaves a file that is exact up to the last completed call."""
import os
import random
import struct
import time

import harness
from harness import Run, target

KILLS = int(os.environ.get("MEMTRACE_KILLS", "100"))
LANES = 8
LANE_WORDS = 16
SUMS = ("alloc_count", "alloc_bytes", "free_count", "freed_bytes")


def _read_lanes(path):
    """For each thread: the sums that are certain, and those that the step under way leads to."""
    with open(path, "rb") as file:
        words = struct.unpack(f"<{LANES * LANE_WORDS}Q", file.read())
    lanes = []
    for i in range(LANES):
        lane = words[i * LANE_WORDS:(i + 1) * LANE_WORDS]
        started, completed = lane[0], lane[1]
        assert started - completed in (0, 1), (started, completed)
        sums = (lane[2:6], lane[6:10])
        lanes.append((sums[completed % 2], sums[started % 2]))
    return lanes


def _kill_once(arguments, generator):
    with Run([target("kill_at_random"), "lanes", *arguments]) as run:
        process = run.start()
        lanes = os.path.join(run.folder, "lanes")
        while not os.path.exists(lanes) or os.path.getsize(lanes) == 0 or \
                not any(_read_lanes(lanes)[0][0]):
            assert process.poll() is None, "the target ended"
            time.sleep(0.001)
        time.sleep(generator.random() * 0.05)
        process.kill()
        process.wait()
        certain = [0] * 4
        possible = [0] * 4
        for low, high in _read_lanes(lanes):
            certain = [a + b for a, b in zip(certain, low)]
            possible = [a + b for a, b in zip(possible, high)]
        row = harness.only_row(harness.report(run.file(), "--by", "function"),
                               function="site_until_killed")
        for name, low, high in zip(SUMS, certain, possible):
            assert low <= row[name] <= high, f"{name}: reported {row[name]}, true {low}..{high}"
        harness.equal(row["live_blocks"], row["alloc_count"] - row["free_count"], "live_blocks")
        harness.equal(row["live_bytes"], row["alloc_bytes"] - row["freed_bytes"], "live_bytes")


def _kill_often(*arguments):
    seed = int(os.environ.get("MEMTRACE_SEED", random.randrange(1 << 30)))
    generator = random.Random(seed)
    print(f"# seed {seed}, {KILLS} kills")
    for _ in range(KILLS):
        _kill_once(arguments, generator)


def one_thread_killed_at_random_loses_nothing():
    _kill_often("1")


def four_threads_killed_at_random_lose_nothing():
    _kill_often("4")


def short_threads_killed_at_random_lose_nothing():
    _kill_often("4", "short")


harness.main(globals())
