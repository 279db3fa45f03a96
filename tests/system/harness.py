# SPDX-License-Identifier: Apache-2.0
"""Runs programs under the shim, collects what they say they did, and compares it with the reports.

A test file defines functions whose names are claims and ends with `harness.main(globals())`; each
public function is one test. Results go to stdout as TAP.
"""
import glob
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import traceback

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("MEMTRACE_BUILD", os.path.join(SOURCE, "build"))
# The same code as libmemtrace.so, which also compares its counters with the live blocks at exit.
SHIM = os.path.join(BUILD, "preload", "libmemtrace-check.so")
MEMTRACE = os.path.join(BUILD, "analyzer", "memtrace")
COUNTING = os.path.join(BUILD, "tests", "oracle", "libcounting.so")
COUNTERS = ("alloc_count", "alloc_bytes", "free_count", "freed_bytes", "live_blocks", "live_bytes")
TIMEOUT = 300  # seconds; only against hanging for ever


class Skip(Exception):
    """The machine lacks what the test needs."""


def target(name):
    return os.path.join(BUILD, "tests", "targets", name)


def need(program):
    """Path of an installed program."""
    path = shutil.which(program, path="/usr/bin:/bin:/usr/sbin:/sbin:/usr/lib/gcc")
    if not path:
        raise Skip(f"{program} is not installed")
    return path


def allocator(name):
    """Path of one of Debian's allocators, as `memtrace run --allocator` names them."""
    file = {"tcmalloc": "libtcmalloc_minimal.so.4", "jemalloc": "libjemalloc.so.2",
            "mimalloc": "libmimalloc.so.2"}[name]
    found = glob.glob(f"/usr/lib/*/{file}*")
    if not found:
        raise Skip(f"{file} is not installed")
    return found[0]


def _behind():
    """What stands behind the shim: MEMTRACE_TEST_ALLOCATOR lets any test run over another allocator."""
    name = os.environ.get("MEMTRACE_TEST_ALLOCATOR")
    return [allocator(name)] if name else []


def _front():
    """What stands in front of the shim: MEMTRACE_TEST_OLD lets any test run as on an old system."""
    return [target("libold_system.so")] if os.environ.get("MEMTRACE_TEST_OLD") else []


