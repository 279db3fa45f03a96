# SPDX-License-Identifier: Apache-2.0
"""The trace file under the hands of others, and descriptors that were others' before."""
import os
import re
import shutil
import subprocess
import tempfile

import harness
from harness import Run, need, target

SHIM = os.path.join(harness.BUILD, "preload", "libmemtrace.so")
USER = 65534
READ_BLOCKS_MAX = 1024  # of 512 bytes
# What malloc itself uses, and what a thread's first event needs.
CALLS = {"mmap", "munmap", "mremap", "madvise", "brk", "mprotect", "gettid", "prctl"}


class _Obedient:
    """A traced program of another user that does what it is told; the same user meddles with its file."""

    def __init__(self):
        if os.geteuid() != 0:
            raise harness.Skip("only root can become another user")
        self.run = Run([])
        program = shutil.copy(target("obedient"), self.run.folder)
        shim = shutil.copy(SHIM, self.run.folder)
        os.chmod(self.run.folder, 0o777)
        os.chmod(self.run.out, 0o777)
        self.run.command = [*self.as_user(), need("env"), f"LD_PRELOAD={shim}", program]
        self.run.env["LD_PRELOAD"] = ""
        self.process = self.run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.tell("k100")
        self.path = self.run.file()

    @staticmethod
    def as_user():
        return [need("setpriv"), "--reuid", str(USER), "--regid", str(USER), "--clear-groups"]

    def __enter__(self):
        return self

    def __exit__(self, *what):
        self.run.__exit__(*what)

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        harness.equal(self.process.stdout.readline(), b"ok\n", line)

    def meddle(self, script):
        """Runs a line of shell as the program's user, with $f the trace file; its status."""
        return subprocess.run([*self.as_user(), "/bin/sh", "-c", script], cwd=self.run.out,
                              env={"PATH": "/usr/bin:/bin", "f": self.path}, check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode

    def go_on(self):
        """New stacks, new threads and many blocks; then the end."""
        for line in ("k900", "f1000", "r1000", "t20", "f-500"):
            self.tell(line)
        self.process.stdin.close()
        harness.equal(self.process.wait(harness.TIMEOUT), 0, "status")

    def check_file(self, path):
        document = harness.report(path, "--by", "function")
        harness.check_sums(document)
        blocks = {row["function"]: row["live_blocks"] for row in document["rows"]}
        for name, count in (("site_keep", 1000), ("site_fill", 500), ("site_recurse", 1000),
                            ("site_in_thread", 20)):
            harness.equal(blocks.get(name), count, name)


def the_same_user_cannot_truncate_the_file():
    for script in ("truncate -s 0 $f", "truncate -s 4096 $f", ": > $f", "dd if=/dev/zero of=$f",
                   "fallocate -p -l 8M $f"):
        with _Obedient() as program:
            assert program.meddle(script) != 0, script
            program.go_on()
            program.check_file(program.path)


def a_log_rotation_takes_the_name_and_not_the_file():
    for script in ("mv $f $f.1", "mv $f $f.1; : > $f", "ln $f $f.1; rm -f $f"):
        with _Obedient() as program:
            program.run.is_exact = False  # there may be an empty file of that name
            harness.equal(program.meddle(script), 0, script)
            program.go_on()
            program.check_file(program.path + ".1")


def a_rotation_that_copies_and_truncates_does_neither_harm():
    with _Obedient() as program:
        assert program.meddle("cp $f $f.1 && : > $f") != 0
        program.go_on()
        program.check_file(program.path)


def readers_of_a_file_that_is_written_find_it_whole_and_harm_nobody():
    for script in ("grep -q obedient $f", "cat $f | head -c 256M | grep -q obedient", "cp --sparse=always $f copy"):
        with _Obedient() as program:
            blocks = os.stat(program.path).st_blocks
            with subprocess.Popen([*program.as_user(), "/bin/sh", "-c", script], cwd=program.run.out,
                                  env={"PATH": "/usr/bin:/bin", "f": program.path}) as reader:
                while reader.poll() is None:
                    program.tell("k10")
                    program.tell("k-10")
            harness.equal(reader.returncode, 0, script)
            # the program's own timeline is all that grows
            assert os.stat(program.path).st_blocks - blocks < READ_BLOCKS_MAX, script
            program.go_on()
            program.check_file(program.path)


def a_file_that_is_deleted_while_running_harms_nobody():
    for script in ("rm -f $f", "rm -rf $PWD/*; rmdir $PWD"):
        with _Obedient() as program:
            program.meddle(script)
            program.go_on()


def _calls_between_marks(log):
    """Kinds of system calls of the part between the two marks, by name."""
    names, is_inside, marks = set(), False, 0
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            name = re.match(r"(?:\d+ +)?(\w+)\(", line)
            if name and name[1] == "getppid":
                is_inside, marks = not is_inside, marks + 1
            elif name and is_inside:
                names.add(name[1])
    harness.equal(marks, 2, "marks")
    return names


def descriptors_used_again_are_untouched_and_no_call_is_of_a_new_kind():
    strace = need("strace")
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "calls")
        files = [os.path.join(folder, name) for name in ("first", "second")]
        command = [strace, "-f", "-o", log, "-E", f"LD_PRELOAD={SHIM}", target("unwind_blind")]
        if subprocess.run([strace, "-o", os.devnull, "true"], check=False,
                          stderr=subprocess.DEVNULL).returncode:
            raise harness.Skip("system calls cannot be traced here")
        with Run([*command, *files], env={"LD_PRELOAD": ""}) as run:
            run.finish().check_truth()
            names = _calls_between_marks(log)
        assert "madvise" in names and names <= CALLS, names
        for path in files:
            harness.equal(os.path.getsize(path), 0, path)
    return f"between the marks: {' '.join(sorted(names))}"


harness.main(globals())
