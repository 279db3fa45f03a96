# SPDX-License-Identifier: Apache-2.0
"""`memtrace doctor` says what will limit or does limit tracing, and is right: where a claim is about what is
not recorded, the program is run too."""
import json
import os
import resource
import subprocess

import harness
from examination import examine as _examine, find as _find, none as _none
from harness import MEMTRACE, Run, Skip, memtrace
from made_programs import OTHER_USER, Folder

AS_OTHER_USER = ("setpriv", "--reuid", str(OTHER_USER), "--clear-groups")
SLEEP = "#include <unistd.h>\n"
CALLS = """
#include <stdlib.h>
{declaration}
int main(void) {{ return ({call}) == 0; }}
"""


def _calling(declaration, call):
    return CALLS.format(declaration=declaration, call=call)


# ---- before a run ----

def options_count_behind_a_program_and_behind_a_process_too():
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE) as process:
        for words, status in ((("true",), 0), ((process.pid,), 1)):
            before = json.loads(memtrace("doctor", "--json", *words, status=status))
            behind = json.loads(memtrace("doctor", *words, "--json", "--", "--its", "own", status=status))
            harness.equal(behind["subject"], before["subject"], words)
            assert "usage: memtrace doctor" in memtrace("doctor", *words, "-h"), words
        memtrace("doctor", "true", "--its", status=2)
        process.stdin.close()


def a_program_that_can_be_traced_has_no_problem_and_is_not_started():
    with Folder() as folder:
        program = folder.build("quiet", source="#include <fcntl.h>\nint main(void)"
                               f'{{ return creat("{folder.path}/made", 0600); }}')
        findings = _examine(program, cwd=folder.path)
        assert {row["level"] for row in findings} <= {"ok", "note"}, findings
        _none(findings, "allocator", "ok")
        _find(findings, "ok", "linking", program, "dynamically linked")
        _find(findings, "ok", "privileges", program, "gains no privileges")
        _find(_examine("true"), "ok", "command", "true is /")
        _find(findings, "note", "symbols", "quiet", "no debug information: functions, but no lines")
        assert not os.path.exists(folder.name("made")), "it was started"
        script = folder.write("script", f"#!/bin/sh\n{program}\n".encode())
        _find(_examine(script), "ok", "script", script, "a script for /bin/sh")
        harness.equal(sorted(os.listdir(folder.path)), ["quiet", "quiet.c", "script"], "files")


def programs_of_debian_are_judged_as_they_are():
    for name, note in (("redis-server", "libjemalloc"), ("sqlite3", None), ("git", None),
                       ("node", None), ("clang", None), ("nginx", None)):
        findings = _examine(harness.need(name))
        _none(findings, "unwinding")
        _none(findings, "allocator")
        if note:
            _find(findings, "ok", "allocator", note)
    if os.getuid() == 0:
        findings = _examine("passwd", status=1,
                            front=[harness.need("setpriv"), "--reuid", str(OTHER_USER),
                                   "--clear-groups"])
        _find(findings, "problem", "privileges", "setuid")


def nothing_is_said_of_the_files_of_what_no_tracer_gets_into():
    loader = "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"
    with Folder() as folder:
        for option, check, words in (("-static", "linking", "statically linked"),
                                     ("-static-pie", "linking", "static-PIE"), (loader, "loader", "musl")):
            findings = _examine(folder.build("other", option), status=1)
            _find(findings, "problem", check, words)
            harness.equal([row for row in findings if row["check"] in ("unwinding", "symbols")], [], option)


def a_tracer_that_is_not_there_is_a_problem():
    with Folder() as folder:
        alone = folder.copy("memtrace", MEMTRACE)
        done = subprocess.run([alone, "doctor", "--json", "true"], stdout=subprocess.PIPE, check=False)
        harness.equal(done.returncode, 1, done.stdout)
        _find(json.loads(done.stdout)["findings"], "problem", "preload", "libmemtrace.so not found")


