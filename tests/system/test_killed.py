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
SUMS = ("alloc_count", "alloc_bytes", "free_count", "freed_bytes", "peak_live_bytes")
SIZE_MAX = 500  # of a block


def _read_lanes(path):
    """For each thread: the sums that are certain, and those that the step under way leads to."""
    with open(path, "rb") as file:
        words = struct.unpack(f"<{LANES * LANE_WORDS}Q", file.read())
    lanes = []
    for i in range(LANES):
        lane = words[i * LANE_WORDS:(i + 1) * LANE_WORDS]
        started, completed = lane[0], lane[1]
        assert started - completed in (0, 1), (started, completed)
        sums = (lane[2:7], lane[7:12])
        lanes.append((sums[completed % 2], sums[started % 2]))
    return lanes


def _check_peak(document):
    """What sites had at the peak sums to the peak, but for the event in progress."""
    at_peak = sum(row["at_peak_live_bytes"] for row in document["rows"])
    peak = document["totals"]["peak_live_bytes"]
    assert abs(at_peak - peak) <= SIZE_MAX, f"{at_peak} at the peak of {peak}"


def _kill_once(threads, arguments, generator):
    with Run([target("kill_at_random"), "lanes", threads, *arguments]) as run:
        process = run.start()
        lanes = os.path.join(run.folder, "lanes")
        while not os.path.exists(lanes) or os.path.getsize(lanes) == 0 or \
                not any(_read_lanes(lanes)[0][0]):
            assert process.poll() is None, "the target ended"
            time.sleep(0.001)
        time.sleep(generator.random() * 0.05)
        process.kill()
        process.wait()
        certain = [0] * len(SUMS)
        possible = [0] * len(SUMS)
        for low, high in _read_lanes(lanes):
            certain = [a + b for a, b in zip(certain, low)]
            possible = [a + b for a, b in zip(possible, high)]
        document = harness.report(run.file(), "--by", "function")
        row = harness.only_row(document, function="site_until_killed")
        for name, low, high in zip(SUMS, certain, possible):
            if name == "peak_live_bytes" and threads > 1:
                continue  # those of the threads were at other times
            assert low <= row[name] <= high, f"{name}: reported {row[name]}, true {low}..{high}"
        harness.equal(row["live_blocks"], row["alloc_count"] - row["free_count"], "live_blocks")
        harness.equal(row["live_bytes"], row["alloc_bytes"] - row["freed_bytes"], "live_bytes")
        if threads == 1:
            _check_peak(document)


def _kill_often(threads, *arguments):
    seed = int(os.environ.get("MEMTRACE_SEED", random.randrange(1 << 30)))
    generator = random.Random(seed)
    print(f"# seed {seed}, {KILLS} kills")
    for _ in range(KILLS):
        _kill_once(threads, arguments, generator)


def one_thread_killed_at_random_loses_nothing():
    _kill_often(1)


def four_threads_killed_at_random_lose_nothing():
    _kill_often(4)


def short_threads_killed_at_random_lose_nothing():
    _kill_often(4, "short")


def threads_killed_while_they_end_lose_nothing():
    _kill_often(4, "ending")


harness.main(globals())
