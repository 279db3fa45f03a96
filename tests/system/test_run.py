# SPDX-License-Identifier: Apache-2.0
"""`memtrace run` stands beside a program as if it had been started directly."""
import glob
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import time

import harness
from harness import BUILD, MEMTRACE

PYTHON = sys.executable
SHIM = os.path.join(BUILD, "preload", "libmemtrace.so")


class _Place:
    """An empty folder to run programs in."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="memtrace-test-")
        self.path = self.folder.name
        return self

    def __exit__(self, *_):
        self.folder.cleanup()

    def run(self, *words, options=(), env=None, **more):
        environment = {"PATH": os.environ["PATH"], "HOME": self.path, **(env or {})}
        return subprocess.run([MEMTRACE, "run", *options, "--", *words], cwd=self.path,
                              env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=harness.TIMEOUT, check=False, **more)

    def start(self, *words, options=("-q",), **more):
        return subprocess.Popen([MEMTRACE, "run", *options, "--", *words], cwd=self.path,
                                stdout=subprocess.PIPE, **more)

    def files(self):
        return sorted(glob.glob(os.path.join(self.path, "*.snap")))


def _shell(place, script, **more):
    return place.run("sh", "-c", script, **more)


def exit_status_is_passed_through():
    with _Place() as place:
        for status in (0, 1, 2, 3, 77, 126, 127, 128, 255):
            harness.equal(_shell(place, f"exit {status}").returncode, status, "exit status")


def ending_signal_becomes_128_and_its_number():
    with _Place() as place:
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGINT):
            harness.equal(_shell(place, f"kill -{int(number)} $$").returncode, 128 + number, number)


def way_it_ended_is_kept_in_the_file():
    for script, wanted in (("exit 3", "exit status 3"), ("kill -9 $$", "signal 9 (Killed)"),
                           (f"exec {PYTHON} -c 'raise SystemExit(4)'", "exit status 4")):
        with _Place() as place:
            _shell(place, script, options=("-q",))
            ends = [harness.info(path)["process"]["end"] for path in harness.files_below(place.path)]
            harness.equal([end for end in ends if end], [wanted], ends)
            for path in place.files():
                harness.equal(os.stat(path).st_mode & 0o777, 0o400, path)
            kept = harness.memtrace("snapshot", "-o", place.path, harness.files_below(place.path)[0])
            harness.equal(harness.info(kept.strip())["process"]["end"], ends[0], "snapshot of it")


def arguments_reach_the_program_as_they_are():
    words = ["two words", "", "*", "$HOME", "--help", "-q", "a'b\"c\n"]
    with _Place() as place:
        done = place.run(PYTHON, "-c", "import sys; print(sys.argv[1:])", *words)
        harness.equal(done.stdout.decode().strip(), repr(words), "arguments")


def output_of_the_program_is_untouched():
    with _Place() as place:
        done = _shell(place, "printf out; printf err >&2; exit 3", options=("-q",))
        harness.equal((done.stdout, done.stderr), (b"out", b"err"), "output")


def existing_preload_stays_behind_ours():
    with _Place() as place:
        other = harness.COUNTING
        done = place.run("env", options=("-q",), env={"LD_PRELOAD": other})
        line = [text for text in done.stdout.decode().splitlines() if text.startswith("LD_PRELOAD=")]
        harness.equal(line, [f"LD_PRELOAD={SHIM}:{other}"], "preloads")


def nothing_else_is_changed_in_the_environment():
    with _Place() as place:
        done = place.run("env", options=("-q",), env={"A": "1", "MEMTRACE_DEPTH": "100"})
        names = {text.split("=", 1)[0] for text in done.stdout.decode().splitlines()}
        harness.equal(names, {"PATH", "HOME", "A", "LD_PRELOAD", "MEMTRACE_DEPTH", "MEMTRACE_QUIET",
                              "MEMTRACE_RSS", "MEMTRACE_SESSION"}, "environment")


def signal_mask_and_dispositions_are_inherited():
    script = ("import signal; print([int(s) for s in sorted(signal.pthread_sigmask(0, []))],"
              "signal.getsignal(signal.SIGCHLD), signal.getsignal(signal.SIGHUP),"
              "signal.getsignal(signal.SIGTERM))")
    with _Place() as place:
        old = signal.signal(signal.SIGCHLD, signal.SIG_IGN), signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGWINCH])
        try:
            plain = subprocess.Popen([PYTHON, "-c", script], stdout=subprocess.PIPE)
            wanted = plain.stdout.read()
            traced = place.start(PYTHON, "-c", script)
            found = traced.stdout.read()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGWINCH])
            signal.signal(signal.SIGCHLD, old[0])
            signal.signal(signal.SIGHUP, old[1])
        harness.equal(found, wanted, "mask and dispositions")


def status_is_known_where_ended_children_are_ignored():
    with _Place() as place:
        done = _shell(place, "exit 9", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        harness.equal(done.returncode, 9, "exit status")


def signal_from_another_process_is_passed_on_once():
    script = ("import signal, sys, time\n"
              "count = 0\n"
              "def take(*_):\n"
              "    global count\n"
              "    count += 1\n"
              "for s in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT): signal.signal(s, take)\n"
              "print('ready', flush=True)\n"
              "while count < 3: time.sleep(0.01)\n"
              "time.sleep(0.3)\n"
              "print(count)\n")
    with _Place() as place:
        process = place.start(PYTHON, "-c", script)
        harness.equal(process.stdout.readline(), b"ready\n", "start")
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            process.send_signal(number)
            time.sleep(0.1)
        harness.equal(process.stdout.read(), b"3\n", "signals")
        harness.equal(process.wait(), 0, "exit status")


def key_press_reaches_the_program_once_and_does_not_end_run():
    script = ("import signal, time\n"
              "count = 0\n"
              "def take(*_):\n"
              "    global count\n"
              "    count += 1\n"
              "signal.signal(signal.SIGINT, take)\n"
              "print('ready', flush=True)\n"
              "while count < 1: time.sleep(0.01)\n"
              "time.sleep(0.3)\n"
              "print('count', count)\n"
              "raise SystemExit(5)\n")
    with _Place() as place:
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(place.path)
            os.execv(MEMTRACE, [MEMTRACE, "run", "-q", "--", PYTHON, "-c", script])
        text = b""
        while b"ready" not in text:
            text += os.read(terminal, 1000)
        os.write(terminal, b"\x03")
        try:
            while b"count 1" not in text:
                text += os.read(terminal, 1000)
        except OSError:
            pass
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        assert b"count 1" in text, text
        harness.equal(os.waitstatus_to_exitcode(status), 5, "exit status")


def descriptors_of_the_program_are_those_of_the_caller():
    script = "import os; print(sorted(int(n) for n in os.listdir('/proc/self/fd'))[:-1])"
    with _Place() as place:
        wanted = subprocess.run([PYTHON, "-c", script], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, check=True).stdout
        harness.equal(place.run(PYTHON, "-c", script, options=("-q",)).stdout, wanted, "descriptors")


def script_is_traced_through_its_interpreter():
    with _Place() as place:
        script = os.path.join(place.path, "script")
        with open(script, "w", encoding="utf-8") as out:
            out.write(f"#!{PYTHON}\nprint('from a script')\nraise SystemExit(4)\n")
        os.chmod(script, 0o755)
        done = place.run("./script")
        harness.equal((done.returncode, done.stdout), (4, b"from a script\n"), "script")
        harness.equal(len(place.files()), 1, place.files())


def summary_names_the_file_and_its_totals():
    with _Place() as place:
        done = place.run(PYTHON, "-c", "pass", env={"PYTHONMALLOC": "malloc"})
        text = done.stderr.decode()
        files = place.files()
        harness.equal(len(files), 1, "files")
        assert f"memtrace: {os.path.basename(files[0])}\n" in text, text
        totals = harness.report(files[0])["totals"]
        assert f"({totals['alloc_count']:,} blocks)" in text, (totals, text)
        assert f"({totals['free_count']:,} blocks)" in text, (totals, text)
        assert f"({totals['live_blocks']:,} blocks)" in text, (totals, text)
        assert text.count("\n") <= 12, text
        harness.equal(text.count("\n  most "), 3, text)


def summary_follows_the_output_option():
    with _Place() as place:
        os.mkdir(os.path.join(place.path, "deep"))
        for output in ("deep", "deep/", "deep/%e-%p.snap", os.path.join(place.path, "deep")):
            text = place.run("true", options=("-o", output)).stderr.decode()
            name = text.splitlines()[0].removeprefix("memtrace: ")
            assert os.path.exists(os.path.join(place.path, name)), text
            assert "/deep/" in "/" + name, text
        harness.equal(place.files(), [], "files in the working directory")


def summary_is_of_the_last_image_after_exec():
    with _Place() as place:
        text = _shell(place, f"exec {PYTHON} -c pass").stderr.decode()
        assert "\n  program     python" in text, text
    with _Place() as place:
        text = _shell(place, f"exec {PYTHON} -c pass", options=("-o", "chosen")).stderr.decode()
        assert "\n  program     python" in text, text
        assert "memtrace report chosen\n" in text, text


def program_with_a_malloc_of_its_own_is_told():
    source = ("#include <stddef.h>\nstatic char pool[1 << 20]; static size_t used;\n"
              "void *malloc(size_t n) { used += (n + 15) & ~15ul; return pool + used - n; }\n"
              "void free(void *p) { (void)p; }\n"
              "void *calloc(size_t a, size_t b) { return malloc(a * b); }\n"
              "void *realloc(void *p, size_t n) { (void)p; return malloc(n); }\n"
              "int main(void) { return malloc(10) == NULL; }\n")
    taker = ("#include <stdlib.h>\nvoid *(*volatile taken)(size_t) = malloc;\n"
             "int main(void) { return taken(10) == NULL; }\n")
    with _Place() as place:
        for text, options, is_told in ((source, [], True), (taker, ["-no-pie"], False)):
            with open(os.path.join(place.path, "a.c"), "w", encoding="utf-8") as out:
                out.write(text)
            subprocess.run([harness.need("gcc"), "-fno-builtin", *options, "-o", "a", "a.c"],
                           cwd=place.path, check=True)
            found = place.run("./a").stderr
            harness.equal(b"malloc of its own" in found, is_told, found)


def losses_are_one_line_of_the_summary_and_nothing_of_the_tracer():
    with _Place() as place:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "none", place.path],
                                 stderr=subprocess.DEVNULL, check=False)
        if mounted.returncode:
            raise harness.Skip("mounting a small file system needs root")
        try:
            done = place.run(harness.target("many_stacks"), "20000", stdin=subprocess.DEVNULL)
            lines = done.stderr.decode().splitlines()
            told = [line for line in lines if "dropped" in line]
            listed = harness.info(place.files()[0])["drops"]
            most = max((drop for drop in listed if drop["is_loss"]), key=lambda drop: drop["count"])
            assert most["count"] > 10000, listed
            harness.equal(len(told), 1, lines)
            assert "  warning     no space is left for the trace file on its file system" in lines, lines
            assert told[0].startswith(f"  dropped     {most['count']:,} {most['meaning']}; "), told
            os.unlink(place.files()[0])
            done = place.run(harness.target("many_stacks"), "20000", stdin=subprocess.DEVNULL, options=("-q",))
            harness.equal((done.returncode, done.stderr), (0, b""), "said by the tracer")
        finally:
            subprocess.run(["umount", place.path], check=True)


# Adds to what its own tracer has counted as not recorded: arguments KIND=COUNT.
DROPS = """
import glob, os, struct, sys
path, = glob.glob("*.snap")
os.chmod(path, 0o600)
with open(path, "r+b", 0) as file:
    count, bytes = struct.unpack_from("<II", file.read(256), 24)
    table = file.read(count * bytes)
    at, = [struct.unpack_from("<Q", table, i + 8)[0] for i in range(0, count * bytes, bytes)
           if struct.unpack_from("<H", table, i)[0] == 16]
    for word in sys.argv[1:]:
        kind, count = word.split("=")
        os.pwrite(file.fileno(), struct.pack("<Q", int(count)), at + 8 * int(kind))
