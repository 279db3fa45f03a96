# SPDX-License-Identifier: Apache-2.0
"""What report, diff and leaks print about a program that does as it is told."""
import csv
import io
import json
import os
import pty
import re
import subprocess

import harness
from harness import Run, equal, memtrace, only_row, target

COLUMNS = ("live", "count", "total", "allocations", "freed", "frees", "peak", "at-peak", "temporary", "reallocs",
           "inherited", "average", "sites")
KINDS = ("site", "function", "line", "file", "module", "thread")
SOURCE = os.path.join(harness.SOURCE, "tests", "targets", "obedient.c")
SCHEMA = os.path.join(harness.SOURCE, "docs", "schema.json")


class _Obedient(Run):
    """The target, started; tell() returns once it has obeyed."""

    def __init__(self, **options):
        super().__init__([target("obedient")], **options)
        self.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.tell("x0")  # its answer says that tracing has begun

    def tell(self, *orders):
        for order in orders:
            self.process.stdin.write(f"{order}\n".encode())
            self.process.stdin.flush()
            equal(self.process.stdout.readline(), b"ok\n", order)

    def snapshot(self, name):
        path = os.path.join(self.folder, name)
        memtrace("snapshot", self.process.pid, "-o", path)
        return path

    def stop(self):
        self.process.stdin.close()
        equal(self.process.wait(timeout=harness.TIMEOUT), 0, "status")
        return self.file()


def _line_of(text):
    """Number of the line of the target's source that holds a text."""
    with open(SOURCE, encoding="utf-8") as lines:
        found = [number for number, line in enumerate(lines, 1) if text in line]
    equal(len(found), 1, text)
    return found[0]


def _functions(document):
    return {row["function"]: row for row in document["rows"]}


