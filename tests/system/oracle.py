# SPDX-License-Identifier: Apache-2.0
"""Compares the shim's totals with those of the counting preload that stands in front of it."""
import glob
import os
import struct

import harness

FIELDS = ("pid", "alloc_count", "free_count", "alloc_bytes", "freed_bytes", "live_blocks",
          "live_bytes", "foreign_free_count", "unseen_free_count", "early_count", "is_done")
COMPARED = ("alloc_count", "free_count", "alloc_bytes", "freed_bytes", "live_blocks", "live_bytes",
            "foreign_free_count", "unseen_free_count")


def read_counts(path):
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"COUNTING", path
    counts = dict(zip(FIELDS, struct.unpack_from(f"<{len(FIELDS)}q", data, 8)))
    counts["program"] = data[8 + 8 * len(FIELDS):].split(b"\0")[0].decode()
    return counts


def _order(path):
    """Files of one process in the order in which its images (after exec) made them."""
    return [int(word) for word in os.path.basename(path).split(".") if word.isdigit()]


def _counted(run):
    images = {}
    for path in sorted(glob.glob(os.path.join(run.out, "*.count")), key=_order):
        counts = read_counts(path)
        assert counts["early_count"] == 0, f"{counts}: the start-up pool was used"
        images.setdefault(counts["pid"], []).append(counts)
    assert images, "the oracle saw no process"
    return images


def _reported(run):
    images = {}
    for path in sorted(run.files(), key=lambda path: harness.Header(path).start_ns):
        document = harness.report(path)
        harness.check_sums(document)
        totals = document["totals"]
        if any(totals[name] for name in COMPARED if not name.startswith("live")):
            images.setdefault(harness.Header(path).pid, []).append(totals)
    return images


def _differing(mine, true, in_flight):
    names = [name for name in COMPARED if not in_flight or not name.startswith("live")]
    differing = {name: (mine[name], true[name]) for name in names if mine[name] != true[name]}
    if abs(mine["live_blocks"] - true["live_blocks"]) > in_flight:
        differing["live_blocks"] = (mine["live_blocks"], true["live_blocks"])
    return differing


def check(run, in_flight=0):
    """Every process of the run, image by image. Returns the number of images and allocations.

    in_flight: calls that other threads may be in when the program forks; such a call is booked by us
    and not yet by the oracle, or the other way round, and stays so in the child.
    """
    truth, found = _counted(run), _reported(run)
    events = 0
    for key, wanted in truth.items():
        have = found.get(key, [])
        assert len(have) == len(wanted), \
            f"{key}: {len(have)} trace files, {len(wanted)} counted: {sorted(found)}"
        for mine, true in zip(have, wanted):
            differing = _differing(mine, true, in_flight)
            assert not differing, f"{key}: (reported, counted) {differing}"
            events += true["alloc_count"]
    extra = set(found) - set(truth)
    assert not extra, f"trace files of processes that the oracle did not see: {extra}"
    return len(truth), events
