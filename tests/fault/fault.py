# SPDX-License-Identifier: Apache-2.0
"""What the tests of failures share: a run in which something fails, and what must hold after it."""
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))

import harness  # noqa: E402
import oracle  # noqa: E402

SHIM = os.path.join(harness.BUILD, "preload", "libmemtrace.so")
NO_FILE = re.compile(r"memtrace: cannot make a trace file, not tracing: .*\n")


def program(name):
    return os.path.join(harness.BUILD, "tests", "fault", name)


class Trial:
    """One traced run, its folder and what it left there."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="memtrace-test-")
        self.out = os.path.join(self.folder, "out")
        os.mkdir(self.out)
        return self

    def __exit__(self, kind, *_):
        if kind is not None and kind is not harness.Skip:
            print(f"# kept: {self.folder}")
            return
        shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, command, env=None):
        env = {"PATH": "/usr/bin:/bin", "LANG": "C", "MEMTRACE_OUT": self.out,
               "COUNTING_OUT": self.folder, **(env or {})}
        done = subprocess.run(command, cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=harness.TIMEOUT, check=False)
        self.stderr = done.stderr.decode(errors="replace")
        return done.returncode, done.stdout.decode(errors="replace")

    def counted(self):
        """What the oracle saw, by process; the last image's where a process replaced itself."""
        paths = sorted(glob.glob(os.path.join(self.folder, "*.count")))
        return {counts["pid"]: counts for counts in map(oracle.read_counts, paths)}

    def left(self):
        """Facts of every file that the shim left, all of which must be readable."""
        paths = sorted(glob.glob(os.path.join(self.out, "**", "*"), recursive=True))
        return [harness.info(path) for path in paths if os.path.isfile(path)]


class Disk:
    """A file system of its own at a trial's folder for trace files."""

    def __init__(self, trial, kind="tmpfs", options="rw"):
        self.where = trial.out
        done = subprocess.run(["mount", "-t", kind, "-o", options, "none", self.where],
                              stderr=subprocess.PIPE, check=False)
        said = done.stderr.decode().strip()
        if done.returncode and (os.getuid() != 0 or "permission" in said or "unknown file" in said):
            raise harness.Skip(said)
        assert done.returncode == 0, said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.where], check=True)


def refused(*arguments, because=""):
    """The analyzer turns it down at once with one line and exit status 3."""
    done = subprocess.run([harness.MEMTRACE, *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    said = done.stderr.decode(errors="replace")
    harness.equal((done.returncode, done.stdout), (3, b""), f"{arguments}: {said}")
    assert said.startswith("memtrace") and said.count("\n") == 1 and because in said, said
    return said


def check_totals(facts, true):
    """The file has the oracle's numbers, or says itself that something is missing."""
    totals = facts["totals"]
    wrong = {name: (totals[name], true[name]) for name in oracle.COMPARED
             if totals[name] != true[name]}
    assert not wrong or totals["dropped_count"] > 0, \
        f"{facts['file']['path']}: (reported, counted) {wrong} and no drop: {harness.drops(facts)}"


def _first(pids):
    """The process that started before its children: numbers go up, and begin again at the end."""
    with open("/proc/sys/kernel/pid_max", encoding="ascii") as line:
        end = int(line.read())
    ordered = sorted(pids)
    return max(ordered, key=lambda pid: (pid - ordered[ordered.index(pid) - 1]) % end or end)


def check_files(trial, can_tell=True):
    """Each process has a file with its numbers, or it is said once that it has none.

    can_tell: what a child would need to have itself counted did not fail as well.
    """
    left = trial.left()
    traces = {facts["process"]["pid"]: facts for facts in left if facts["file"]["kind"] == "trace"}
    counted = trial.counted()
    assert set(traces) <= set(counted), f"files of {set(traces)}, counted {set(counted)}"
    for pid, facts in traces.items():
        check_totals(facts, counted[pid])
    missing = sorted(set(counted) - set(traces))
    lost = sum(harness.drops(facts).get("children", 0) for facts in left)
    if _first(counted) in missing:
        assert NO_FILE.fullmatch(trial.stderr), f"no file, and said is {trial.stderr!r}"
        return left
    harness.equal(trial.stderr, "", "said although the first process has a file")
    assert not can_tell or len(missing) <= lost, f"{missing} have no file, {lost} counted"
    return left
