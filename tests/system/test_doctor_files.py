# SPDX-License-Identifier: Apache-2.0
"""`memtrace doctor` finds the libraries that the loader finds, and is stopped by no file, name or process that it
is given."""
import ctypes
import json
import os
import random
import resource
import struct
import subprocess

import harness
from examination import examine, find, none
from harness import MEMTRACE, Run, Skip
from made_programs import OTHER_USER, Folder

WAITS = '#include <unistd.h>\nint main(void) { write(1, "x", 1); pause(); }\n'
HEADER = "<16s HHI QQQ I HHHHHH"


def _patch(path, **fields):
    """Other values in the header of an ELF file."""
    names = ("ident", "type", "machine", "version", "entry", "phoff", "shoff", "flags", "ehsize",
             "phentsize", "phnum", "shentsize", "shnum", "shstrndx")
    with open(path, "r+b") as file:
        values = dict(zip(names, struct.unpack(HEADER, file.read(struct.calcsize(HEADER)))))
        values.update(fields)
        file.seek(0)
        file.write(struct.pack(HEADER, *(values[name] for name in names)))


def _library(folder, name, *options, calls=None):
    """A library whose function is called like itself, and calls that of another."""
    function = os.path.basename(name).split(".")[0]
    call = f"int {calls}(void); " if calls else ""
    return folder.build(name, "-shared", "-fPIC", "-Wl,--no-as-needed", *options,
                        source=f"{call}int {function}(void) {{ return {calls + '()' if calls else 0}; }}")


def _user(folder, name, function, *options):
    return folder.build(name, "-Wl,--no-as-needed,--allow-shlib-undefined", *options,
                        source=f"int {function}(void); int main(void) {{ return {function}(); }}")


def _examine_as_loader(program, works, **options):
    """Findings; of a missing library exactly where the program does not start."""
    done = subprocess.run([program], stderr=subprocess.PIPE, check=False, **options)
    harness.equal(done.returncode, 0 if works else 127, done.stderr)
    findings = examine(program, **options)
    if works:
        none(findings, "libraries")
    return findings


# ---- the loader's rules ----

def libraries_that_need_each_other_are_met_once():
    with Folder() as folder:
        os.mkdir(folder.name("lib"))
        here = "-Wl,-rpath,$ORIGIN/../lib"
        first = _library(folder, "lib/one.so")
        second = _library(folder, "lib/two.so", "-L" + folder.name("lib"), "-l:one.so", here)
        os.unlink(first)
        _library(folder, "lib/one.so", "-L" + folder.name("lib"), "-l:two.so", here)
        assert os.path.exists(second)
        program = _user(folder, "lib/cycle", "one", "-L" + folder.name("lib"), "-l:one.so", here)
        find(_examine_as_loader(program, True), "ok", "unwinding", "its 4 libraries")


def the_origin_of_a_program_is_where_it_really_lies():
    with Folder() as folder:
        os.mkdir(folder.name("lib"))
        _library(folder, "lib/one.so")
        program = _user(folder, "lib/user", "one", "-L" + folder.name("lib"), "-l:one.so",
                        "-Wl,-rpath,${ORIGIN}")
        os.symlink(program, folder.name("link"))
        _examine_as_loader(folder.name("link"), True)
        # also in the middle of a list, and with a system's name for its folder
        program = _user(folder, "lib/later", "one", "-L" + folder.name("lib"), "-l:one.so",
                        "-Wl,-rpath,/nowhere/$LIB/$PLATFORM:/..$ORIGIN")
        _examine_as_loader(program, True)


def an_rpath_holds_for_what_the_libraries_need_and_a_runpath_does_not():
    with Folder() as folder:
        os.mkdir(folder.name("lib"))
        where = "-L" + folder.name("lib")
        _library(folder, "lib/inner.so")
        _library(folder, "lib/outer.so", where, "-l:inner.so", calls="inner")
        for tags, works in (("--disable-new-dtags", True), ("--enable-new-dtags", False)):
            program = _user(folder, "user", "outer", where, "-l:outer.so",
                            f"-Wl,{tags},-rpath,{folder.name('lib')}")
            findings = _examine_as_loader(program, works)
            if not works:
                find(findings, "warning", "libraries", "inner.so, which", "outer.so needs, is not found")


