# SPDX-License-Identifier: Apache-2.0
"""snapshot, ctl, info and list on a process while it runs, and on what it left."""
import glob
import json
import os
import re
import shutil
import struct
import subprocess
import time

import harness
from harness import Run, memtrace, target
from made_programs import Folder


class _Obedient(Run):
    """A program that allocates when told to."""

    def __init__(self, **options):
        super().__init__([target("obedient")], **options)
        self.where = os.path.join(self.folder, "kept")
        os.mkdir(self.where)

    def __enter__(self):
        self.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.tell("k0")
        return self

    def tell(self, order):
        self.process.stdin.write(order.encode() + b"\n")
        self.process.stdin.flush()
        harness.equal(self.process.stdout.readline(), b"ok\n", order)

    def end(self):
        self.process.stdin.close()
        harness.equal(self.process.wait(timeout=harness.TIMEOUT), 0, "exit status")

    def snapshot(self, *options):
        path = memtrace("snapshot", *options, "-o", self.where, self.process.pid).strip()
        assert os.path.dirname(path) == self.where, path
        return path

    def control(self, request):
        """The program answers at its next allocation, which is here."""
        asked = subprocess.Popen([harness.MEMTRACE, "ctl", str(self.process.pid), request],
                                 stderr=subprocess.PIPE)
        while asked.poll() is None:
            self.tell("f1")
            self.tell("f-1")
            time.sleep(0.001)
        harness.equal(asked.returncode, 0, asked.stderr.read())
        asked.stderr.close()

    def requests(self):
        """The last one that was left, and the last one that was carried out."""
        with open(self.file(), "rb") as file:
            file.seek(84)
            return struct.unpack("<II", file.read(8))

    def ask(self, *requests):
        """Leaves them one behind the other; the program finds them when it is told to allocate."""
        asked = []
        for request in requests:
            before = self.requests()
            asked.append(subprocess.Popen([harness.MEMTRACE, "ctl", str(self.process.pid), request],
                                          stderr=subprocess.DEVNULL))
            while self.requests() == before and asked[-1].poll() is None:
                time.sleep(0.001)
        return asked

    def answer(self, asked=()):
        while len(set(self.requests())) > 1:
            self.tell("f1")
            self.tell("f-1")
        for one in asked:
            one.wait()

    def made_by_itself(self):
        """The snapshots, in the order of their numbers."""
        found = [(facts["file"]["sequence"], facts) for facts in map(harness.info, glob.glob(
            os.path.join(self.out, "*.snap"))) if facts["file"]["kind"] == "snapshot"]
        return [facts for _, facts in sorted(found, key=lambda one: one[0])]


