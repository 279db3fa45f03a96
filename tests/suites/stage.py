# SPDX-License-Identifier: Apache-2.0
"""Runs a part of a project's test suite untraced and traced, and compares each test's result."""
import collections
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

import harness
import outcome

ROUNDS = 3  # so often is a part run whose results differ, since some tests are about time
BALANCES = (("alloc_count", "free_count", "live_blocks", "inherited_blocks"),
            ("alloc_bytes", "freed_bytes", "live_bytes", "inherited_bytes"))


class Stage:
    """One run of a part, with a folder of its own; use it in a `with`."""

    def __init__(self, mode):
        self.folder = tempfile.mkdtemp(prefix="memtrace-suite-")
        self.work = os.path.join(self.folder, "work")
        self.out = os.path.join(self.folder, "out")
        for folder in (self.work, self.out):
            os.mkdir(folder)
        self.env = outcome.environment(mode, self.folder, {"TMPDIR": self.work})
        self.is_traced = mode != "plain"

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.folder, ignore_errors=True)

    def open_to_others(self):
        """Lets another user work, and leave trace files, here."""
        os.chmod(self.folder, 0o711)
        os.chmod(self.work, 0o777)
        os.chmod(self.out, 0o777)

    def start(self, command, **options):
        """For servers."""
        return subprocess.Popen(command, cwd=self.work, env=self.env, start_new_session=True, **options)

    def run(self, command, stdin=b"", limit_s=900, cwd=None, **variables):
        """Status and standard output of a command and of what it starts; status None: it took too long."""
        process = subprocess.Popen(command, cwd=cwd or self.work, env={**self.env, **variables},
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True,
                                   stderr=subprocess.STDOUT)
        try:
            output = process.communicate(stdin, timeout=limit_s)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return None, process.communicate()[0].decode(errors="replace")
        return process.returncode, output.decode(errors="replace")

    def check_traces(self):
        """Each trace file can be read, and nothing was dropped. Returns how many, with how many allocations."""
        files = harness.files_below(self.out)
        assert files or not self.is_traced, "no trace file"
        events = 0
        for path in files:
            info = harness.info(path)
            totals = info["totals"]
            harness.equal((harness.drops(info), totals["dropped_count"]), ({}, 0), path)
            for allocated, freed, live, inherited in BALANCES:
                harness.equal(totals[allocated] - totals[freed] + info["bounds"][inherited], totals[live], path)
            assert totals["live_bytes"] <= totals["peak_live_bytes"] + info["bounds"]["peak_error_bytes"], path
            events += totals["alloc_count"]
        return len(files), events


def tap_results(status, output):
    """Test -> result of a program that speaks TAP, and its status. Numbered where names appear again."""
    found = {"status": str(status)}
    for line in output.splitlines():
        words = line.split(maxsplit=3 if line.startswith("not ok") else 2)
        is_ok = words[:1] == ["ok"]
        if not is_ok and words[:2] != ["not", "ok"]:
            continue
        rest = words[1 if is_ok else 2:]
        key = re.sub(r"seed:\d+", "seed", " ".join(rest).split("#")[0].strip())
        kind = "skipped" if "# SKIP" in line.upper() else "passed" if is_ok else "failed"
        found[key if key not in found else f"{key} ({len(found)})"] = kind
    return found


def _run(suite, part, mode):
    with Stage(mode) as stage:
        results = suite.run(stage, part)
        return results, stage.check_traces()


def _compare(suite, part):
    """What a part's tests came to. Raises if a test has, each time it is traced, another result than ever untraced."""
    plain, traced = collections.defaultdict(set), {mode: collections.defaultdict(set) for mode in outcome.TRACED}
    notes, wanted = [], set(outcome.TRACED)
    for _ in range(ROUNDS):
        results = _run(suite, part, "plain")[0]
        assert "passed" in results.values(), f"nothing passes without the shim: {results}"
        for test, result in results.items():
            plain[test].add(result)
        for mode in sorted(wanted):
            found, (files, events) = _run(suite, part, mode)
            for test in {*found, *plain}:
                traced[mode][test].add(found.get(test))
            counts = collections.Counter(kind for kind in found.values() if kind in ("passed", "failed", "skipped"))
            notes.append(f"{mode}: {', '.join(f'{counts[kind]} {kind}' for kind in sorted(counts))}; {files} processes,"
                         f" {events} allocations")
        differ = {mode: sorted(test for test, results in traced[mode].items() if not results & plain[test])
                  for mode in wanted}
        wanted = {mode for mode in wanted if differ[mode]}
        if not wanted:
            break
        notes += [f"{mode}: {test}: {sorted(traced[mode][test], key=str)}, so once more"
                  for mode in sorted(wanted) for test in differ[mode]]
    assert not wanted, "\n".join(f"{mode}: {test}: {plain[test]}, traced {traced[mode][test]}"
                                 for mode in sorted(wanted) for test in differ[mode])
    return "\n# ".join(notes)


def main(suite, is_long, chosen):
    """One TAP line for each part; as many parts as there are processors are at it side by side."""
    tests = {"__name__": __name__}
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for part in chosen or suite.parts(is_long):
            def test(future=pool.submit(_compare, suite, part)):
                return future.result()
            test.__module__ = __name__
            tests[f"{part}_has_the_results_of_the_untraced_run"] = test
        harness.main(tests)
