# SPDX-License-Identifier: Apache-2.0
"""`memtrace run` says at once, and plainly, what cannot work; nothing is started then. `memtrace doctor` gives the
same reason for each."""
import os
import struct
import subprocess

import harness
from harness import MEMTRACE, Skip
from made_programs import OTHER_USER, Folder

NOT_TRACEABLE = 126
NOT_FOUND = 127


def _refuse(*words, status, because, front=()):
    """The words are refused with one line that names the reason."""
    done = subprocess.run([*front, MEMTRACE, "run", "--", *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    text = done.stderr.decode(errors="replace")
    harness.equal(done.returncode, status, text)
    harness.equal(done.stdout, b"", "something was started")
    assert because in text, text
    assert text.startswith("memtrace: ") and text.count("\n") == 1, text
    _compare_with_doctor(words, because, front, status == NOT_FOUND)
    return text


def _compare_with_doctor(words, because, front, is_missing):
    done = subprocess.run([*front, MEMTRACE, "doctor", "--", *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)
    if is_missing:
        harness.equal(done.returncode, 3, done.stderr)
        assert because.encode() in done.stderr, done.stderr
        return
    harness.equal(done.returncode, 1, done.stdout)
    problems = [line for line in done.stdout.decode().splitlines() if line.startswith("problem ")]
    assert any(because in line for line in problems), done.stdout


def missing_program_is_refused():
    _refuse("no-such-program", status=NOT_FOUND, because="no-such-program: no such command")
    _refuse("/no/such/program", status=NOT_FOUND, because="/no/such/program: no such file")
    _refuse("", status=NOT_FOUND, because="no such command")


def name_that_a_terminal_would_obey_is_made_harmless():
    text = _refuse("/no/such\x1b[31m\nprogram", status=NOT_FOUND, because="/no/such?[31m?program")
    assert "\x1b" not in text, text


def file_that_may_not_be_executed_is_refused():
    with Folder() as folder:
        plain = folder.write("plain", b"text", mode=0o644)
        _refuse(plain, status=NOT_TRACEABLE, because="no right to execute")
        _refuse(folder.path, status=NOT_TRACEABLE, because="is a directory")


def what_is_no_file_is_refused_without_waiting():
    with Folder() as folder:
        pipe = folder.name("pipe")
        os.mkfifo(pipe, 0o755)
        _refuse(pipe, status=NOT_TRACEABLE, because="not a regular file")
        script = folder.write("script", f"#!{pipe}\n".encode())
        _refuse(script, status=NOT_TRACEABLE, because="not a regular file")
        endless = folder.write("endless", f"#!{folder.name('endless')}\n".encode())
        _refuse(endless, status=NOT_TRACEABLE, because="without end")


def static_program_is_refused():
    with Folder() as folder:
        _refuse(folder.build("fixed", "-static"), status=NOT_TRACEABLE, because="statically linked")


def static_pie_program_is_refused():
    with Folder() as folder:
        _refuse(folder.build("pie", "-static-pie"), status=NOT_TRACEABLE, because="static-PIE")


def program_for_another_machine_is_refused():
    with open(harness.need("true"), "rb") as true:
        image = bytearray(true.read())
    with Folder() as folder:
        struct.pack_into("<H", image, 18, 243)
        _refuse(folder.write("foreign", bytes(image)), status=NOT_TRACEABLE, because="RISC-V")
        struct.pack_into("<H", image, 18, 3)
        image[4] = 1
        _refuse(folder.write("small", bytes(image)), status=NOT_TRACEABLE, because="32-bit x86")


def cut_program_is_refused():
    with open(harness.need("true"), "rb") as true:
        image = true.read()
    with Folder() as folder:
        _refuse(folder.write("cut", image[:40]), status=NOT_TRACEABLE, because="damaged")


def program_for_musl_is_refused():
    with Folder() as folder:
        musl = folder.build("musl", "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1")
        _refuse(musl, status=NOT_TRACEABLE, because="musl")


def program_whose_loader_is_missing_is_refused():
    with Folder() as folder:
        lost = folder.build("lost", "-Wl,--dynamic-linker=/no/such/ld.so")
        _refuse(lost, status=NOT_TRACEABLE, because="/no/such/ld.so does not exist")


def program_with_a_sanitizer_is_refused():
    with Folder() as folder:
        _refuse(folder.build("clean", "-fsanitize=address"), status=NOT_TRACEABLE,
               because="sanitizer")


def setuid_program_is_refused_to_other_users_only():
    if os.getuid() != 0:
        raise Skip("needs root")
    with Folder() as folder:
        program = folder.build("privileged")
        os.chown(program, OTHER_USER, -1)
        os.chmod(program, 0o4755)
        _refuse(program, status=NOT_TRACEABLE, because="setuid")
        os.chmod(program, 0o755)
        os.chown(program, -1, OTHER_USER)
        os.chmod(program, 0o2755)
        _refuse(program, status=NOT_TRACEABLE, because="setgid")
        os.chown(program, 0, 0)
        os.chmod(program, 0o6755)
        done = subprocess.run([MEMTRACE, "run", "-q", "-o", folder.path, "--", program],
                              stdout=subprocess.PIPE, timeout=60, check=False)
        harness.equal((done.returncode, done.stdout), (0, b"started\n"), "own program")


def program_with_capabilities_is_refused_to_users():
    if os.getuid() != 0:
        raise Skip("needs root")
    with Folder() as folder:
        program = folder.build("capable")
        # version 2, effective, permitted CAP_NET_BIND_SERVICE
        os.setxattr(program, "security.capability",
                    struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0))
        front = [harness.need("setpriv"), "--reuid", str(OTHER_USER), "--clear-groups"]
        if subprocess.run([*front, MEMTRACE, "version"], stdout=subprocess.DEVNULL,
                          check=False).returncode != 0:
            raise Skip("other users cannot run this build")
        _refuse(program, status=NOT_TRACEABLE, because="file capabilities", front=front)


def script_is_refused_for_its_interpreter():
    with Folder() as folder:
        fixed = folder.build("fixed", "-static")
        script = folder.write("script", f"#!{fixed} -x\n".encode())
        text = _refuse(script, status=NOT_TRACEABLE, because="statically linked")
        assert "script: a script for" in text, text
        outer = folder.write("outer", f"#!{script}\n".encode())
        _refuse(outer, status=NOT_TRACEABLE, because="statically linked")
        through = folder.write("through", f"#!/usr/bin/env -S {fixed}\n".encode())
        _refuse(through, status=NOT_TRACEABLE, because="statically linked")
        lost = folder.write("lost", b"#!/no/such/shell\n")
        _refuse(lost, status=NOT_TRACEABLE, because="/no/such/shell: no such file")


def allocator_that_is_not_there_is_refused():
    done = subprocess.run([MEMTRACE, "run", "--allocator", "bestmalloc", "--", "true"],
                          stderr=subprocess.PIPE, timeout=60, check=False)
    harness.equal(done.returncode, 2, "status")
    assert b"jemalloc, tcmalloc, mimalloc" in done.stderr, done.stderr


def values_are_checked_before_anything_runs():
    for option, value in (("--depth", "0"), ("--depth", "4097"), ("--depth", "x"),
                          ("--unwinder", "magic"), ("--snapshot-every", "0s"),
                          ("--snapshot-every", "5 m"), ("--snapshot-every", "30"),
                          ("--snapshot-every", "300000d"), ("--snapshot-keep", "1"),
                          ("--snapshot-at", "live>"), ("--snapshot-at", "peak,"),
                          ("--snapshot-at", "grow:1.5M"), ("--snapshot-at", "live>20000000T"),
                          ("--snapshot-at", ",".join(["peak"] * 9)),
                          ("--snapshot-signal", "KILL"),
                          ("--snapshot-signal", "9"), ("--output", "/no/such/folder/x"),
                          ("--live", "/no/such/folder"), ("--sample", "512KB"),
                          ("--sample", "2G"), ("--sample", "-1"), ("--sample", "")):
        done = subprocess.run([MEMTRACE, "run", option, value, "--", "echo", "started"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                              check=False)
        harness.equal((done.returncode, done.stdout), (2, b""), f"{option} {value}")
        assert option.encode() in done.stderr, done.stderr


harness.main(globals())