def _state(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        return file.read().rpartition(")")[2].split()[0]


def _total(what, name):
    return harness.info(what)["totals"][name]


def snapshot_of_a_running_process_keeps_that_moment():
    with _Obedient() as run:
        run.tell("k10")
        first = run.snapshot("--label", "ten blocks")
        run.tell("k20")
        second = run.snapshot()
        grown = _total(second, "live_bytes") - _total(first, "live_bytes")
        harness.equal(grown, 20 * 100, "growth")
        harness.equal(harness.info(first)["file"]["label"], "ten blocks", "label")
        harness.equal(harness.info(first)["process"]["state"], "running", "state")
        assert harness.info(first)["process"]["rss_bytes"] > 0, "no resident set"
        row = harness.only_row(harness.diff(first, second, "--by", "function"), function="site_keep")
        harness.equal((row["live_bytes_delta"], row["live_blocks_delta"]), (2000, 20), "difference")
        run.end()


def snapshot_names_count_up_and_replace_nothing():
    with _Obedient() as run:
        names = [os.path.basename(run.snapshot()) for _ in range(3)]
        pid = run.process.pid
        harness.equal(names, [f"obedient.{pid}.{n}.snap" for n in (1, 2, 3)], "names")
        memtrace("snapshot", "-o", os.path.join(run.where, names[0]), pid, status=1)
        run.end()


def snapshot_of_a_file_equals_the_file():
    with _Obedient() as run:
        run.tell("k7")
        run.tell("k-3")
        run.tell("t2")
        run.end()
        file = run.file()
        kept = memtrace("snapshot", "-o", run.where, file).strip()
        first, second = harness.report(file), harness.report(kept)
        harness.equal(second["totals"], first["totals"], "totals")
        harness.equal(second["rows"], first["rows"], "rows")
        assert os.path.getsize(kept) < 100_000, os.path.getsize(kept)


def process_and_file_of_it_tell_the_same():
    with _Obedient() as run:
        run.tell("k5")
        harness.equal(harness.info(run.process.pid)["totals"], harness.info(run.file())["totals"], "totals")
        run.end()


def process_whose_file_was_deleted_can_still_be_read():
    with _Obedient() as run:
        run.tell("k5")
        before = harness.info(run.process.pid)["totals"]
        os.unlink(run.file())
        harness.equal(harness.info(run.process.pid)["totals"], before, "totals")
        run.snapshot()
        run.end()


def program_is_neither_stopped_nor_signalled():
    with _Obedient() as run:
        def counts():
            with open(f"/proc/{run.process.pid}/status", encoding="utf-8") as lines:
                return {line.split(":")[0]: line.split()[1:] for line in lines
                        if line.startswith(("State", "voluntary", "nonvoluntary", "TracerPid"))}
        while counts()["State"][0] != "S":
            time.sleep(0.001)
        before = counts()
        run.snapshot()
        memtrace("info", run.process.pid)
        harness.equal(counts(), before, "context switches")
        run.end()


def stopped_recording_leaves_new_blocks_out_and_frees_in():
    with _Obedient() as run:
        run.tell("k10")
        run.control("stop")
        assert not harness.info(run.process.pid)["process"]["is_recording"], "still recording"
        before = _total(run.process.pid, "live_blocks")
        run.tell("k5")
        harness.equal(_total(run.process.pid, "live_blocks"), before, "unrecorded")
        run.tell("k-15")
        harness.equal(_total(run.process.pid, "live_blocks"), before - 10, "frees of known blocks")
        run.control("start")
        run.tell("k3")
        harness.equal(_total(run.process.pid, "live_blocks"), before - 10 + 3, "recorded again")
        run.end()


def reset_peak_starts_from_what_is_live():
    with _Obedient() as run:
        run.tell("f500")
        run.tell("f-500")
        assert _total(run.process.pid, "peak_live_bytes") >= 500_000
        run.control("reset-peak")
        assert _total(run.process.pid, "peak_live_bytes") < 100_000
        run.end()


def asked_process_makes_a_snapshot_of_itself():
    with _Obedient() as run:
        run.tell("k10")
        run.control("snapshot")
        made = [path for path in glob.glob(os.path.join(run.out, "*.snap"))
                if harness.info(path)["file"]["kind"] == "snapshot"]
        harness.equal(len(made), 1, made)
        row = harness.only_row(harness.report(made[0], "--by", "function"), function="site_keep")
        harness.equal(row["live_blocks"], 10, "blocks")
        run.end()


def request_to_an_idle_process_is_said_to_be_open():
    with _Obedient() as run:
        done = subprocess.run([harness.MEMTRACE, "ctl", str(run.process.pid), "stop"],
                              stderr=subprocess.PIPE, timeout=harness.TIMEOUT, check=False)
        harness.equal(done.returncode, 1, "exit status")
        assert b"has not allocated since" in done.stderr, done.stderr
        run.tell("k1")
        run.tell("k1")
        assert not harness.info(run.process.pid)["process"]["is_recording"], "request was lost"
        run.end()


def requests_that_wait_are_all_carried_out_in_their_order():
    with _Obedient() as run:
        run.tell("f500")
        run.tell("f-500")
        asked = run.ask("stop", "snapshot", "reset-peak", "snapshot", "start")
        run.answer(asked)
        first, second = run.made_by_itself()
        harness.equal([facts["process"]["is_recording"] for facts in (first, second)], [False, False],
                      "recording")
        assert first["totals"]["peak_live_bytes"] >= 500_000 > 100_000 > \
            second["totals"]["peak_live_bytes"], (first["totals"], second["totals"])
        assert harness.info(run.process.pid)["process"]["is_recording"], "not started again"
        run.end()


def request_that_finds_eight_waiting_is_refused():
    with _Obedient() as run:
        asked = run.ask(*["snapshot"] * 8)
        done = subprocess.run([harness.MEMTRACE, "ctl", str(run.process.pid), "stop"],
                              stderr=subprocess.PIPE, timeout=harness.TIMEOUT, check=False)
        harness.equal(done.returncode, 1, done.stderr)
        assert b"8 requests wait for its next allocation" in done.stderr, done.stderr
        run.answer(asked)
        harness.equal(len(run.made_by_itself()), 8, "snapshots")
        run.control("stop")
        assert not harness.info(run.process.pid)["process"]["is_recording"], "no room again"
        run.end()


def last_request_of_an_older_controller_is_carried_out():
    with _Obedient() as run:
        run.control("snapshot")
        harness.equal([word >> 8 for word in run.requests()], [1, 1], "numbers")
        os.chmod(run.file(), 0o600)
        with open(run.file(), "r+b") as file:
            file.seek(84)
            file.write(struct.pack("<I", 10 << 8 | 3))  # stop, and nothing at its place
        run.answer()
        assert not harness.info(run.process.pid)["process"]["is_recording"], "still recording"
        harness.equal(len(run.made_by_itself()), 1, "snapshots")
        run.end()


def process_that_is_not_traced_is_told_from_one_that_is_not_there():
    for words in (["snapshot"], ["info"], ["report"]):
        done = subprocess.run([harness.MEMTRACE, *words, str(os.getpid())], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=harness.TIMEOUT, check=False)
        harness.equal(done.returncode, 3, words)
        assert b"is not traced" in done.stderr, done.stderr
        done = subprocess.run([harness.MEMTRACE, *words, "4194305"], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=harness.TIMEOUT, check=False)
        harness.equal(done.returncode, 3, words)
        assert b"no such process" in done.stderr, done.stderr


def states_are_told_apart():
    with _Obedient() as run:
        harness.equal(harness.info(run.file())["process"]["state"], "running", "state")
        run.end()
        harness.equal(harness.info(run.file())["process"]["state"], "exited", "state")
    with _Obedient() as run:
        run.process.kill()
        run.process.wait()
        harness.equal(harness.info(run.file())["process"]["state"], "killed", "state")


def process_whose_first_thread_has_ended_is_still_running():
    source = ("#include <pthread.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
              "static void *go_on(void *p) { for (;;) { free(malloc(10)); usleep(1000); } return p; }\n"
              "int main(void) { pthread_t t; pthread_create(&t, 0, go_on, 0); pthread_exit(0); }\n")
    with Folder() as folder, Run([folder.build("headless", "-pthread", source=source)]) as run:
        pid = run.start().pid
        while _state(pid) != "Z":
            time.sleep(0.001)
        for name in (pid, run.file()):
            harness.equal(harness.info(name)["process"]["state"], "running", name)
        assert harness.info(pid)["process"]["rss_bytes"] > 0, "its memory is not seen"
        memtrace("ctl", pid, "stop")
        harness.equal(json.loads(memtrace("doctor", "--json", pid))["traceable"], True, "doctor")
        run.process.kill()
        run.process.wait()
        harness.equal(harness.info(run.file())["process"]["state"], "killed", "state afterwards")


def program_that_replaced_itself_was_not_killed():
    shell = harness.need("sh")
    with Run([shell, "-c", f"exec {shell} -c 'exec {target('obedient')}'"]) as run:
        run.finish()
        files = harness.files_below(run.out)
        states = [harness.info(path)["process"]["state"] for path in files]
        harness.equal(sorted(states), ["execed", "execed", "exited"], files)


def list_is_sorted_by_time_and_shows_labels():
    with _Obedient() as run:
        run.tell("k10")
        memtrace("snapshot", "-o", os.path.join(run.where, "z.snap"), "--label", "one",
                 run.process.pid)
        run.tell("k10")
        memtrace("snapshot", "-o", os.path.join(run.where, "a.snap"), "--label", "two",
                 run.process.pid)
        with open(os.path.join(run.where, "other.snap"), "wb") as other:
            other.write(b"something else")
        os.mkfifo(os.path.join(run.where, "pipe.snap"))
        listed = json.loads(memtrace("list", "--json", run.where))["files"]
        harness.equal([item["label"] for item in listed], ["one", "two"], "order")
        harness.equal(listed[1]["live_bytes"] - listed[0]["live_bytes"], 1000, "live")
        text = memtrace("list", run.where)
        assert re.search(r"(?m)^\S+ \S+ +\d.*\bsnapshot +one +\S*z\.snap$", text), text
        harness.equal(text.count("\n"), 3, text)
        run.end()


def damaged_file_is_named_and_the_others_are_listed():
    with _Obedient() as run:
        path = run.snapshot("--label", "good")
        shutil.copy(path, os.path.join(run.where, "bad.snap"))
        with open(os.path.join(run.where, "bad.snap"), "r+b") as bad:
            bad.seek(-9, os.SEEK_END)
            bad.write(b"\xff")
        done = subprocess.run([harness.MEMTRACE, "list", run.where], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=harness.TIMEOUT, check=False)
        harness.equal(done.returncode, 3, "exit status")
        assert b"bad.snap" in done.stderr and b"good" in done.stdout, done
        run.end()


def closed_pipe_is_no_error_and_a_full_disk_is_one():
    with _Obedient() as run:
        run.tell("k3")
        run.end()
        for words in (["info"], ["info", "--json"], ["report", "--limit", "0"], ["leaks"]):
            command = [harness.MEMTRACE, *words, run.file()]
            reader, writer = os.pipe()
            os.close(reader)
            done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, check=False,
                                  timeout=harness.TIMEOUT, restore_signals=False)
            os.close(writer)
            harness.equal(done.stderr, b"", words)
            with open("/dev/full", "wb") as full:
                done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False,
                                      timeout=harness.TIMEOUT)
            harness.equal(done.returncode, 1, words)
            assert b"No space left" in done.stderr, done.stderr


