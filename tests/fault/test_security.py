# SPDX-License-Identifier: Apache-2.0
"""Files are for their owner's eyes and hold nothing of the program's; other people's files and processes lead nobody astray."""
import glob
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time

import fault
import harness
from fault import refused
from harness import memtrace

SECRET = "correct-horse-battery-staple"
OTHER_USER = 65534


class _Holder:
    """A program that is full of a secret, while it runs."""

    def __init__(self, program=None, front=(), preload=fault.SHIM, umask=-1, **env):
        self.folder = tempfile.mkdtemp(prefix="memtrace-test-")
        os.chmod(self.folder, 0o777)
        self.out = os.path.join(self.folder, "out")
        os.mkdir(self.out)
        env = {"PATH": "/usr/bin:/bin", "MEMTRACE_OUT": self.out, "PASSWORD": SECRET, **env}
        if preload:
            env["LD_PRELOAD"] = preload
        self.process = subprocess.Popen(
            [*front, program or fault.program("holds_a_secret"), SECRET], cwd=self.folder, env=env,
            umask=umask, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.pid = self.process.pid
        self.is_secure = self.process.stdout.readline().strip() == b"1"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.folder)

    def end(self):
        self.process.stdin.close()
        self.process.stdin = None
        harness.equal(self.process.wait(), 0, self.process.stderr.read())

    def file(self):
        paths = [path for path in harness.files_below(self.out)]
        harness.equal(len(paths), 1, paths)
        return paths[0]


def _data(path):
    """What a file holds besides its holes."""
    data, at = b"", 0
    with open(path, "rb") as file:
        while at < os.fstat(file.fileno()).st_size:
            try:
                start = os.lseek(file.fileno(), at, os.SEEK_DATA)
            except OSError:  # a hole up to the end
                break
            at = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            data += os.pread(file.fileno(), at - start, start)
    return data


def nothing_of_the_program_is_stored():
    with _Holder() as holder:
        kept = memtrace("snapshot", "-o", holder.out, holder.pid).strip()
        holder.end()
        paths = glob.glob(holder.out + "/*")
        harness.equal(len(paths), 3, f"trace file, snapshot of itself, {kept}: {paths}")
        for path in paths:
            data = _data(path)
            assert b"holds_a_secret" in data, f"{path}: {len(data)} bytes read"
            assert SECRET.encode() not in data, path
    with _Holder(MEMTRACE_CMDLINE="1") as holder:
        holder.end()
        assert SECRET in memtrace("info", holder.file()), "the command line was asked for"
        assert SECRET.encode() in _data(holder.file())


def files_are_for_their_owner_only():
    with _Holder(umask=0) as holder:
        kept = memtrace("snapshot", "-o", holder.out, holder.pid).strip()
        modes = {path: stat.S_IMODE(os.stat(path).st_mode) for path in glob.glob(holder.out + "/*")}
        harness.equal(sorted(modes.values()), [0o400, 0o400, 0o600], modes)
        harness.equal(modes[kept], 0o600, kept)
    with fault.Trial() as trial:
        old = os.umask(0)
        trial.run([fault.program("stages"), "fork"], {"LD_PRELOAD": fault.SHIM})
        os.umask(old)
        for path in glob.glob(trial.out + "/**", recursive=True):
            mode = stat.S_IMODE(os.stat(path).st_mode)
            if path.rstrip("/") != trial.out:
                harness.equal(mode, 0o700 if os.path.isdir(path) else 0o400, path)


def folder_of_children_that_others_may_write_to_is_not_used():
    """Its name can be known beforehand: it may be somebody else's, open to all, or a link to another place."""
    def make(path, elsewhere):
        return {"other's": lambda: (os.mkdir(path, 0o700), os.chown(path, 65534, 65534)),
                "open": lambda: (os.mkdir(path), os.chmod(path, 0o777)),
                "link": lambda: os.symlink(elsewhere, path)}

    for kind in ("other's", "open", "link") if os.geteuid() == 0 else ("open", "link"):
        with fault.Trial() as trial:
            name = os.path.join(trial.out, "one.snap")
            elsewhere = os.path.join(trial.folder, "elsewhere")
            os.mkdir(elsewhere, 0o700)
            make(name + ".d", elsewhere)[kind]()
            status, _ = trial.run([fault.program("stages"), "fork"],
                                  {"LD_PRELOAD": fault.SHIM, "MEMTRACE_OUT": name})
            harness.equal(status, 7, kind)
            harness.equal(os.listdir(name + ".d"), [], kind)
            assert harness.drops(harness.info(name)).get("children", 0) > 0, kind