def an_empty_place_in_a_list_is_the_working_directory():
    with Folder() as folder:
        _library(folder, "one.so")
        program = _user(folder, "user", "one", "-L" + folder.path, "-l:one.so")
        for path, works in (("", False), (":", True), ("/nowhere:", True), (":/nowhere", True),
                            ("/nowhere::/usr", True), ("/nowhere", False)):
            findings = _examine_as_loader(program, works, cwd=folder.path,
                                          env=dict(os.environ, LD_LIBRARY_PATH=path))
            if not works:
                find(findings, "warning", "libraries", "one.so", "is not found")


def libraries_for_another_machine_are_passed_over_and_damaged_ones_told():
    with Folder() as folder:
        for name in ("foreign", "right", "broken"):
            os.mkdir(folder.name(name))
        _library(folder, "right/one.so")
        program = _user(folder, "user", "one", "-L" + folder.name("right"), "-l:one.so")
        _patch(folder.copy("foreign/one.so", folder.name("right/one.so")), machine=40)
        folder.write("broken/one.so", b"INPUT(libother.so) and some more text to be read\n" * 20)
        for first, works in (("foreign", True), ("broken", False)):
            path = f"{folder.name(first)}:{folder.name('right')}"
            findings = _examine_as_loader(program, works, env=dict(os.environ, LD_LIBRARY_PATH=path))
            if not works:
                find(findings, "warning", "libraries", "broken/one.so", "Exec format error")


def a_library_that_many_need_is_missed_once():
    with Folder() as folder:
        where = "-L" + folder.path
        _library(folder, "lost.so")
        for name in ("one", "two"):
            _library(folder, name + ".so", where, "-l:lost.so")
        program = _user(folder, "user", "one", where, "-l:one.so", "-l:two.so",
                        "-Wl,-rpath,$ORIGIN")
        os.unlink(folder.name("lost.so"))
        find(_examine_as_loader(program, False), "warning", "libraries", "lost.so", "is not found")


# ---- what is in files ----

def calls_that_only_an_allocator_would_bring_to_life_are_no_doubt():
    source = ("#include <stddef.h>\n__attribute__((weak)) void sdallocx(void *, size_t, int);\n"
              "int main(void) { if (sdallocx) sdallocx(0, 0, 0); return 0; }")
    with Folder() as folder:
        alone = folder.build("alone", source=source)
        none(examine(alone), "allocator")
        find(examine(folder.build("both", "-l:libjemalloc.so.2", "-Wl,--no-as-needed",
                                  "-l:libjemalloc.so.2", source=source)),
             "warning", "allocator", "both", "sdallocx")
        # the same where it is preloaded
        env = dict(os.environ, LD_PRELOAD=harness.allocator("jemalloc"))
        find(examine(alone, env=env), "warning", "allocator", "alone", "sdallocx")


def what_is_preloaded_already_is_looked_into():
    with Folder() as folder:
        cxx = folder.build("cxx", compiler="g++", source="int main() { delete new int; }")
        name = harness.allocator("jemalloc")
        findings = examine(cxx, env=dict(os.environ, LD_PRELOAD=f"{os.path.basename(name)}: lost.so :/tmp"))
        find(findings, "note", "preload", "libjemalloc", "behind the tracer")
        find(findings, "warning", "preload", "lost.so", "no such library")
        find(findings, "warning", "preload", "/tmp", "left out")
        find(findings, "warning", "allocator", "operator new")
        none(examine(cxx), "allocator")


def a_program_without_section_headers_is_said_to_be_unknown():
    with Folder() as folder:
        program = folder.build("bare")
        none(examine(program), "sections")
        _patch(program, shoff=0, shnum=0, shstrndx=0)
        subprocess.run([program], stdout=subprocess.DEVNULL, check=True)
        find(examine(program), "warning", "sections", "bare")


