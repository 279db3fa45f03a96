# SPDX-License-Identifier: Apache-2.0
"""Threads, signals, children and libraries at the same time, for long: totals stay exact, the tracer stays small.

usage: soak.py [SECONDS]    also MEMTRACE_SOAK_S; 300 if not given

The program stands still at checkpoints. Then the trace of it and of all the children that have ended must have,
for each kind of block, what they say themselves, and the resident memory of the tracer's mappings is noted. In the
second half of the checkpoints that may be at most SLACK_KIB more than at any checkpoint between the first fifth,
in which tables are filled, and the middle; RECORDS_KIB more where the records of stacks are looked at as well.
"""
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system"))

import harness  # noqa: E402: its folder has to be known first
from harness import Run, target  # noqa: E402

SECONDS = int(os.environ.get("MEMTRACE_SOAK_S", "300"))
CHECKPOINT_SECONDS = 10
SLACK_KIB = 256
# Threads may get larger memory for the records of their stacks at any time, together so much more at most.
RECORDS_KIB = 1024
RECORD_SIZES_KIB = {8 << i for i in range(7)}
SHIM = os.path.join(harness.BUILD, "preload", "libmemtrace.so")  # what users have
SOAK = os.path.join(harness.BUILD, "tests", "soak", "soak")
# Of calls that handlers jump out of it is not known whether they have been counted.
JUMPED = "site_jumped"
COUNTS = ("alloc_count", "alloc_bytes", "free_count", "freed_bytes")


def _own_mappings(pid):
    """Size and resident KiB of the tracer's: its library, and what is left out of core dumps, as all of its others."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as lines:
        for line in lines:
            words = line.split()
            if line.startswith("Size:"):
                size = int(words[1])
            elif line.startswith("Rss:"):
                resident = int(words[1])
            elif line.startswith("VmFlags:"):
                if "libmemtrace" in name or "dd" in words:
                    yield size, resident
            elif re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                name = line


def _resident_kib(pid):
    """Of all the tracer's mappings, and of those that are no records of stacks, by their size."""
    mappings = list(_own_mappings(pid))
    return (sum(resident for _, resident in mappings),
            sum(resident for size, resident in mappings if size not in RECORD_SIZES_KIB))