def every_json_output_fits_the_schema():
    try:
        import jsonschema
    except ImportError as error:
        raise harness.Skip("python3-jsonschema is not installed") from error
    with open(SCHEMA, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for env in ({}, {"MEMTRACE_SAMPLE": "150", "MEMTRACE_SAMPLE_SEED": "3"}):
        with _Obedient(env=env) as run:
            run.tell("k3", "t1")
            first = run.snapshot("a.snap")
            run.tell("k2", "f5", "r1")
            second = run.snapshot("b.snap")
            run.tell("f-1")
            third = run.stop()
            for command in (["report", second], ["report", third], ["leaks", third],
                            ["diff", first, second], ["diff", first, second, third],
                            ["report", second, "--fields", "temporary_ratio,sites"]):
                for by in KINDS:
                    document = json.loads(memtrace(*command, "--json", "--by", by))
                    validator.validate(document)
                    equal(document["by"], by)
                    assert document["rows"], command


def rows_of_every_kind_sum_to_the_totals():
    with _Obedient() as run:
        run.tell("k30", "f5", "r2", "t1", "k-4")
        path = run.stop()
        for by in KINDS:
            harness.check_sums(harness.report(path, "--by", by))


def wrappers_are_folded_unless_told_otherwise():
    with _Obedient() as run:
        run.tell("k3")
        path = run.stop()
        row = only_row(harness.report(path), function="site_keep")
        equal(row["line"], _line_of("xmalloc(100)"), "line")
        equal(row["frames"][0]["function"], "site_keep", "first frame")
        equal(row["live_bytes"], 300, "live_bytes")
        row = only_row(harness.report(path, "--no-fold"), function="xmalloc")
        equal([frame["function"] for frame in row["frames"][:2]], ["xmalloc", "site_keep"], "frames")
        names = _functions(harness.report(path, "--alloc-fn", "site_*"))
        assert "main" in names or "obey" in names, names
        assert "site_keep" not in names, names


def recursion_counts_once_in_cumulative_rows():
    with _Obedient() as run:
        run.tell("r3")
        path = run.stop()
        rows = _functions(harness.report(path, "--by", "function", "--cumulative"))
        for name in ("site_recurse", "call_recurse"):
            equal((rows[name]["live_bytes"], rows[name]["alloc_count"]), (30, 3), name)
        equal(rows["main"]["alloc_count"], 3, "main")


def filters_choose_rows():
    with _Obedient() as run:
        run.tell("k1", "f1", "r1", "t1")
        path = run.stop()
        cases = [
            (["--function", "site_*"], {"site_keep", "site_fill", "site_recurse", "site_in_thread"}),
            (["--function", "re:^site_(keep|fill)$"], {"site_keep", "site_fill"}),
            (["--function", "site_keep", "--function", "site_fill"], {"site_keep", "site_fill"}),
            (["--file", "obedient.c", "--exclude", "function=site_[kr]*"], {"site_fill", "site_in_thread"}),
            (["--file", "obedient.c", "--exclude", "/site_[^f]/"], {"site_fill"}),
            (["--min-size", "1K"], set()),
            (["--min-size", "1000", "--file", "obedient.c"], {"site_fill"}),
            (["--module", "obedient", "--min-size", "0.5K"], {"site_fill"}),
            (["--function", "call_recurse", "--cumulative"], {"call_recurse"}),
        ]
        for options, wanted in cases:
            equal(set(_functions(harness.report(path, "--by", "function", *options))), wanted, options)
        document = harness.report(path, "--cumulative", "--function", "call_recurse")
        equal([row["function"] for row in document["rows"]], ["site_recurse"], "sites below call_recurse")


def diff_tells_what_grew_shrank_appeared_and_vanished():
    with _Obedient() as run:
        run.tell("k10", "f4", "r5")
        first = run.snapshot("a.snap")
        run.tell("k10", "f-1", "r-5", "t2")
        second = run.snapshot("b.snap")
        rows = _functions(harness.diff(first, second, "--by", "function"))
        wanted = {"site_keep": ("grown", 1000, 10), "site_fill": ("shrunk", -1000, -1),
                  "site_recurse": ("gone", -50, -5), "site_in_thread": ("new", 14, 2)}
        for name, values in wanted.items():
            row = rows[name]
            equal((row["change"], row["live_bytes_delta"], row["live_blocks_delta"]), values, name)
        lines = memtrace("diff", first, second).splitlines()
        assert re.match(r"RSS [+-]", lines[0]), lines[0]
        assert re.match(r"[+-][\d.]+ \w+ live", lines[1]), lines[1]
        line = _line_of("malloc(1000)")
        assert any(re.search(rf"obedient\.c:{line} site_fill: size=3000 B \(-1000 B\), count=3 \(-1\), "
                             r"average=1000 B$", text) for text in lines), lines
        assert "live + freed = allocated" in lines[-1], lines[-1]
        same = harness.diff(second, str(run.process.pid), "--by", "function")
        equal({row["change"] for row in same["rows"]}, {"same"}, "against the process itself")


def growth_in_every_interval_is_counted():
    with _Obedient() as run:
        paths = []
        for number in range(5):
            run.tell("k2", "f1" if number % 2 else "f-1")
            paths.append(run.snapshot(f"{number}.snap"))
        rows = _functions(json.loads(memtrace("diff", "--json", "--by", "function", *paths)))
        equal(rows["site_keep"]["interval_live_bytes_delta"], [200] * 4, "site_keep")
        equal((rows["site_keep"]["grown_intervals"], rows["site_keep"]["interval_count"]), (4, 4))
        equal(rows["site_fill"]["grown_intervals"], 2, "site_fill")
        assert "grew in 4 of 4 intervals" in memtrace("diff", *paths)


def other_programs_are_refused_unless_forced():
    with _Obedient() as first, Run([target("leak_in_loop")]) as other:
        one, two = first.stop(), other.finish().file()
        done = subprocess.run([harness.MEMTRACE, "diff", one, two], capture_output=True, check=False)
        equal(done.returncode, 3, "status")
        assert b"--force" in done.stderr and b"leak_in_loop" in done.stderr, done.stderr
        equal(done.stdout, b"", "output")
        memtrace("diff", "--force", one, two)


def second_run_of_the_same_program_is_compared_and_noted():
    with _Obedient() as first, _Obedient() as second:
        first.tell("k5")
        second.tell("k9")
        document = harness.diff(first.stop(), second.stop())
        row = only_row(document, function="site_keep")
        equal((row["change"], row["live_bytes_delta"]), ("grown", 400))
        assert any("two runs" in note for note in document["notes"]), document["notes"]


def live_blocks_are_never_called_leaked():
    with _Obedient() as run:
        run.tell("k3", "f2")
        assert " blocks alive now: " in memtrace("leaks", run.process.pid).splitlines()[0]
        path = run.stop()
        text = memtrace("leaks", path)
        assert " blocks alive at exit: " in text.splitlines()[0], text
        assert "leaked" not in text, text
        memtrace("leaks", "--error-exitcode", 9, path, status=9)
        suppressions = os.path.join(run.folder, "suppressions")
        with open(suppressions, "w", encoding="utf-8") as file:
            file.write("# what the target keeps\nleak:^site_keep$\nleak:obedient.c\nleak:nothing\n")
        options = ("--suppressions", suppressions, "--error-exitcode", 9, "--module", "obedient")
        document = json.loads(memtrace("leaks", "--json", *options, path))
        equal([(item["pattern"], item["live_bytes"]) for item in document["suppressions"]],
              [("^site_keep$", 300), ("obedient.c", 2000)], "suppressions")
        equal(document["rows"], [], "rows")


def csv_says_the_same_as_json():
    with _Obedient() as run:
        run.tell("k3", "f2", "r1")
        path = run.stop()
        for by in KINDS:
            document = harness.report(path, "--by", by)
            table = list(csv.DictReader(io.StringIO(memtrace("report", "--csv", "--by", by, path), newline="")))
            equal(len(table), len(document["rows"]), by)
            for line, row in zip(table, document["rows"]):
                wanted = {name: "" if row[name] is None else str(row[name]) for name in line}
                equal(line, wanted, by)


def children_are_merged_with_their_parent():
    with Run([target("spawn_children")]) as run:
        run.finish()
        roots = [path for path in run.files() if os.path.dirname(path) == run.out]
        equal(len(roots), 1, "roots")
        rows = _functions(json.loads(memtrace("report", "--json", "--by", "function", roots[0])))
        equal((rows["site_spawned"]["alloc_count"], rows["site_spawned"]["live_bytes"]), (42, 42 * 32))
        assert rows["site_parent"]["alloc_count"] == 6, rows["site_parent"]
        alone = _functions(harness.report(roots[0], "--by", "function"))
        assert "site_spawned" not in alone, alone.keys()
        parts = [harness.report(path)["totals"]["alloc_count"] for path in run.files()]
        merged = json.loads(memtrace("report", "--json", roots[0]))
        equal(merged["totals"]["alloc_count"], sum(parts), "alloc_count")
        equal(len(merged["inputs"]), len(parts), "inputs")


def usage_errors_are_one_line_and_a_hint():
    for arguments in (["report"], ["diff", "one"], ["report", "--sort", "t", "x"], ["report", "--by", "f", "x"],
                      ["report", "--limit", "-1", "x"], ["report", "--min-size", "much", "x"],
                      ["report", "--function", "re:(", "x"], ["leaks", "--error-exitcode", "x", "y"],
                      ["report", "--wrong", "x"]):
        done = subprocess.run([harness.MEMTRACE, *arguments], capture_output=True, check=False)
        equal(done.returncode, 2, arguments)
        equal(done.stdout, b"", arguments)
        equal(done.stderr.count(b"\n"), 2, done.stderr)
        assert b"memtrace help " in done.stderr, done.stderr


def what_is_not_ours_is_refused():
    for path in (SOURCE, "/nonexistent", "/dev/null", "/"):
        done = subprocess.run([harness.MEMTRACE, "report", path], capture_output=True, check=False)
        equal((done.returncode, done.stdout), (3, b""), path)
        equal(done.stderr.count(b"\n"), 1, done.stderr)


def reader_that_goes_away_is_no_error():
    with _Obedient() as run:
        run.tell("k3", "f2", "r1")
        path = run.stop()
        process = subprocess.Popen([harness.MEMTRACE, "report", "--json", path], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, preexec_fn=lambda: None)
        process.stdout.close()
        equal(process.stderr.read(), b"", "messages")
        assert process.wait() in (0, -13), process.returncode


def full_disk_is_an_error():
    with _Obedient() as run:
        run.tell("k3")
        with open("/dev/full", "wb") as full:
            done = subprocess.run([harness.MEMTRACE, "report", run.stop()], stdout=full, stderr=subprocess.PIPE,
                                  check=False)
        equal(done.returncode, 1, "status")
        equal(done.stderr.count(b"\n"), 1, done.stderr)


def _on_terminal(arguments, columns, **env):
    """Output of the analyzer on a terminal of a width."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm", "COLUMNS": str(columns), **env})
        os.execv(harness.MEMTRACE, [harness.MEMTRACE, *arguments])
    output = b""
    try:
        while data := os.read(terminal, 4096):
            output += data
    except OSError:  # the terminal's other end was closed
        pass
    os.close(terminal)
    equal(os.waitpid(pid, 0)[1], 0, "status")
    return output.decode().replace("\r\n", "\n")


def terminals_of_40_columns_are_not_overrun():
    with _Obedient() as run:
        run.tell("k3", "f2")
        path = run.stop()
        plain = memtrace("report", path)
        assert "\x1b" not in plain, "color in a pipe"
        assert max(map(len, plain.splitlines())) > 40, plain
        colored = _on_terminal(["report", path], 40)
        assert "\x1b[" in colored, colored
        narrow = _on_terminal(["report", path], 40, NO_COLOR="1")
        assert "\x1b" not in narrow, narrow
        equal(re.sub(r"\x1b\[\d*m", "", colored), narrow, "without color")
        *lines, last = narrow.rstrip("\n").split("\n")
        assert max(map(len, lines)) <= 40, narrow
        assert "live + freed = allocated" in last, last
        assert "size=2000 B" in narrow, narrow


def _outputs(path, other):
    """What each command says of a file, and of a change from it and to it."""
    for form in ("--json", "--csv", "--limit=0"):
        for kind in KINDS:
            yield memtrace("report", form, "--by", kind, path)
            yield memtrace("diff", form, "--by", kind, "--force", path, other)
            yield memtrace("diff", form, "--by", kind, "--force", other, path)
        yield memtrace("report", form, "--cumulative", path)
    for column in COLUMNS:
        yield memtrace("report", "--fields", column, "--sort", column, path)
        yield memtrace("diff", "--fields", column, "--sort", column, "--force", path, other)
    for command in ("leaks", "info"):
        yield memtrace(command, path)
        yield memtrace(command, "--json", path)


def nothing_recorded_in_no_time_is_no_division_by_zero():
    with _Obedient() as full, _Obedient(env={"MEMTRACE_START": "off"}) as empty, \
            _Obedient(env={"MEMTRACE_START": "off", "MEMTRACE_SAMPLE": "1K"}) as sampled:
        full.tell("k100", "k-50")
        full.stop()
        for run in (empty, sampled):
            run.process.kill()  # nothing has set its clock since it began
            run.process.wait()
            equal(harness.report(run.file())["totals"]["alloc_count"], 0, "nothing is recorded")
            count = 0
            for text in _outputs(run.file(), full.file()):
                assert not re.search(r"(?i)(?<![\w])[-+]?(nan|inf|infinity)(?![\w])", text), text
                count += 1
            assert count > 80, count


harness.main(globals())