def a_malloc_of_its_own_is_a_problem_and_a_hidden_one_a_warning():
    findings = _examine(harness.target("own_malloc"), status=1)
    _find(findings, "problem", "allocator", "defines malloc itself")
    _none(findings, "allocator", "ok")
    with Folder() as folder:
        hidden = folder.build("hidden", "-fno-builtin", source="#include <stddef.h>\n"
                              '__attribute__((visibility("hidden"))) void *malloc(size_t n)'
                              "{ return n ? (void *)1 : NULL; }\n"
                              "int main(void) { return malloc(3) == NULL; }")
        _find(_examine(hidden), "warning", "allocator", "hidden", "malloc of its own inside")


def an_allocator_in_a_library_is_fine_but_for_its_operator_new():
    with Folder() as folder:
        plain = folder.build("plain", "-l:libjemalloc.so.2", "-Wl,--no-as-needed",
                             source=_calling("", "malloc(7) == NULL"))
        findings = _examine(plain)
        _find(findings, "ok", "allocator", "libjemalloc.so.2", "the tracer comes before it")
        _none(findings, "allocator")
        cxx = folder.build("cxx", "-l:libjemalloc.so.2", compiler="g++",
                           source="int main() { delete new int; }")
        _find(_examine(cxx), "warning", "allocator", "operator new", "libjemalloc.so.2")


def an_allocator_that_keeps_to_itself_is_noted():
    source = "#include <stddef.h>\nvoid *malloc(size_t n) { static char b[9]; return n > 9 ? NULL : b; }"
    with Folder() as folder:
        for name, code, option, is_noted in (("a.so", source, "-Wl,-Bsymbolic", True),
                                             ("b.so", source, "-Wl,-z,now", False),
                                             ("c.so", "int c;", "-Wl,-Bsymbolic", False)):
            library = folder.build(name, "-shared", "-fPIC", "-fno-builtin", option, source=code)
            findings = _examine(folder.build("user", "-Wl,--no-as-needed", library))
            if is_noted:
                _find(findings, "note", "allocator", name, "-Bsymbolic")
            else:
                _none(findings, "allocator", "note")


def of_many_files_three_are_named():
    with Folder() as folder:
        for count, words in ((3, "one, two, three: no unwind"), (5, "one, two, three and 2 more: no unwind")):
            names = ("one", "two", "three", "four", "five")[:count]
            libraries = [folder.build(name, "-shared", "-fPIC", "-fno-asynchronous-unwind-tables",
                                      "-Wl,--no-eh-frame-hdr", source=f"int f_{name}(void) {{ return 1; }}")
                         for name in names]
            findings = _examine(folder.build("user", "-Wl,--no-as-needed", *libraries))
            _find(findings, "warning", "unwinding", words)
            _none(findings, "unwinding", "ok")


def what_a_program_does_beyond_malloc_is_said_and_is_not_seen():
    source = _calling("void *mallocx(size_t, int); void sdallocx(void *, size_t, int);",
                      "mallocx(12345, 0), sdallocx(malloc(777), 777, 0), 1")
    with Folder() as folder:
        program = folder.build("beyond", "-l:libjemalloc.so.2", source=source)
        _find(_examine(program), "warning", "allocator", "beyond", "mallocx, sdallocx")
        with Run([program]) as run:
            run.finish()
            rows = harness.report(run.file(), "--by", "function")["rows"]
            mine = [row for row in rows if row["function"] == "main"]
            harness.equal([(row["alloc_bytes"], row["live_bytes"]) for row in mine], [(777, 777)],
                          "seen of it")


def an_allocator_under_another_name_is_said():
    with Folder() as folder:
        inside = folder.build("inside", source="#include <stddef.h>\n"
                              "void *je_malloc(size_t n) { return (void *)n; }\n"
                              "int main(void) { return je_malloc(1) == NULL; }")
        _find(_examine(inside), "warning", "allocator", "inside", "name of its own")
        hidden = folder.build("hidden", source="#include <stddef.h>\nstatic __attribute__((noinline, used))"
                              " void *je_malloc(size_t n) { return (void *)n; }\n"
                              "int main(void) { return je_malloc(1) == NULL; }")
        _find(_examine(hidden), "warning", "allocator", "hidden", "name of its own")
        outside = folder.build("outside", "-l:libmimalloc.so.2", source=_calling(
            "void *mi_malloc(size_t);", "mi_malloc(1) == NULL"))
        _find(_examine(outside), "warning", "allocator", "outside", "name of its own")


