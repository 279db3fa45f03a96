# SPDX-License-Identifier: Apache-2.0
"""Diffs of generated programs of 200 sites are right to the byte, row by row.

MEMTRACE_SEEDS chooses the seeds, as in "1-20"; two are run if it is not set.
"""
import collections
import json
import os
import subprocess

import generate_program
import harness
from harness import COUNTERS, Run

INCLUDE = os.path.join(harness.SOURCE, "include")
OMITTED_FIRST, OMITTED_SECOND = (1, 4), (2, 7)


def _seeds():
    first, _, last = os.environ.get("MEMTRACE_SEEDS", "1-2").partition("-")
    return range(int(first), int(last or first) + 1)


class Program:
    """One build of a generated program, run once."""

    def __init__(self, run, name, seed, shift=False, omit=(), strip=False):
        self.folder = os.path.join(run.folder, name)
        generate_program.generate(seed, self.folder, shift, omit)
        program, plugin = generate_program.build(self.folder, INCLUDE)
        self.run_again(run, program, plugin, "run")
        if strip:
            stripped = os.path.join(self.folder, "stripped")
            os.mkdir(stripped)
            for path in (program, plugin):
                subprocess.run(["strip", "-o", os.path.join(stripped, os.path.basename(path)), path],
                               check=True)
            self.stripped = self._execute(run, os.path.join(stripped, "program"),
                                          os.path.join(stripped, "plugin.so"), "stripped-run")

    def run_again(self, run, program, plugin, name):
        self.program, self.plugin = program, plugin
        self.out = self._execute(run, program, plugin, name)

    def _execute(self, run, program, plugin, name):
        out = os.path.join(self.folder, name)
        os.mkdir(out)
        done = subprocess.run([program, plugin, out], env=dict(run.env, MEMTRACE_OUT=out),
                              stdout=subprocess.PIPE, check=True, timeout=harness.TIMEOUT)
        self.truth = [{}, {}]
        for line in done.stdout.decode().splitlines():
            fact = json.loads(line)
            self.truth[fact["phase"]][fact["function"], fact["file"], fact["line"]] = fact
        return out


def _name(function):
    """As in the source: a template without return type and arguments, a C++ function without them."""
    function = function or ""
    return function.split("(")[0].split(" ")[-1].lstrip("*") if "(" in function else function


def _rows(document, by):
    rows = {}
    for row in document["rows"]:
        if not (row["function"] or "").count("site_"):
            continue
        key = (_name(row["function"]), os.path.basename(row["file"] or ""))
        key += (row["line"],) if by == "line" else ()
        assert key not in rows, f"two rows of {key}"
        rows[key] = row
    return rows


def _check_diff(document, by, before, after):
    """Every row, every figure and its delta; no row missing and none too many."""
    rows = _rows(document, by)
    cut = 3 if by == "line" else 2
    before = {key[:cut]: fact for key, fact in before.items()}
    after = {key[:cut]: fact for key, fact in after.items()}
    zero = dict.fromkeys(COUNTERS, 0)
    wanted = {key: (before.get(key, zero), after.get(key, zero)) for key in {**before, **after}}
    assert set(rows) == set(wanted), (set(rows) ^ set(wanted))
    for key, (old, new) in wanted.items():
        for name in COUNTERS:
            harness.equal(rows[key][name], new[name], f"{key} {name}")
            harness.equal(rows[key][name + "_delta"], new[name] - old[name], f"{key} {name}_delta")
        harness.equal(rows[key]["change"], _change(old, new), f"{key} change")


def _change(old, new):
    old, new = (side["live_blocks"] and side["live_bytes"] for side in (old, new))
    if old == new:
        return "same"
    if not old:
        return "new"
    if not new:
        return "gone"
    return "grown" if new > old else "shrunk"


def _each_seed(check):
    for seed in _seeds():
        with Run([]) as run:
            try:
                check(run, seed)
            except Exception:
                print(f"# seed {seed}")
                raise


def _snap(out, phase):
    return os.path.join(out, f"{'ab'[phase]}.snap")


def _check_one_run(run, seed):
    program = Program(run, "one", seed)
    for by in ("line", "function"):
        document = harness.diff(_snap(program.out, 0), _snap(program.out, 1), "--by", by)
        _check_diff(document, by, *program.truth)


def two_snapshots_of_one_run_differ_by_the_truth():
    _each_seed(_check_one_run)


def _check_two_runs(run, seed):
    program = Program(run, "one", seed)
    first, before = program.out, program.truth[0]
    program.run_again(run, program.program, program.plugin, "again")
    for by in ("line", "function"):
        _check_diff(harness.diff(_snap(first, 0), _snap(program.out, 1), "--by", by), by, before,
                    program.truth[1])
    document = harness.diff(_snap(first, 1), _snap(program.out, 1), "--by", "site")
    for row in document["rows"]:
        harness.equal(row["change"], "same", f"site {row['frames'][:2]}")
        for name in COUNTERS:
            harness.equal(row[name + "_delta"], 0, f"{name} of {row['frames'][:2]}")


def two_runs_at_random_addresses_differ_by_the_truth():
    _each_seed(_check_two_runs)


def _check_rebuild(run, seed):
    first, second = Program(run, "one", seed), Program(run, "two", seed, shift=True)
    document = harness.diff(_snap(first.out, 0), _snap(second.out, 1), "--by", "function")
    _check_diff(document, "function", first.truth[0], second.truth[1])
    document = harness.diff(_snap(first.out, 1), _snap(second.out, 1), "--by", "site")
    for row in document["rows"]:
        harness.equal(row["live_bytes_delta"], 0, f"site {row['frames'][:2]}")


def a_rebuild_with_moved_lines_is_matched_by_function_and_file():
    _each_seed(_check_rebuild)


def _check_omitted(run, seed):
    first = Program(run, "one", seed, omit=OMITTED_FIRST)
    second = Program(run, "two", seed, omit=OMITTED_SECOND)
    document = harness.diff(_snap(first.out, 1), _snap(second.out, 1), "--by", "function")
    _check_diff(document, "function", first.truth[1], second.truth[1])


def sites_in_only_one_of_two_runs_are_new_and_gone():
    _each_seed(_check_omitted)


def _frames(document):
    for row in document["rows"]:
        for frame in row["frames"]:
            if frame["module"]:
                yield (os.path.basename(frame["module"]), frame["offset"]), frame["function"]


def _is_of_loader(row):
    """The loader keeps copies of the libraries' paths, which differ in length here."""
    return os.path.basename(row["module"] or "").startswith("ld-linux")


def _check_stripped(run, seed):
    program = Program(run, "one", seed, strip=True)
    full = harness.report(_snap(program.out, 1), "--by", "site")
    bare = harness.report(_snap(program.stripped, 1), "--by", "site")
    names = collections.defaultdict(set)
    for place, function in _frames(full):
        names[place].add(function)
    for place, function in _frames(bare):
        assert function is None or function in names[place], \
            f"{place} is {function} when stripped, else {names[place]}"
    for document in (full, bare):
        harness.check_sums(document)
    figures = [collections.Counter(tuple(row[name] for name in COUNTERS) for row in document["rows"]
                                   if not _is_of_loader(row)) for document in (full, bare)]
    assert figures[0] == figures[1], figures[0] - figures[1]


def a_stripped_program_has_unnamed_frames_and_no_wrong_ones():
    _each_seed(_check_stripped)


harness.main(globals())
