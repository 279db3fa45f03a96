# SPDX-License-Identifier: Apache-2.0
"""What a command did, as a record that can be compared: status, output, files, descriptors, signals.

The same command is run without the shim and in each traced mode, each time in an empty folder of the same
name and with an environment of the same size, so that nothing but the shim can make a difference.
`Place().compare(command)` returns the differences as text; none is what is wanted.
"""
import ctypes
import hashlib
import os
import re
import resource
import shutil
import signal
import stat
import tempfile
import threading

import harness

SHIM = os.path.join(harness.BUILD, "preload", "libmemtrace.so")
# Every mode sets the same variables to values of the same length: stacks begin at the same address.
MODES = {
    "plain": {"MEMTRACE_SAMPLE": "0000", "MEMTRACE_REPORT_INVALID": "0"},
    "exact": {"MEMTRACE_SAMPLE": "0000", "MEMTRACE_REPORT_INVALID": "0"},
    "sampled": {"MEMTRACE_SAMPLE": "004K", "MEMTRACE_REPORT_INVALID": "0"},
    "invalid": {"MEMTRACE_SAMPLE": "0000", "MEMTRACE_REPORT_INVALID": "1"},
}
TRACED = ("exact", "sampled")
FIELDS = ("status", "stdout", "stderr", "files", "descriptors", "state")
TIMEOUT = 120  # seconds; only against hanging for ever

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
_LIBC.ptrace.restype = ctypes.c_long
_TRACEME, _CONT, _SETOPTIONS = 0, 7, 0x4200
_OPTION_EXEC, _OPTION_EXIT, _OPTION_KILL = 1 << 4, 1 << 6, 1 << 20
_EVENT_EXIT = 6
_WAIT_ALL = 0x40000000  # __WALL
_NO_RANDOM_ADDRESSES = 0x0040000


class Record(dict):
    """FIELDS of one run. `traces` beside them: how many trace files came of it."""

    traces = 0


def environment(mode, folder, extra):
    """Variables of a mode. Without the shim the same ones have names that mean nothing."""
    env = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "HOME": folder, "LANG": "C.UTF-8",
           "TZ": "UTC", "LD_PRELOAD": SHIM, "MEMTRACE_OUT": os.path.join(folder, "out"),
           **MODES[mode], **(extra or {})}
    if mode != "plain":
        return env
    return {name.replace("LD_PRELOAD", "NO_PRELOAD").replace("MEMTRACE", "UNTRACED"): value
            for name, value in env.items()}