def damaged_programs_are_examined_to_an_end():
    noise = random.Random(7)
    with Folder() as folder:
        program = folder.build("damaged")
        with open(program, "rb") as file:
            whole = file.read()
        phnum = struct.unpack_from("<H", whole, 56)[0]
        shoff = struct.unpack_from("<Q", whole, 40)[0]
        dynamic = next(struct.unpack_from("<Q", whole, at + 8)[0]
                       for at in range(64, 64 + 56 * phnum, 56)
                       if struct.unpack_from("<I", whole, at)[0] == 2)
        for _ in range(60):
            data = bytearray(whole)
            start, length = noise.choice(((4, 60), (64, 56 * phnum), (dynamic, 400),
                                          (shoff, len(whole) - shoff)))
            at = start + noise.randrange(length - 8)
            data[at:at + 8] = struct.pack("<Q", noise.choice((0, 1, 2**64 - 1, 2**31, len(whole))))
            folder.write("damaged", data[:noise.choice((len(data), noise.randrange(4, len(data))))])
            done = subprocess.run([MEMTRACE, "doctor", "--json", program], stdout=subprocess.PIPE,
                                  timeout=60, check=False)
            assert done.returncode in (0, 1), done
            harness.equal(json.loads(done.stdout)["traceable"], done.returncode == 0, "traceable")


def names_may_hold_anything():
    with Folder() as folder:
        name = folder.path.encode() + b"/a\xff\x1b[31m\n\"b\\"
        os.rename(folder.build("plain"), name)
        examine(name)
        with open(folder.name("script"), "wb") as script:
            script.write(b"#!" + name.replace(b"\n", b"") + b"\r\n")
        os.chmod(folder.name("script"), 0o755)
        find(examine(folder.name("script"), status=1), "problem", "script", "no such file")
        for subject in (name, folder.name("script"), name + b".not"):
            done = subprocess.run([MEMTRACE, "doctor", subject], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, check=False)
            assert b"\x1b" not in done.stdout and b"\r" not in done.stdout, done.stdout


def what_is_no_program_keeps_nobody_waiting():
    with Folder() as folder:
        os.mkfifo(folder.name("pipe"))
        os.chmod(folder.name("pipe"), 0o755)
        for path, words in ((folder.name("pipe"), "not a regular file"), (folder.path, "is a directory"),
                            ("/dev/zero", "no right to execute")):
            find(examine(path, status=1), "problem", "command", words)
        for name in ("one", "two"):
            folder.write(name, f"#!{folder.name('two' if name == 'one' else 'one')}\n".encode())
        find(examine(folder.name("one"), status=1), "problem", "kind", "without end")
        # in the place of a library
        _library(folder, "one.so")
        program = _user(folder, "user", "one", "-L" + folder.path, "-l:one.so", "-Wl,-rpath,$ORIGIN")
        os.unlink(folder.name("one.so"))
        os.mkfifo(folder.name("one.so"))
        find(examine(program), "warning", "libraries", "one.so", "is not found")


# ---- the place, limits, the exit status ----

def a_temporary_folder_of_any_length_is_passed_over():
    with Folder() as folder:
        os.mkdir(folder.name("gone"))
        command = ["sh", "-c", 'rmdir "$PWD"; exec "$0" "$@"']
        findings = examine("true", front=command, cwd=folder.name("gone"),
                           env=dict(os.environ, TMPDIR="/" + "t" * 9000))
        find(findings, "note", "output", "working directory: ", "will be in /tmp")


def the_live_folder_of_the_environment_comes_before_the_output():
    with Folder() as folder:
        env = dict(os.environ, MEMTRACE_LIVE=folder.name("live"))
        find(examine("--output", folder.path, "true", status=1, env=env), "problem", "output",
             folder.name("live"))
        os.mkdir(folder.name("live"))
        find(examine("--output", folder.path, "true", env=env), "ok", "output", folder.name("live"))
        with Run(["cat"], env={"MEMTRACE_LIVE": folder.name("live"), "MEMTRACE_OUT": folder.path}) as run:
            run.finish()
            assert os.listdir(folder.name("live")), "the tracer did otherwise"


def limits_beyond_all_numbers_are_none():
    libc = ctypes.CDLL(None)

    def set_limit(value):
        libc.setrlimit(resource.RLIMIT_DATA, (ctypes.c_ulong * 2)(value, value))

    for value, level in ((2**64 - 4096, "ok"), (2**63 - 1, "note")):
        found = [row["level"] for row in examine("true", preexec_fn=lambda v=value: set_limit(v))
                 if row["check"] == "limits"]
        harness.equal(found, [level], value)