def repeat(tests, **environment):
    """Runs tests of other files (name of the file -> names, none = all) with an environment of their own."""
    folder = os.path.dirname(os.path.abspath(__file__))
    for file, chosen in tests.items():
        done = subprocess.run([sys.executable, os.path.join(folder, f"test_{file}.py"), *chosen],
                              env={**os.environ, **environment}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        text = done.stdout.decode(errors="replace")
        assert done.returncode == 0, f"{file}: {text[-6000:]}"
        plan = int(text.split("\n")[0].removeprefix("1.."))
        equal(plan, len(chosen) or plan, f"tests of {file}")


def memtrace(*arguments, status=0):
    """Output of the analyzer; its exit status must be the one expected."""
    done = subprocess.run([MEMTRACE, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=TIMEOUT, check=False)
    if done.returncode != status:
        raise AssertionError(f"memtrace {' '.join(map(str, arguments))}: status {done.returncode}, "
                             f"not {status}: {done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout.decode(errors="replace")


def report(path, *options):
    """Every row of one file, as the JSON output has it."""
    return json.loads(memtrace("report", "--json", "--limit", 0, "--no-children", *options, path))


def diff(first, second, *options):
    return json.loads(memtrace("diff", "--json", "--limit", 0, *options, first, second))


def info(path):
    """The facts of one file, as the JSON output has them."""
    return json.loads(memtrace("info", "--json", path))


def drops(facts):
    """{name: count} of what those facts say was not recorded."""
    return {drop["name"]: drop["count"] for drop in facts["drops"] if drop["count"]}


class Header:
    """The fields of a file's first 256 bytes that tests look at."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = file.read(256).ljust(256, b"\0")
        self.is_begun = data[:8] != bytes(8)  # else the process was killed before its file had a header
        self.is_snapshot = struct.unpack_from("<H", data, 20)[0] == 2
        self.pid = struct.unpack_from("<i", data, 40)[0]
        self.start_ns = struct.unpack_from("<Q", data, 64)[0]
        self.program = data[96:160].split(b"\0")[0].decode()


def files_below(folder):
    """Trace files of a folder and of those for child processes."""
    found = glob.glob(os.path.join(glob.escape(folder), "**", "*.snap"), recursive=True)
    headers = ((path, Header(path)) for path in found)
    return sorted(path for path, header in headers if header.is_begun and not header.is_snapshot)


class Run:
    """One traced program with its folder; use it in a `with`."""

    def __init__(self, command, env=None, preload=(), front=(), stdin=None, cwd=None):
        self.folder = tempfile.mkdtemp(prefix="memtrace-test-")
        self.out = os.path.join(self.folder, "out")
        os.mkdir(self.out)
        self.truth_file = os.path.join(self.folder, "truth")
        self.command = [str(word) for word in command]
        self.env = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": self.folder, "LANG": "C.UTF-8",
                    "LD_PRELOAD": ":".join([*_front(), *front, SHIM, *(preload or _behind())]),
                    "MEMTRACE_OUT": self.out, "TRUTH_FILE": self.truth_file,
                    "COUNTING_OUT": self.out}
        self.env.update(env or {})
        self.stdin = stdin
        self.cwd = cwd or self.folder
        self.is_exact = True  # False: events are cut short on purpose
        self.stdout = self.stderr = b""
        self.status = None
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if kind is not None and kind is not Skip:
            print(f"# kept: {self.folder}")
            return
        for path in self.files() if self.is_exact else ():
            check_itself(path)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, **pipes):
        """For tests that talk with the program while it runs."""
        self.process = subprocess.Popen(self.command, env=self.env, cwd=self.cwd, **pipes)
        return self.process

    def finish(self, status=0):
        """Runs to the end; the program's status must be the one expected."""
        done = subprocess.run(self.command, env=self.env, cwd=self.cwd, input=self.stdin or b"",
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=TIMEOUT,
                              check=False)
        self.stdout, self.stderr, self.status = done.stdout, done.stderr, done.returncode
        failed = [fact for fact in self.truth() if "failed" in fact]
        if done.returncode != status or failed:
            raise AssertionError(f"{self.command}: status {done.returncode}, {failed}, "
                                 f"{self.stderr.decode(errors='replace')[-1000:]}")
        return self

    def truth(self):
        """What the program and its children have told so far."""
        if not os.path.exists(self.truth_file):
            return []
        with open(self.truth_file, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def number(self, name):
        values = [fact["value"] for fact in self.truth() if fact.get("name") == name]
        assert values, f"the target did not tell {name}"
        return values[-1]

    def files(self):
        return files_below(self.out)

    def file(self):
        """The only trace file there is."""
        files = self.files()
        assert len(files) == 1, f"one trace file expected: {files}"
        return files[0]

    def check_truth(self, last_only=True):
        """Each function of each process has the numbers that the process told; returns how many."""
        facts = {}
        for fact in self.truth():
            if "function" in fact:
                facts[fact["pid"], fact["function"]] = fact
        assert facts, "the target told nothing"
        rows = {}
        for path in self.files():
            document = report(path, "--by", "function")
            check_sums(document)
            for row in document["rows"]:
                rows.setdefault((Header(path).pid, row["function"]), []).append(row)
        for key, fact in facts.items():
            wanted = {name: value for name, value in fact.items() if name not in ("pid", "function")}
            found = rows.get(key, [])
            if not found and not any(wanted.values()):
                continue
            assert len(found) == 1, f"{key}: {len(found)} rows; wanted {wanted}; have {sorted(rows)}"
            have = {name: found[0][name] for name in wanted}
            assert have == wanted, f"{key}: reported {have}, true {wanted}"
        return len(facts)


def check_sums(document):
    """Rows sum to the totals, and what is live is what was not freed."""
    totals, rows = document["totals"], document["rows"]
    for name in ("alloc_count", "free_count", "alloc_bytes", "freed_bytes", "live_blocks",
                 "live_bytes", "temporary_count"):
        found = sum(row[name] for row in rows)
        assert found == totals[name], f"{name}: rows sum to {found}, total {totals[name]}"
    assert totals["dropped_count"] == 0, f"dropped: {totals}"


def check_itself(path):
    """What the shim found when it checked itself at exit, if it came to that."""
    for message in info(path)["messages"]:
        if message["text"].startswith("check: sites: "):
            assert message["text"].endswith(" 0 differ"), f"{path}: {message['text']}"


def only_row(document, **keys):
    rows = [row for row in document["rows"]
            if all(row.get(name) == value for name, value in keys.items())]
    assert len(rows) == 1, f"{keys}: {len(rows)} rows"
    return rows[0]


def equal(found, wanted, what=""):
    assert found == wanted, f"{what}: found {found!r}, wanted {wanted!r}"


def main(namespace):
    """Runs the tests of a file; arguments choose some of them."""
    chosen = sys.argv[1:]
    tests = [(name, function) for name, function in namespace.items()
             if callable(function) and not name.startswith("_") and not isinstance(function, type)
             and getattr(function, "__module__", None) == namespace["__name__"]
             and (not chosen or name in chosen)]
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    print(f"1..{len(tests)}", flush=True)
    failed = 0
    for number, (name, function) in enumerate(tests, 1):
        try:
            note = function()
            print(f"ok {number} - {name}" + (f"\n# {note}" if note else ""), flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception:  # any failure is the test's result
            failed += 1
            text = "".join(f"# {line}\n" for line in traceback.format_exc().splitlines())
            print(f"not ok {number} - {name}\n{text}", end="", flush=True)
    sys.exit(1 if failed else 0)
