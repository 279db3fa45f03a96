# SPDX-License-Identifier: Apache-2.0
"""A traced program's errno, descriptors, signals, threads, output and status are its own."""
import json
import os
import resource
import socket
import subprocess
import tempfile

import harness
from harness import Run, need, target


def errno_mask_threads_and_descriptors_are_untouched():
    with Run([target("errno_preserved")]) as run:
        run.finish().check_truth()


def output_and_status_are_the_same():
    commands = (["/bin/sh", "-c", "echo out; echo err >&2; exit 7"],
                ["/bin/sh", "-c", "kill -TERM $$"],
                [need("gawk"), "BEGIN { for (i = 0; i < 1000; i++) print i * i }"],
                [need("perl"), "-e", "print join(',', sort map { $_ * 7 % 31 } 1..100)"])
    for command in commands:
        plain = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        with Run(command) as run:
            run.finish(status=plain.returncode)
            harness.equal(run.stdout, plain.stdout, "stdout")
            harness.equal(run.stderr, plain.stderr, "stderr")


def run_passes_status_and_signal_through():
    for script, status in (("exit 0", 0), ("exit 7", 7), ("kill -KILL $$", 137)):
        with Run([]) as run:
            done = subprocess.run([harness.MEMTRACE, "run", "-o", run.out, "--", "/bin/sh", "-c",
                                   script], cwd=run.folder, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, check=False)
            harness.equal(done.returncode, status, script)


def a_read_only_folder_stops_nothing():
    with Run([target("leak_in_loop")], env={"MEMTRACE_OUT": "/proc/nothing"}) as run:
        run.finish()
        harness.equal(run.files(), [], "files")


def _run_with_stderr(descriptor, out="/nonexistent/folder/name", **options):
    """A program whose shim has something to say about a folder that is not there."""
    environment = {"LD_PRELOAD": harness.SHIM, "MEMTRACE_OUT": out,
                   "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["cat", "/dev/null"], env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=descriptor, timeout=harness.TIMEOUT,
                          check=False, **options)
    harness.equal(done.returncode, 0, "status")
    return done


def a_message_to_a_closed_pipe_raises_nothing():
    reader, writer = os.pipe()
    os.close(reader)
    _run_with_stderr(writer)
    os.close(writer)


def a_message_to_a_socket_that_takes_no_more_raises_nothing():
    own, other = socket.socketpair()
    own.shutdown(socket.SHUT_WR)  # poll(2) still says that it can be written to
    _run_with_stderr(own)
    own.close()
    other.close()


def _forbid_files():
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def a_message_to_a_file_beyond_the_limit_raises_nothing():
    with tempfile.TemporaryFile() as log:
        _run_with_stderr(log, preexec_fn=_forbid_files)
        harness.equal(os.fstat(log.fileno()).st_size, 0, "bytes")


def a_message_to_a_full_pipe_waits_for_nobody():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    _run_with_stderr(writer)
    os.close(reader)
    os.close(writer)


def a_message_is_one_line_that_names_the_file_and_the_reason():
    said = _run_with_stderr(subprocess.PIPE).stderr.decode()
    harness.equal(said, "memtrace: cannot make a trace file, not tracing: "
                  "/nonexistent/folder/name: no such directory\n", "message")


def a_message_shows_a_name_that_a_terminal_would_obey():
    said = _run_with_stderr(subprocess.PIPE, out="/nonexistent/\x1b[31m\nfolder/name").stderr
    assert said.count(b"\n") == 1 and said.endswith(b": no such directory\n"), said
    assert b"\x1b" not in said, said


def children_of_a_process_that_found_no_room_for_its_file_live():
    script = ("import os\n"
              "for i in range(5):\n"
              "    child = os.fork()\n"
              "    if not child: os._exit(len(bytes(10000)) - 9997)\n"
              "    assert os.waitpid(child, 0)[1] == 3 << 8\n")
    with Run(["/bin/bash", "-c", f"ulimit -f 100; {need('python3')} -c '{script}'; exit $?"],
             env={"PYTHONMALLOC": "malloc"}) as run:
        run.finish()


def standard_error_used_again_is_not_written_to_whatever_is_lost():
    with Run([target("reused_stderr")], preload=[target("libodd_allocator.so")],
             env={"MEMTRACE_REPORT_INVALID": "1", "MEMTRACE_SNAPSHOT_AT": "grow:256K"}) as run:
        data = os.path.join(run.folder, "data")
        run.command.append(data)
        run.is_exact = False
        run.finish()
        path = min(run.files(), key=len)
        lost = harness.drops(harness.info(path))
        assert {"blocks", "sites", "children"} <= set(lost), lost
        calls = json.loads(harness.memtrace("invalid", "--json", path))["calls"]
        assert len(calls) >= 3, calls
        harness.equal(os.path.getsize(data), 0, "bytes in the program's file")
    return f"lost: {lost}"


def a_stack_that_is_not_aligned_is_enough():
    with Run([target("misaligned_stack")]) as run:
        run.finish().check_truth()


def a_full_disk_stops_nothing():
    with Run([]) as run:
        small = os.path.join(run.folder, "small")
        os.mkdir(small)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", small],
                                 stderr=subprocess.DEVNULL, check=False)
        if mounted.returncode:
            raise harness.Skip("mounting a small file system needs root")
        try:
            run.command = [target("blocks_handed_over")]
            run.env["MEMTRACE_OUT"] = small
            run.finish()
        finally:
            subprocess.run(["umount", small], check=True)


def a_file_size_limit_stops_nothing():
    with Run(["/bin/sh", "-c", f"ulimit -f 8; exec {target('blocks_handed_over')}"]) as run:
        run.finish()


harness.main(globals())
