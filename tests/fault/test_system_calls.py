# SPDX-License-Identifier: Apache-2.0
"""Whichever system call of the shim fails, the program does not notice, and no number is wrong unsaid."""
import collections
import concurrent.futures
import errno
import glob
import os
import re

import fault
import harness

NOT_POSSIBLE = 125  # of inject
# What the kernel, or somebody's filter, may answer. The first one is tried at each occurrence.
ERRORS = {
    "close": [errno.EIO],
    "fallocate": [errno.ENOSPC, errno.EOPNOTSUPP],
    "fchmod": [errno.EPERM, errno.EROFS],
    "fchmodat": [errno.EPERM, errno.EROFS],
    "fstat": [errno.EIO],
    "ftruncate": [errno.EFBIG, errno.EPERM, errno.ENOSPC],
    "getcwd": [errno.ENOENT, errno.ERANGE],
    "getpid": [errno.EPERM],
    "gettid": [errno.EPERM],
    "linkat": [errno.EPERM, errno.EACCES, errno.ENOSYS],
    "madvise": [errno.EFAULT, errno.EINVAL, errno.ENOMEM, errno.EAGAIN, errno.ENOSYS],
    "mkdirat": [errno.EACCES, errno.ENOSPC, errno.EROFS],
    "mmap": [errno.ENOMEM, errno.ENODEV, errno.EAGAIN, errno.EPERM],
    "mprotect": [errno.ENOMEM, errno.EACCES],
    "mremap": [errno.ENOMEM, errno.EFAULT, errno.EINVAL],
    "munlock": [errno.ENOMEM, errno.EPERM],
    "munmap": [errno.ENOMEM],
    "openat": [errno.EMFILE, errno.EACCES, errno.ENOSPC, errno.EINTR, errno.ELOOP],
    "prctl": [errno.EINVAL],
    "prlimit64": [errno.EPERM],
    "pwrite64": [errno.ENOSPC, errno.EIO, errno.EDQUOT],
    "pwritev": [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.ENOSYS],
    "read": [errno.EIO, errno.EACCES],
    "readlinkat": [errno.EACCES, errno.ENOENT],
    "renameat2": [errno.EINVAL],
    "sched_getaffinity": [errno.ENOSYS],
    "sigaltstack": [errno.EPERM],
    "tkill": [errno.EPERM, errno.EINVAL],
    "unlinkat": [errno.EACCES],
}
# Made for the program, which is told how they end, or named only to be compared with.
NOT_TRIED = {"mlock2", "mlockall", "munlockall", "clock_gettime", "newfstatat"}
# What a call may answer once and then no more.
PASSING = {"madvise": [errno.EINTR], "pwritev": [errno.EINTR], "pwrite64": [errno.EINTR],
           "read": [errno.EINTR]}
CALLS_ALL = 40  # of more occurrences than that some are left out


def _command(stage, preload, *options):
    marked = [] if stage == "start" else ["-m"]
    return [fault.program("inject"), *marked, *options, "-p", preload, fault.program("stages"),
            stage]


def _outcome(trial, stage, preload, *options, env=None):
    status, stdout = trial.run(_command(stage, preload, *options), env)
    if status == NOT_POSSIBLE:
        raise harness.Skip(trial.stderr.strip())
    return status, stdout


def _untraced(stage):
    with fault.Trial() as trial:
        return _outcome(trial, stage, harness.COUNTING)


def _log(trial):
    with open(os.path.join(trial.folder, "log"), encoding="ascii") as lines:
        return [line.strip() for line in lines]


def _calls(stage):
    """How often the shim makes each call in a stage."""
    with fault.Trial() as trial:
        _outcome(trial, stage, f"{harness.COUNTING}:{fault.SHIM}", "-l",
                 os.path.join(trial.folder, "log"))
        fault.check_files(trial)
        counts = collections.Counter(_log(trial))
    del counts["mark"]
    return counts


def _same_outcome(found, wanted, call):
    """A descriptor whose close() fails here stays open, which no kernel does."""
    if call == "close":
        found, wanted = [(status, [line for line in text.splitlines()
                                   if not line.startswith("descriptors")])
                         for status, text in (found, wanted)]
    harness.equal(found, wanted, "outcome")


def _check_snapshots(stage, left, call):
    """Each of the four is there or counted."""
    if stage != "snapshot":
        return
    made = [facts for facts in left if facts["file"]["kind"] == "snapshot"]
    lost = sum(harness.drops(facts).get("snapshots", 0) for facts in left
               if facts["file"]["kind"] == "trace")
    if call != "unlinkat" and left:
        harness.equal(len(made) + lost, 4, "snapshots made and counted as missing")