def code_without_unwind_information_is_named():
    options = ["-fno-asynchronous-unwind-tables", "-Wl,--no-eh-frame-hdr"]
    with Folder() as folder:
        bare = folder.build("bare", *options)
        _find(_examine(bare), "warning", "unwinding", "bare: no unwind information")
        folder.build("libbare.so", "-shared", "-fPIC", *options, source="int f(void) { return 1; }")
        user = folder.build("user", folder.name("libbare.so"), "-Wl,-rpath,$ORIGIN",
                            source="int f(void); int main(void) { return f() - 1; }")
        findings = _examine(user)
        _find(findings, "warning", "unwinding", "libbare.so: no unwind information")
        _none(findings, "libraries")
        os.unlink(folder.name("libbare.so"))
        _find(_examine(user), "warning", "libraries", "libbare.so", "is not found")


def libraries_that_a_program_opens_later_are_a_doubt():
    with Folder() as folder:
        opens = folder.build("opens", source=_calling(
            "#include <dlfcn.h>", 'dlopen("libm.so.6", RTLD_NOW) == NULL'))
        _find(_examine(opens), "note", "deepbind", "opens", "RTLD_DEEPBIND")
        apart = folder.build("apart", source="#define _GNU_SOURCE\n" + _calling(
            "#include <dlfcn.h>", 'dlmopen(LM_ID_NEWLM, "libm.so.6", RTLD_NOW) == NULL'))
        _find(_examine(apart), "warning", "namespaces", "apart", "dlmopen")


def missing_names_are_noted_until_a_debug_file_is_there():
    with Folder() as folder:
        program = folder.build("named", "-g")
        assert "named" not in str([row for row in _examine(program) if row["check"] == "symbols"])
        subprocess.run(["objcopy", "--only-keep-debug", program, program + ".debug"], check=True)
        subprocess.run(["strip", program], check=True)
        _find(_examine(program), "note", "symbols", "named", "no symbols")
        data = folder.build("libdata.so", "-shared", "-nostdlib", "-s", source="int data = 1;")
        user = folder.build("user", "-Wl,--no-as-needed", data)
        assert "libdata" not in str(_examine(user)), "there is nothing in it that has a name"
        subprocess.run(["objcopy", f"--add-gnu-debuglink={program}.debug", program], check=True)
        assert "named" not in str([row for row in _examine(program) if row["check"] == "symbols"])


def a_file_that_cannot_be_read_is_said_to_be_unknown():
    if os.getuid() != 0:
        raise Skip("needs root")
    with Folder() as folder:
        program = folder.build("secret")
        os.chmod(program, 0o711)
        _find(_examine(program, front=AS_OTHER_USER), "warning", "unreadable", "secret")


# ---- the place of the trace file, limits, the kernel ----

def a_place_that_takes_no_file_is_a_problem():
    with Folder() as folder:
        _find(_examine("--output", folder.name("no/where"), "true", status=1), "problem", "output",
              "No such file")
        _find(_examine("--live", folder.write("file", b""), "true", status=1), "problem", "output",
              "not a folder")
        _find(_examine("--output", "/proc", "true", status=1), "problem", "output", "/proc")
        env = dict(os.environ, MEMTRACE_OUT=folder.name("no/where"))
        _find(_examine("true", status=1, env=env), "problem", "output", "No such file")
        _find(_examine("--output", folder.path, "true", env=env), "ok", "output", folder.path)
        harness.equal(os.listdir(folder.path), ["file"], "left behind")
        if os.getuid() != 0:
            raise Skip("the rest needs root")
        _find(_examine("--output", folder.path, "true", status=1, front=AS_OTHER_USER), "problem", "output",
              "Permission denied")
        _find(_examine("true", front=AS_OTHER_USER, cwd=folder.path), "note", "output",
              "the trace file will be in /tmp")


def a_small_or_full_file_system_is_said():
    with Folder() as folder:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", folder.path],
                          stderr=subprocess.DEVNULL, check=False).returncode:
            raise Skip("mounting a small file system needs root")
        try:
            findings = _examine("--live", folder.path, "true")
            _find(findings, "warning", "output", "memory file system of only 1024 KiB")
            _find(findings, "warning", "output", "1024 KiB free")
            folder.write("fill", b"\1" * (1 << 20))
            _find(_examine("--live", folder.path, "true", status=1), "problem", "output",
                  "No space left")
        finally:
            subprocess.run(["umount", folder.path], check=True)