def books_of_the_tracer_agree():
    with _Obedient() as run:
        run.tell("k1000")
        run.tell("k-300")
        run.tell("r20")
        run.tell("t5")
        found = json.loads(memtrace("info", "--verify", "--json", run.process.pid))
        assert found["agrees"] and found["busy_site_count"] == 0, found
        harness.equal(found["live_blocks"], _total(run.process.pid, "live_blocks"), "blocks")
        harness.equal(found["live_bytes"], _total(run.process.pid, "live_bytes"), "bytes")
        run.end()


def _members(value, below=""):
    """Names of all members of a document, those of nested ones as parent.name."""
    names = set()
    for name, inner in value.items() if isinstance(value, dict) else ():
        names.add(below + name)
        for part in inner if isinstance(inner, list) else [inner]:
            names |= _members(part, f"{name}.")
    return names


def every_member_of_the_json_output_is_documented():
    with open(os.path.join(harness.SOURCE, "docs", "JSON.md"), encoding="utf-8") as page:
        text = page.read()
    with Run([harness.need("sh"), "-c", f"mkdir -p kept && {target('client_calls')} kept & wait; :"]) as run:
        run.finish()
        documents = [harness.info(path) for path in run.files()]
        documents.append(json.loads(memtrace("list", "--json", run.out)))
    with _Obedient() as run:
        documents.append(json.loads(memtrace("info", "--verify", "--json", run.process.pid)))
        documents.append(json.loads(memtrace("doctor", "--json", run.process.pid)))
        run.end()
    names = set().union(*map(_members, documents))
    assert "process.parent_pid" in names and "marks.text" in names, names
    missing = sorted(name for name in names if f"`{name.split('.')[-1]}`" not in text)
    harness.equal(missing, [], "members")


def file_alone_is_reported_on():
    with _Obedient() as run:
        run.tell("k10")
        run.end()
        harness.equal(memtrace(run.file()), memtrace("report", run.file()), "report")


harness.main(globals())