def findings_that_cannot_be_written_are_a_failure():
    for options in ([], ["--json"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([MEMTRACE, "doctor", *options, "true"], stdout=full,
                                  stderr=subprocess.PIPE, check=False)
        harness.equal(done.returncode, 1, done.stderr)
        assert b"No space left" in done.stderr, done.stderr
    for arguments, status in (([], 2), (["--no-such", "true"], 2), (["no-such-command"], 3),
                              (["0"], 3), (["99999999999"], 3), ([""], 3)):
        done = subprocess.run([MEMTRACE, "doctor", *arguments], stderr=subprocess.PIPE, check=False)
        harness.equal((done.returncode, done.stderr[:8]), (status, b"memtrace"), arguments)


# ---- processes ----

class _Waiting:
    """A program that waits, once it has written a byte."""

    def __init__(self, command, **options):
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, **options)

    def __enter__(self):
        assert self.process.stdout.read(1) == b"x"
        return self.process.pid

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def a_process_that_has_ended_and_one_of_the_kernel_are_told():
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    findings = examine(process.pid, status=1)
    process.wait()
    find(findings, "problem", "process", "has ended")
    harness.equal(len(findings), 1, findings)
    if os.path.exists("/proc/2/exe") or not os.path.exists("/proc/2/status"):
        raise Skip("no kernel thread is seen from here")
    try:
        os.readlink("/proc/2/exe")
    except FileNotFoundError:
        find(examine(2, status=1), "problem", "process", "part of the kernel")
    except PermissionError as error:
        raise Skip("needs root") from error


def a_process_that_gained_privileges_or_is_out_of_reach_is_told():
    if os.getuid() != 0:
        raise Skip("needs root")
    other = ["setpriv", "--reuid", str(OTHER_USER), "--clear-groups"]
    with Folder() as folder:
        program = folder.build("careful", source=WAITS)
        with _Waiting([program]) as pid:
            none(examine(pid, status=1), "privileges", "problem")
            find(examine(pid, status=1, front=other), "problem", "rights", "Permission denied")
        os.chmod(program, 0o4755)
        if os.statvfs(folder.path).f_flag & os.ST_NOSUID:
            raise Skip("nothing gains privileges here")
        with _Waiting([*other, program]) as pid:
            find(examine(pid, status=1), "problem", "privileges", "gained privileges")


def a_process_whose_program_was_removed_is_still_examined():
    with Folder() as folder:
        program = folder.build("removed", "-g", source=WAITS)
        with _Waiting([program]) as pid:
            os.unlink(program)
            findings = examine(pid, status=1)
            find(findings, "note", "libraries", program + ": replaced or removed")
            if os.getuid() == 0:
                find(findings, "ok", "unwinding", "its 2 libraries")


def a_process_in_another_root_is_examined_by_what_it_has_mapped():
    if os.getuid() != 0:
        raise Skip("needs root")
    with Folder() as folder:
        loader = "/of_this_root/ld-linux-x86-64.so.2"
        folder.build("inside", f"-Wl,--dynamic-linker={loader}", source=WAITS)
        listed = subprocess.run(["ldd", "/bin/true"], stdout=subprocess.PIPE, check=True).stdout.decode()
        for path in (word for word in listed.split() if word.startswith("/")):
            at = loader if os.path.basename(path).startswith("ld-linux") else path
            os.makedirs(folder.name(os.path.dirname(at)[1:]), exist_ok=True)
            folder.copy(at[1:], path)
        folder.copy("shim.so", os.path.join(harness.BUILD, "preload", "libmemtrace.so"))

        def enter():
            os.chroot(folder.path)
            os.chdir("/")

        with _Waiting(["/inside"], preexec_fn=enter) as pid:
            findings = examine(pid, status=1)
            harness.equal([row["check"] for row in findings if row["level"] == "problem"], ["tracing"],
                          "a loader that is there for the process is not missed")
            find(findings, "ok", "unwinding", "its 2 libraries")
        with _Waiting(["/inside"], preexec_fn=enter, env={"LD_PRELOAD": "/shim.so"}) as pid:
            find(examine(pid), "ok", "output", folder.path + ": can be written")


harness.main(globals())