def each_limit_is_told_with_its_size():
    mib = 1 << 20
    for number, size, level, words in (
            (resource.RLIMIT_FSIZE, 2 * mib, "problem", "file size limited to 2048 KiB"),
            (resource.RLIMIT_FSIZE, 20 * mib, "warning", "file size limited to 20.0 MiB"),
            (resource.RLIMIT_AS, 60000 * mib, "note", "address space limited to 58.6 GiB"),
            (resource.RLIMIT_DATA, 50 * mib, "warning", "data limited to 50.0 MiB")):
        done = _examine("true", status=int(level == "problem"),
                        preexec_fn=lambda n=number, s=size: resource.setrlimit(n, (s, s)))
        _find(done, level, "limits", words)
    _find(_examine("true"), "ok", "limits", "no resource limit")


def limits_that_cannot_be_read_are_not_praised():
    with Folder() as folder:
        denies = _denying(folder, "SYS_prlimit64", 0, 0, "EPERM")
        none = [row for row in _examine("true", front=[denies]) if row["check"] == "limits"]
        harness.equal(none, [], "limits")


def who_may_read_the_memory_of_a_process_is_said():
    if os.getuid() != 0:
        raise Skip("needs root")
    # a kernel of that setting, or what looks like one
    script = ("mount -t tmpfs none /proc/sys/kernel && mkdir /proc/sys/kernel/yama && "
              'echo $0 >/proc/sys/kernel/yama/ptrace_scope && exec "$@"')
    for scope in (0, 1, 3):
        front = ("unshare", "--mount", "sh", "-c", script, str(scope))
        _none(_examine("true", front=front), "ptrace", "note")
        findings = _examine("true", front=(*front, *AS_OTHER_USER))
        if scope == 0:
            _none(findings, "ptrace", "note")
        else:
            _find(findings, "note", "ptrace", f"ptrace_scope is {scope}")


def what_is_preloaded_already_is_named():
    with Folder() as folder:
        other = folder.build("other.so", "-shared", "-fPIC", source="int other;")
        env = dict(os.environ, LD_PRELOAD=f"{other} {folder.name('lost.so')}")
        findings = _examine("true", env=env)
        _find(findings, "note", "preload", other, "behind the tracer")
        _find(findings, "warning", "preload", "lost.so", "no such library")


# Starts a program for which one system call fails where one argument has a value, or some bits.
DENIES = """
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#define LOAD(what) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, what))
int main(int argc, char **argv)
{
	struct sock_filter lines[] = {
		LOAD(nr), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NUMBER, 0, 3),
		LOAD(args[ARGUMENT]), BPF_JUMP(BPF_JMP | TEST | BPF_K, VALUE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ERROR),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {6, lines};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter))
		return 99;
	return argc > 1 ? execvp(argv[1], argv + 1) : 0;
}
"""


def _denying(folder, number, argument, value, error, test="BPF_JEQ"):
    return folder.build("denies", f"-DNUMBER={number}", f"-DARGUMENT={argument}", f"-DVALUE={value}",
                        f"-DERROR={error}", f"-DTEST={test}", source=DENIES)


def a_kernel_that_cannot_reserve_pages_is_said():
    with Folder() as folder:
        denies = _denying(folder, "SYS_madvise", 2, 23, "EINVAL")
        _find(_examine("true", front=[denies]), "warning", "kernel", "MADV_POPULATE_WRITE")


def a_file_system_that_cannot_map_files_is_a_problem():
    with Folder() as folder:
        denies = _denying(folder, "SYS_mmap", 3, "MAP_SHARED", "ENODEV", "BPF_JSET")
        _find(_examine("true", status=1, front=[denies]), "problem", "output", "cannot map files")
        done = subprocess.run([denies, MEMTRACE, "run", "true"], stderr=subprocess.PIPE, check=False)
        assert b"file system cannot map files" in done.stderr, done.stderr


# ---- a process ----

