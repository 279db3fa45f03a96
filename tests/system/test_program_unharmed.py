# SPDX-License-Identifier: Apache-2.0
"""A traced program's errno, descriptors, signals, threads, output and status are its own."""
import os
import subprocess

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