def what_stands_in_the_place_of_a_file_is_not_written_to():
    """A file, a link to one, and a link to nothing: the trace file takes the next number."""
    with fault.Trial() as trial:
        precious = os.path.join(trial.folder, "precious")
        with open(precious, "w", encoding="ascii") as out:
            out.write("precious")
        name = os.path.join(trial.out, "one")
        shutil.copy(precious, name)
        os.symlink(precious, name + ".1")
        os.symlink(os.path.join(trial.folder, "nowhere"), name + ".2")
        os.mkfifo(name + ".3")
        os.mkdir(name + ".4")
        trial.run([fault.program("stages"), "snapshot"],
                  {"LD_PRELOAD": fault.SHIM, "MEMTRACE_OUT": name})
        harness.equal(harness.info(name + ".5")["file"]["kind"], "trace", "first free name")
        for path in (precious, name):
            with open(path, encoding="ascii") as text:
                harness.equal(text.read(), "precious", path)
        assert not os.path.lexists(os.path.join(trial.folder, "nowhere"))
        refused("snapshot", "-o", name, os.path.join(trial.out, "none"))
        done = subprocess.run([harness.MEMTRACE, "snapshot", "-o", name, name + ".5"],
                              stderr=subprocess.PIPE, check=False)
        assert done.returncode != 0 and b"exists already" in done.stderr, done.stderr


def program_with_more_rights_than_its_caller_obeys_no_path():
    """Set-user-ID, and linked with the shim, which a loader takes no LD_PRELOAD for then."""
    if os.getuid() != 0:
        raise harness.Skip("needs root")
    with tempfile.TemporaryDirectory(prefix="memtrace-test-") as folder:
        os.chmod(folder, 0o755)
        shim = os.path.join(folder, "libshim.so")
        shutil.copy(fault.SHIM, shim)
        program = os.path.join(folder, "privileged")
        source = os.path.join(harness.SOURCE, "tests", "fault", "holds_a_secret.c")
        subprocess.run([harness.need("gcc"), "-o", program, "-I",
                        os.path.join(harness.SOURCE, "include"), source, shim], check=True)
        os.chown(program, OTHER_USER, -1)
        os.chmod(program, 0o4755)
        with _Holder(program, preload=None, TMPDIR=folder, MEMTRACE_LIVE=folder,
                     MEMTRACE_SESSION=f"{folder}/a.snap.d:1:1") as holder:
            if not holder.is_secure:
                raise harness.Skip("set-user-ID does not count here")
            os.chmod(holder.out, 0o777)
            path = f"/tmp/privileged.{holder.pid}.snap"
            status = os.stat(path)
            holder.end()
            harness.equal((status.st_uid, stat.S_IMODE(status.st_mode)), (OTHER_USER, 0o400), path)
            harness.equal(os.listdir(holder.out), [], "where MEMTRACE_OUT says")
            harness.equal(os.listdir(holder.folder), ["out"], "where the caller stands")
            harness.equal(len(os.listdir(folder)), 2, "where the caller's TMPDIR is")
            for name in glob.glob(path[:-5] + ".*"):
                os.unlink(name)


