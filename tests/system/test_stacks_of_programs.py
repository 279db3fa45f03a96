# SPDX-License-Identifier: Apache-2.0
"""Recorded stacks of real programs: what a fresh walk sees, and what libunwind sees, of every 100th allocation.

The tree of random calls has exceptions, coroutines, signals and libraries that go: see test_call_trees.py.
"""
import os
import pwd
import shutil

import differences
import harness
import programs
from harness import Run, Skip

EVERY = int(os.environ.get("STACKS_EVERY", "100"))
EQUAL_MIN = 0.9999
CHECKS = {"MEMTRACE_CHECK_UNWIND": str(EVERY), "MEMTRACE_CHECK_REPLAY": str(EVERY)}

SQL = """
create table t(a integer primary key, b text, c real);
insert into t select i, 'text' || i, i * 1.5 from generate_series(1, 3000) i;
create index x on t(b);
create function f(n integer) returns integer as 'begin return case when n < 2 then 1 else n * f(n - 1) end; end' language plpgsql;
select count(*), sum(c) from t where b like '%9%';
select b, count(*) from t group by b having f(5) > 1 order by 2 desc, 1 limit 3;
select jsonb_agg(t) from t where a < 100;
select a / (a - 5) from t limit 10;
"""


def _check(run):
    """Each file's comparison, summed; those that are not equal are shown with their code."""
    notes = []
    for name, count in (("libunwind", differences.stacks), ("fresh walk", differences.replay)):
        equal, different = count(*run.files())
        assert equal > 0, f"{name}: nothing compared"
        if different > (1 - EQUAL_MIN) * (equal + different):
            texts = [differences.explain(path) for path in run.files()]
            raise AssertionError(f"{name}: {different} of {equal + different} differ\n" +
                                 "\n".join(text for text in texts if "frame" in text)[:8000])
        notes.append(f"{name}: {equal} equal, {different} not")
    return "; ".join(notes)


def _program(name):
    with Run([], env=CHECKS) as run:
        run.is_exact = False
        programs.prepare(name, run).finish()
        return _check(run)


def jq():
    return _program("jq")


def sqlite3():
    return _program("sqlite3")


def perl():
    return _program("perl")


def python3():
    return _program("python3")


def git_log():
    return _program("git")


def clang():
    return _program("clang")


def node():
    return _program("node")


def _postgres_binaries():
    for version in sorted(os.listdir("/usr/lib/postgresql"), reverse=True) \
            if os.path.isdir("/usr/lib/postgresql") else ():
        path = f"/usr/lib/postgresql/{version}/bin"
        if os.path.exists(f"{path}/initdb"):
            return path
    raise Skip("postgresql is not installed")


def postgres():
    """A new cluster and a session; postgres refuses to run as root."""
    binaries = _postgres_binaries()
    with Run([], env=dict(CHECKS, LD_PRELOAD="", TZ="UTC")) as run:
        run.is_exact = False
        data = os.path.join(run.folder, "data")
        os.mkdir(data, 0o700)
        prefix = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            prefix = [harness.need("setpriv"), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                      "--clear-groups"]
            for path in (run.folder, run.out, data):
                shutil.chown(path, user.pw_uid, user.pw_gid)
        prefix += [harness.need("env"), f"LD_PRELOAD={harness.SHIM}"]
        run.command = [*prefix, f"{binaries}/initdb", "-D", data, "-N", "-A", "trust"]
        run.finish()
        run.command = [*prefix, f"{binaries}/postgres", "--single", "-j", "-F", "-D", data, "postgres"]
        run.stdin = SQL.replace(";\n", ";\n\n").encode()
        run.finish()
        return _check(run)


harness.main(globals())