def _child(command, env, cwd, files, fixed_addresses):
    """In the forked child: becomes the command, watched by its parent."""
    try:
        for number, name, flags in files:
            os.dup2(os.open(name, flags, 0o600), number)
        os.closerange(3, 1024)
        os.chdir(cwd)
        os.umask(0o022)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        for number in (signal.SIGPIPE, signal.SIGINT, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if fixed_addresses and _LIBC.personality(_NO_RANDOM_ADDRESSES) < 0:
            os._exit(126)
        _LIBC.ptrace(_TRACEME, 0, None, None)
        os.execve(command[0], command, env)
    finally:
        os._exit(127)


def _descriptors(pid, folder):
    """Number -> what it is, without the numbers of pipes, sockets, terminals and processes."""
    found = {}
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            name = os.readlink(f"/proc/{pid}/fd/{number}")
        except OSError:
            continue
        name = re.sub(r":\[\d+\]", "", name).replace(folder, "")
        name = re.sub(r"/#\d+ \(deleted\)", "/# (deleted)", name)
        name = re.sub(r"/dev/pts/\d+", "/dev/pts/N", name)
        found[int(number)] = re.sub(r"/proc/\d+", "/proc/PID", name)
    return found


def _state(pid, folder):
    """What else a process has that a preloaded library could have changed."""
    with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as lines:
        words = dict(line.rstrip("\n").split(":\t", 1) for line in lines if ":\t" in line)
    state = {name: words[name] for name in ("SigBlk", "SigIgn", "SigCgt", "Umask", "Uid", "Gid")}
    state["cwd"] = os.readlink(f"/proc/{pid}/cwd").replace(folder, "")
    return state


def _watch(pid, folder, record):
    """Lets a child run; looks at it in the moment before it goes. Returns its wait status."""
    while True:
        status = os.waitpid(pid, _WAIT_ALL)[1]
        if not os.WIFSTOPPED(status):
            return status
        number, event = os.WSTOPSIG(status), status >> 16
        if event == _EVENT_EXIT:
            record["descriptors"] = _descriptors(pid, folder)
            record["state"] = _state(pid, folder)
        _LIBC.ptrace(_CONT, pid, None, None if event else number)


def _files(root, folder):
    """Path -> kind, mode and contents of all that lies below a folder."""
    found = {}
    for parent, folders, names in os.walk(root):
        for name in sorted(folders + names):
            path = os.path.join(parent, name)
            info = os.lstat(path)
            text = ""
            if stat.S_ISLNK(info.st_mode):
                text = os.readlink(path).replace(folder, "")
            elif stat.S_ISREG(info.st_mode):
                with open(path, "rb") as file:
                    text = hashlib.sha256(file.read()).hexdigest()
            found[os.path.relpath(path, root)] = (oct(info.st_mode), text)
    return found


class Place:
    """A folder where one command is run again and again; use it in a `with`."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="memtrace-outcome-")
        self.work = os.path.join(self.folder, "work")
        self.out = os.path.join(self.folder, "out")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        shutil.rmtree(self.folder, ignore_errors=True)

    def _read(self, name):
        with open(os.path.join(self.folder, name), "rb") as file:
            return file.read()

    def _start(self, command, mode, env, stdin, fixed_addresses):
        for folder in (self.work, self.out):
            shutil.rmtree(folder, ignore_errors=True)
            os.mkdir(folder)
        for name, data in (("stdin", stdin), ("stdout", b""), ("stderr", b"")):
            with open(os.path.join(self.folder, name), "wb") as file:
                file.write(data)
        files = [(0, os.path.join(self.folder, "stdin"), os.O_RDONLY),
                 (1, os.path.join(self.folder, "stdout"), os.O_WRONLY | os.O_APPEND),
                 (2, os.path.join(self.folder, "stderr"), os.O_WRONLY | os.O_APPEND)]
        variables = environment(mode, self.folder, env)
        return lambda: _child(command, variables, self.work, files, fixed_addresses)

    def run(self, command, mode="plain", prepare=None, stdin=b"", env=None, fixed_addresses=False,
            normalise=None):
        """Runs the command in an empty folder, which prepare(folder) may fill, and returns its record.

        A first word without "/" is looked for as harness.need() does. fixed_addresses: without randomised
        addresses. normalise(bytes) is applied to stdout and stderr.
        """
        command = [str(word) for word in command]
        if "/" not in command[0]:
            command[0] = harness.need(command[0])
        become = self._start(command, mode, env, stdin, fixed_addresses)
        if prepare:
            prepare(self.work)
        record = Record.fromkeys(FIELDS)
        pid = os.fork()
        if pid == 0:
            become()
        timer = threading.Timer(TIMEOUT, os.kill, (pid, signal.SIGKILL))
        timer.start()
        try:
            status = os.waitpid(pid, _WAIT_ALL)[1]
            if os.WIFSTOPPED(status):
                _LIBC.ptrace(_SETOPTIONS, pid, None, _OPTION_EXEC | _OPTION_EXIT | _OPTION_KILL)
                _LIBC.ptrace(_CONT, pid, None, None)
                status = _watch(pid, self.folder, record)
        finally:
            timer.cancel()
        record["status"] = os.waitstatus_to_exitcode(status)  # negative: the signal
        record["files"] = _files(self.work, self.folder)
        for name in ("stdout", "stderr"):
            record[name] = (normalise or bytes)(self._read(name))
        record.traces = len(harness.files_below(self.out))
        return record

    def compare(self, command, modes=TRACED, unsteady=(), must_trace=True, status=None, **options):
        """Differences between the plain run and the others, as lines of text.

        unsteady: fields that differ from one plain run to the next as well, and are not compared. A difference
        is reported only if another plain run agrees with the first one. status: what the plain run must return.
        """
        plain = self.run(command, "plain", **options)
        if status is not None and plain["status"] != status:
            return [f"plain: status {plain['status']}, not {status}: {plain['stderr'][-600:]!r}"]
        found = []
        for mode in modes:
            traced = self.run(command, mode, **options)
            if must_trace and not traced.traces:
                found.append(f"{mode}: no trace file")
            differ = [field for field in FIELDS
                      if field not in unsteady and plain[field] != traced[field]]
            if differ:
                again = self.run(command, "plain", **options)
                found += [f"{mode}: {field}: {describe(plain[field], traced[field])}"
                          for field in differ if again[field] == plain[field]]
        return found


def describe(plain, traced):
    """A difference, shortly."""
    if isinstance(plain, dict) and isinstance(traced, dict):
        return "; ".join(f"{key}: {plain.get(key)!r}, traced {traced.get(key)!r}"
                         for key in sorted({*plain, *traced}, key=str)
                         if plain.get(key) != traced.get(key))
    return f"{plain!r:.600}, traced {traced!r:.600}"