class Soak:
    """The program under way, and what was found so far."""

    def __init__(self, run):
        self.run = run
        self.process = run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.truth_offset = 0
        self.resident, self.children, self.jumps, self.events = [], 0, 0, 0
        self.root = None
        self.others = []  # live blocks of functions that are no kind

    def wait(self):
        """The next checkpoint; False: the program has come to its end."""
        word = self.process.stdout.readline().decode().strip()
        assert word in ("checkpoint", "end"), \
            f"the program has ended too early: {self.process.wait(timeout=harness.TIMEOUT)}"
        return word == "checkpoint"

    def go_on(self, word):
        self.process.stdin.write(word + b"\n")
        self.process.stdin.flush()

    def new_truth(self):
        """What was told since the last checkpoint, by process and function; the last word counts."""
        facts = {}
        with open(self.run.truth_file, encoding="utf-8") as lines:
            lines.seek(self.truth_offset)
            for line in lines:
                fact = json.loads(line)
                assert "failed" not in fact, fact
                facts[fact["pid"], fact.get("function", fact.get("name"))] = fact
            self.truth_offset = lines.tell() if not facts else os.path.getsize(self.run.truth_file)
        return facts

    def check_rows(self, facts, rows, pid):
        for (teller, function), fact in facts.items():
            if teller != pid or "function" not in fact:
                continue
            names = COUNTS if function != JUMPED else ()
            have = {name: rows.get(function, {}).get(name, 0) for name in COUNTS}
            for name in names:
                assert have[name] == fact[name], \
                    f"{pid} {function} {name}: reported {have[name]}, true {fact[name]}: {have} {fact}"

    def check_jumped(self, facts, rows):
        """Each jump may have cut an allocation or a free short, and its block was freed once more."""
        self.jumps = facts[self.process.pid, "jumps"]["value"]
        fact, row = facts[self.process.pid, JUMPED], rows[JUMPED]
        for name in COUNTS:
            size = 8 if name.endswith("bytes") else 1
            assert fact[name] <= row[name] <= fact[name] + self.jumps * size, (fact, row, self.jumps)
        assert 0 <= row["live_blocks"] <= self.jumps, (row, self.jumps)

    def check_program(self, facts, source):
        document = harness.report(source, "--by", "function")
        harness.check_sums(document)
        rows = {row["function"]: row for row in document["rows"]}
        self.check_rows(facts, rows, self.process.pid)
        self.check_jumped(facts, rows)
        totals = document["totals"]
        harness.equal(totals["unseen_free_count"], 0, "unseen frees")
        assert totals["foreign_free_count"] <= self.jumps, (totals, self.jumps)
        self.events = totals["alloc_count"] + totals["free_count"]
        kinds = {function for _, function in facts}
        self.others.append(sum(row["live_blocks"] for name, row in rows.items() if name not in kinds))
        self.check_drops(source)

    def check_drops(self, path):
        harness.equal(harness.drops(harness.info(path)), {}, f"{path}: dropped")

    def check_children(self, facts):
        """Those that have ended since the last time; their files are not needed any more."""
        paths = {}
        for path in harness.files_below(self.run.out):
            if path != self.root:
                paths.setdefault(harness.Header(path).pid, []).append(path)
        for pid, own in paths.items():
            rows = {}
            for path in own:
                document = harness.report(path, "--by", "function")
                harness.check_sums(document)
                self.check_drops(path)
                for row in document["rows"]:
                    if row["alloc_count"] or row["free_count"]:
                        rows[row["function"]] = row
            assert any(teller == pid for teller, _ in facts), f"{own}: told nothing"
            self.check_rows(facts, rows, pid)
            for path in own:
                os.unlink(path)
        tellers = {pid for pid, _ in facts} - {self.process.pid}
        harness.equal(sorted(paths), sorted(tellers), "processes with files")
        self.children += len(paths)

    def checkpoint(self):
        snapshot = os.path.join(self.run.folder, "now.snap")
        self.root = self.root or [path for path in harness.files_below(self.run.out)
                                  if ".snap.d" not in path][0]
        facts = self.new_truth()
        harness.memtrace("snapshot", self.process.pid, "-o", snapshot)
        self.resident.append(_resident_kib(self.process.pid))
        self.check_program(facts, snapshot)
        os.unlink(snapshot)
        self.check_children(facts)
        print(f"# {len(self.resident)}: {self.events} events, {self.children} children, "
              f"{self.jumps} jumps, {self.resident[-1]} KiB resident, "
              f"{self.others[-1]} live blocks of others", flush=True)

    def check_end(self):
        facts = self.new_truth()
        self.go_on(b"end")
        harness.equal(self.process.wait(timeout=harness.TIMEOUT), 0, "status")
        self.check_program(facts, self.root)
        self.check_children(facts)


def _check_flat(what, resident, slack):
    middle = len(resident) // 2
    before, after = max(resident[len(resident) // 5:middle]), max(resident[middle:])
    assert after <= before + slack, f"{what}: {before} KiB, later {after} KiB: {resident}"
    return f"{what}: at most {before} KiB, later {after} KiB"


def everything_at_once_stays_exact_and_the_tracer_small():
    command = [SOAK, target("libplugin_a.so"), target("libplugin_b.so"), CHECKPOINT_SECONDS]
    with Run(command, env={"LD_PRELOAD": SHIM}) as run:
        soak = Soak(run)
        end = time.monotonic() + SECONDS
        while soak.wait():
            soak.checkpoint()
            soak.go_on(b"go" if time.monotonic() < end else b"end")
        soak.check_end()
        whole, rest = zip(*soak.resident)
        print(f"# resident KiB, with records and without: {soak.resident}")
        notes = (_check_flat("all memory", whole, SLACK_KIB + RECORDS_KIB),
                 _check_flat("without records", rest, SLACK_KIB))
    return f"{soak.events} events, {soak.children} children, {soak.jumps} jumps; {'; '.join(notes)}"


if len(sys.argv) > 1:
    SECONDS = int(sys.argv.pop())
harness.main(globals())