"""


def _losses_told(place, drops):
    """The lines of the summary when this was not recorded, and {kind: meaning}."""
    for path in place.files():
        os.unlink(path)
    done = place.run(PYTHON, "-S", "-E", "-c", DROPS, *(f"{kind}={count}" for kind, count in drops.items()))
    harness.equal(done.returncode, 0, done.stderr)
    listed = harness.info(place.files()[0])["drops"]
    for kind, count in drops.items():
        harness.equal(listed[kind]["count"], count, listed[kind]["name"])
    told = [line for line in done.stderr.decode().splitlines() if line.startswith("  dropped ")]
    return told, [drop["meaning"] for drop in listed], [drop["name"] for drop in listed]


def what_makes_figures_wrong_or_was_asked_for_is_told_and_nothing_else():
    with _Place() as place:
        names = _losses_told(place, {})[2]
        for kind, name in enumerate(names):
            told, meanings, _ = _losses_told(place, {kind: 1234567})
            is_told = name in ("events", "blocks", "sites", "counters", "early", "snapshots", "marks",
                               "children", "invalid")
            harness.equal(told, [f"  dropped     1,234,567 {meanings[kind]}; more: memtrace info"] * is_told,
                          name)


def of_several_losses_the_greatest_is_told():
    with _Place() as place:
        names = _losses_told(place, {})[2]
        events, sites, marks, cut = map(names.index, ("events", "sites", "marks", "truncated_stacks"))
        for drops, most, more in (({events: 2, sites: 7, marks: 3}, sites, "that and more"),
                                  ({events: 9, marks: 3, cut: 50}, events, "that and more"),
                                  ({sites: 1, marks: 4}, marks, "that and more"),
                                  ({marks: 4, cut: 50}, marks, "more")):
            told, meanings, _ = _losses_told(place, drops)
            harness.equal(told, [f"  dropped     {drops[most]} {meanings[most]}; {more}: memtrace info"],
                          drops)


def everything_that_can_go_unrecorded_is_listed_with_its_meaning():
    with open(os.path.join(harness.SOURCE, "include", "memtrace", "format.h"), encoding="utf-8") as file:
        kinds = re.findall(r"^\tMT_DROP_(\w+),", file.read(), flags=re.M)
    with _Place() as place:
        place.run("true")
        listed = harness.info(place.files()[0])["drops"]
        text = harness.memtrace("info", place.files()[0])
    harness.equal([drop["name"].upper() for drop in listed] + ["COUNT"], kinds, "kinds")
    for drop in listed:
        line = [line.split() for line in text.splitlines() if line.strip().startswith(drop["name"] + " ")]
        assert drop["meaning"] and [drop["name"], "0"] == line[0][:2], (drop, line)


def options_reach_the_tracer():
    with _Place() as place:
        place.run("jq", "-n", "1", options=("--depth", "7", "--unwinder", "libunwind", "--cmdline"))
        facts = harness.info(place.files()[0])
        harness.equal(facts["process"]["depth_max"], 7, "depth")
        harness.equal(facts["process"]["unwinder"], "libunwind", "unwinder")
        harness.equal(facts["process"]["command_line"], "jq -n 1", "command line")
        harness.equal(list(harness.drops(facts)), ["truncated_stacks"], "drops")
        harness.equal([item for item in facts["messages"] if item["severity"] == "warning"], [],
                      "messages")
    with _Place() as place:
        place.run("jq", "-n", "1")
        facts = harness.info(place.files()[0])
        harness.equal((facts["process"]["depth_max"], facts["process"]["unwinder"]), (4096, "cfi"), "")
        harness.equal(facts["process"]["command_line"], None, "command line")


def stopped_records_nothing():
    with _Place() as place:
        place.run("jq", "-n", "1", options=("--stopped",))
        facts = harness.info(place.files()[0])
        harness.equal((facts["process"]["is_recording"], facts["totals"]["alloc_count"]), (False, 0), "")


def no_follow_leaves_children_alone():
    with _Place() as place:
        for options, count in (((), 2), (("--no-follow",), 1)):
            _shell(place, "jq -n 1; :", options=("-o", place.path, *options))
            files = harness.files_below(place.path)
            harness.equal(len([path for path in files if "jq" in os.path.basename(path)]), count - 1, files)
            for path in files:
                os.unlink(path)


def snapshots_are_made_when_asked_for():
    snapshots = {
        ("--snapshot-at", "live>2M"): ["f3000"],
        ("--snapshot-at", "grow:1M,peak"): ["f3000"],
        ("--snapshot-every", "1s"): ["k1", "k-1"] * 1000,
        ("--snapshot-signal", "USR1"): [None, "k1", "k1", "k1"],
    }
    for options, orders in snapshots.items():
        with _Place() as place:
            process = place.start(harness.target("obedient"), options=("-q", *options),
                                  stdin=subprocess.PIPE)
            for order in ["k0", *orders]:
                if order is None:
                    process.send_signal(signal.SIGUSR1)
                    time.sleep(0.2)
                    continue
                process.stdin.write(order.encode() + b"\n")
                process.stdin.flush()
                harness.equal(process.stdout.readline(), b"ok\n", order)
                if "every" in options[0]:
                    time.sleep(0.005)
                    if len(place.files()) > 2:
                        break
            process.stdin.close()
            harness.equal(process.wait(), 0, "exit status")
            kinds = [harness.info(path)["file"]["kind"] for path in place.files()]
            assert kinds.count("snapshot") >= 1 and kinds.count("trace") == 1, (options, kinds)


def run_inside_a_traced_program_is_a_session_of_its_own():
    with _Place() as place:
        inner = os.path.join(place.path, "inner")
        os.mkdir(inner)
        _shell(place, f"{MEMTRACE} run -q -o inner true; exit 0")
        names = [os.path.basename(path) for path in harness.files_below(inner)]
        harness.equal(len(names), 1, names)
        assert names[0].startswith("true."), names


def installed_files_find_each_other():
    with _Place() as place:
        subprocess.run([harness.need("meson"), "install", "-C", BUILD, "--no-rebuild", "--quiet"],
                       env={**os.environ, "DESTDIR": place.path}, stdout=subprocess.DEVNULL, check=True)
        found = glob.glob(os.path.join(place.path, "**", "bin", "memtrace"), recursive=True)
        harness.equal(len(found), 1, found)
        os.chdir(place.path)
        subprocess.run([found[0], "run", "-q", "--unwinder", "libunwind", "jq", "-n", "1"], check=True,
                       stdout=subprocess.DEVNULL, timeout=harness.TIMEOUT)
        os.chdir("/")
        facts = harness.info(place.files()[0])
        harness.equal(facts["process"]["unwinder"], "libunwind", "unwinder")
        assert facts["totals"]["alloc_count"] > 0, facts["totals"]


def other_allocator_takes_the_calls():
    for name, mark in (("jemalloc", "libjemalloc"), ("tcmalloc", "libtcmalloc"),
                       ("mimalloc", "libmimalloc")):
        with _Place() as place:
            done = place.run("true", options=("--allocator", name))
            if done.returncode == 2 and b"is not installed" in done.stderr:
                raise harness.Skip(done.stderr.decode())
            assert mark in harness.memtrace("info", place.files()[0]), name


NEW_SOURCE = """
#include <new>
struct alignas(64) large { char bytes[64]; };
__attribute__((noinline)) int *site_array() { return new int[25]; }
__attribute__((noinline)) large *site_aligned() { return new large; }
__attribute__((noinline)) void *site_nothrow() { return ::operator new(77, std::nothrow); }
int main() {
	volatile unsigned long too_much = 1ul << 62;
	char *kept;
	for (int i = 0; i < 100; i++) {
		int *array = site_array();
		large *aligned = site_aligned();
		void *plain = site_nothrow();
		if (i % 2) { delete[] array; delete aligned; ::operator delete(plain); }
	}
	try { *(char *volatile *)&kept = new char[too_much]; } catch (std::bad_alloc &) { return 7; }
}
"""


def calls_of_new_are_the_same_over_every_allocator():
    def rows(place, *options):
        harness.equal(place.run("./a", options=("-q", *options)).returncode, 7, "bad_alloc")
        path = place.files()[0]
        assert "operator new" not in str(harness.info(path)["messages"]), harness.info(path)["messages"]
        found = json.loads(harness.memtrace("report", "--json", "--limit", 0, "--by", "site", "--no-fold",
                                            path))["rows"]
        stacks = [[frame["function"] for frame in row["frames"]] for row in found]
        return sorted((stack, [row[name] for name in harness.COUNTERS]) for stack, row in zip(stacks, found)
                      if any("site_" in str(function) for function in stack))

    over = []
    for options in ((), *(("--allocator", name) for name in ("jemalloc", "tcmalloc", "mimalloc"))):
        with _Place() as place:
            with open(os.path.join(place.path, "a.cc"), "w", encoding="utf-8") as out:
                out.write(NEW_SOURCE)
            subprocess.run([harness.need("g++"), "-std=c++17", "-O1", "-fno-builtin", "-o", "a", "a.cc"],
                           cwd=place.path, check=True)
            over.append(rows(place, *options))
    harness.equal(len(over[0]), 3, over[0])
    for found in over[1:]:
        harness.equal(found, over[0], "sites")


harness.main(globals())