def _try(stage, wanted, call, nth, code):
    """One run; returns whether the call was ever made."""
    with fault.Trial() as trial:
        what = f"{stage}: {call}:{nth}:{errno.errorcode[code]}"
        found = _outcome(trial, stage, f"{harness.COUNTING}:{fault.SHIM}", "-f",
                         f"{call}:{nth}:{code}", "-l", os.path.join(trial.folder, "log"))
        try:
            _same_outcome(found, wanted, call)
            if call == "getpid":  # whose a file is cannot be known then
                trial.left()
            else:
                can_tell = stage != "exec" or nth != "1+"
                _check_snapshots(stage, fault.check_files(trial, can_tell), call)
        except AssertionError as wrong:
            raise AssertionError(f"{what}: {wrong}") from wrong
        return "failed" in _log(trial)


def _occurrences(count):
    """All, or where there are many the first ones and ever fewer of the others."""
    chosen, n = [], 1
    while n <= count:
        chosen.append(n)
        n += 1 if count <= CALLS_ALL or n < 5 else n // 2
    return chosen


def _trials(counts):
    for call, count in counts.items():
        for nth in _occurrences(count):
            yield call, nth, ERRORS[call][0]
        for code in ERRORS[call]:
            yield call, "1+", code
        for code in PASSING.get(call, []):
            yield call, 1, code
            yield call, count, code


def _stage(stage, only=None):
    wanted, counts = _untraced(stage), _calls(stage)
    for call in set(counts) - set(only or counts):
        del counts[call]
    trials = list(_trials(counts))
    failures, made = [], 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(_try, stage, wanted, *trial) for trial in trials]
    for job in jobs:
        try:
            made += job.result()
        except AssertionError as wrong:
            failures.append(str(wrong))
    assert not failures, f"{len(failures)} of {len(trials)}:\n" + "\n".join(failures[:20])
    assert made > len(trials) * 0.9, f"only {made} of {len(trials)} calls were made"
    return f"{len(trials)} failures of {len(counts)} calls"


def start_survives_each():
    return _stage("start")


def growth_survives_each():
    return _stage("grow")


def walking_stacks_and_libraries_survives_each():
    return _stage("walk")


def new_threads_survive_each():
    return _stage("thread")


def forked_children_survive_each():
    return _stage("fork")


def forked_children_of_large_processes_survive_each():
    """What a child has to do besides what one of a small process has."""
    return _stage("fork_grown", only=("mmap", "mremap", "munmap"))


def snapshots_survive_each():
    return _stage("snapshot")


def locking_survives_each():
    """Where what is mapped is locked at once there are two calls more."""
    return _stage("lock", only=("mmap", "mprotect", "munlock"))


def executed_images_survive_each():
    return _stage("exec")


def no_call_of_the_shim_is_left_out():
    named, listed = set(), set()
    for path in glob.glob(os.path.join(harness.SOURCE, "preload", "*.[ch]")):
        with open(path, encoding="utf-8") as text:
            named |= set(re.findall(r"\bSYS_(\w+)", text.read()))
    with open(os.path.join(harness.SOURCE, "tests", "fault", "calls.c"), encoding="utf-8") as text:
        listed = set(re.findall(r"\bCALL\((\w+)\),", text.read()))
    harness.equal(named - listed - NOT_TRIED, set(), "not in calls.c")
    harness.equal(named - set(ERRORS) - NOT_TRIED - {"write", "rt_sigaction"}, set(), "without errors")


def calls_of_libc_on_behalf_of_the_shim_may_fail():
    """Where something is said, where a name is made up, and where a signal is taken."""
    nowhere = {"MEMTRACE_OUT": "/nonexistent/folder/name"}
    trials = [(nowhere, "write"), (nowhere, "@poll"), (nowhere, "@rt_sigpending"),
              (nowhere, "@rt_sigprocmask"), ({"MEMTRACE_SNAPSHOT_SIGNAL": "USR1"}, "@rt_sigaction"),
              ({"MEMTRACE_OUT": "%h-%p"}, "@uname"), ({"MEMTRACE_RSS": "1"}, "read"),
              ({"MEMTRACE_CMDLINE": "1"}, "openat")]
    wanted = _untraced("start")
    for env, call in trials:
        with fault.Trial() as trial:
            found = _outcome(trial, "start", fault.SHIM, "-f", f"{call}:1+:{errno.EPERM}", "-l",
                             os.path.join(trial.folder, "log"), env=env)
            harness.equal(found, wanted, call)
            assert "failed" in _log(trial), f"{call} was not made"
            assert not trial.stderr or fault.NO_FILE.fullmatch(trial.stderr), trial.stderr


harness.main(globals())