def process_of_somebody_else_is_refused():
    if os.getuid() != 0:
        raise harness.Skip("needs root")
    other = [harness.need("setpriv"), "--reuid", str(OTHER_USER), "--clear-groups"]
    if subprocess.run([*other, harness.MEMTRACE, "version"], stdout=subprocess.DEVNULL,
                      check=False).returncode != 0:
        raise harness.Skip("other users cannot run this build")
    with _Holder() as holder:
        for words in (["snapshot"], ["report"], ["info"], ["leaks"], ["diff", holder.file()]):
            done = subprocess.run([*other, harness.MEMTRACE, *words, str(holder.pid)], timeout=60,
                                  cwd=holder.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  check=False)
            harness.equal((done.returncode, done.stdout), (3, b""), (words, done.stderr))
            harness.equal(done.stderr.count(b"\n"), 1, done.stderr)
        assert not glob.glob(holder.folder + "/*.snap")
        harness.equal(holder.process.poll(), None, "the process")


def processes_in_odd_states_are_taken_or_refused():
    with _Holder() as holder:
        os.kill(holder.pid, signal.SIGSTOP)
        assert "holds_a_secret" in memtrace("info", holder.pid)
        os.kill(holder.pid, signal.SIGKILL)
        while "Z" not in open(f"/proc/{holder.pid}/stat", encoding="ascii").read().split(")")[1]:
            time.sleep(0.001)
        refused("info", holder.pid, because=str(holder.pid))
    refused("info", holder.pid, because="no such process")
    refused("info", os.getpid(), because="is not traced")
    refused("info", 1 if os.getpid() != 1 else 2)
    # refused as usage or as a process that cannot be
    for pid in ("0", "-1", "4294967297", "99999999999999999999"):
        done = subprocess.run([harness.MEMTRACE, "info", pid], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, check=False)
        assert done.returncode in (2, 3) and not done.stdout, (pid, done)


def process_that_ends_meanwhile_is_taken_or_refused():
    for wait in range(12):
        with fault.Trial() as trial:
            env = {"PATH": "/usr/bin:/bin", "LD_PRELOAD": fault.SHIM, "MEMTRACE_OUT": trial.out}
            process = subprocess.Popen([fault.program("stages"), "grow"], env=env,
                                       stdout=subprocess.DEVNULL)
            time.sleep(wait / 200)
            done = subprocess.run([harness.MEMTRACE, "snapshot", "-o", trial.folder,
                                   str(process.pid)], timeout=60, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
            if done.returncode == 0:
                harness.info(done.stdout.decode().strip())
            else:
                harness.equal((done.returncode, done.stdout, done.stderr.count(b"\n")), (3, b"", 1), done)
            harness.equal(process.wait(), 7, "the process")


def _odd_places(folder):
    def name(text):
        return os.path.join(folder, text)
    os.mkfifo(name("fifo"))
    os.mkdir(name("folder.snap"))
    os.symlink(name("loop"), name("loop"))
    os.symlink(name("nothing"), name("dangling"))
    os.symlink("/dev/zero", name("device"))
    return [name("fifo"), name("loop"), name("dangling"), name("device"), name("folder.snap/"),
            "/dev/full", "/dev/tty", "/proc/self/mem", "/proc/kmsg", "/sys/kernel/notes"]


def what_stands_in_the_place_of_a_trace_file_is_refused():
    with fault.Trial() as trial, _Holder() as holder:
        for path in _odd_places(trial.folder):
            for words in (["info"], ["report"], ["leaks"], ["diff", holder.file()]):
                if path.endswith("/") and words[0] != "info":
                    continue  # a folder of files may be reported on
                refused(*words, path)
            refused("snapshot", "-o", trial.out, path)
        harness.equal(os.listdir(trial.out), [], "left behind")


def what_stands_in_the_place_of_a_module_is_told():
    """The program's file is gone, and something waits in its place that must not be waited for."""
    for make in (os.mkfifo, os.mkdir, lambda path: os.symlink(path, path),
                 lambda path: os.symlink("/dev/zero", path),
                 lambda path: open(path, "wb").close()):
        with harness.Run([]) as run:
            program = os.path.join(run.folder, "app")
            shutil.copy(harness.target("peak"), program)
            run.command = [program]
            run.finish()
            os.unlink(program)
            make(program)
            done = subprocess.run([harness.MEMTRACE, "report", run.file()], timeout=60,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            assert done.returncode == 0 and b"app+0x" in done.stdout, done
            assert b"stay without names" in done.stderr, done.stderr


harness.main(globals())