class _Cat(Run):
    """A traced process that has allocated and waits."""

    def __init__(self, **env):
        super().__init__([harness.need("cat")], env=env)
        process = self.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdin.write(b"x\n")
        process.stdin.flush()
        process.stdout.readline()

    def __exit__(self, *reason):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        super().__exit__(*reason)


def _until(process, *words):
    """Until it is the program that it was started as; how it runs is not ours to wait for otherwise."""
    myself = os.readlink("/proc/self/exe")
    while os.readlink(f"/proc/{process.pid}/exe") in (myself, *words):
        pass


def a_recording_process_is_told_with_its_file():
    with _Cat() as run:
        findings = _examine(run.process.pid)
        _find(findings, "ok", "tracing", run.file(), "on disk")
        _find(findings, "ok", "recording", "allocations recorded")
        _find(findings, "ok", "dropped", "nothing")
        _none(findings, "allocator", "ok")
        os.unlink(run.file())
        _find(_examine(run.process.pid), "warning", "tracing", "was deleted")


def a_process_that_does_not_record_says_so():
    with _Cat(MEMTRACE_START="off") as run:
        _find(_examine(run.process.pid), "warning", "recording", "switched off")


def warnings_of_the_tracer_are_passed_on():
    with _Cat(MEMTRACE_DEPTH="deep") as run:
        _find(_examine(run.process.pid), "warning", "message", "MEMTRACE_DEPTH: expected")


def what_a_process_has_dropped_is_told_in_the_words_of_info():
    with _Cat(MEMTRACE_DEPTH="1") as run:
        told = _find(_examine(run.process.pid), "note", "dropped")
        listed = json.loads(memtrace("info", "--json", run.process.pid))["drops"]
        harness.equal([f"{row['count']} {row['meaning']}" for row in listed if row["count"]], [told],
                      "drops")


def a_process_without_the_tracer_is_told_why():
    with Folder() as folder:
        fixed = folder.build("fixed", "-static", source=SLEEP + "int main(void) { pause(); }")
        for command, check, words in (([fixed], "linking", "statically linked"),
                                      (["sleep", "600"], "tracing", "is not traced")):
            process = subprocess.Popen(command)
            try:
                _until(process)
                _find(_examine(process.pid, status=1), "problem", check, words)
            finally:
                process.kill()
                process.wait()
    done = subprocess.run([MEMTRACE, "doctor", str(1 << 22)], stderr=subprocess.PIPE, check=False)
    harness.equal(done.returncode, 3, done.stderr)
    assert b"no such process" in done.stderr, done.stderr


def a_process_with_the_tracer_and_without_a_file_is_told_apart():
    env = dict(os.environ, LD_PRELOAD=os.path.join(harness.BUILD, "preload", "libmemtrace.so"),
               MEMTRACE_QUIET="1")
    process = subprocess.Popen(["cat"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)))
    try:
        process.stdin.write(b"x\n")
        process.stdin.flush()
        process.stdout.readline()
        findings = _examine(process.pid, status=1)
        _find(findings, "problem", "tracing", "although the tracer is loaded")
        _find(findings, "problem", "limits", "file size limited to 4096 B")
    finally:
        process.kill()
        process.communicate()


def a_filter_of_system_calls_is_told():
    with Folder() as folder:
        denies = _denying(folder, "SYS_madvise", 2, 23, "EINVAL")
        process = subprocess.Popen([denies, "sleep", "600"])
        try:
            _until(process, denies)
            _find(_examine(process.pid, status=1), "note", "seccomp", "has a filter")
        finally:
            process.kill()
            process.wait()


def libraries_in_a_namespace_of_their_own_are_noticed():
    with Folder() as folder:
        apart = folder.build("apart", source="#define _GNU_SOURCE\n#include <dlfcn.h>\n" + SLEEP +
                             'int main(void) { dlmopen(LM_ID_NEWLM, "libm.so.6", RTLD_NOW);'
                             ' write(1, "x", 1); pause(); }')
        with Run([apart]) as run:
            process = run.start(stdout=subprocess.PIPE)
            process.stdout.read(1)
            _find(_examine(process.pid), "warning", "namespaces", "their own libc")


harness.main(globals())
