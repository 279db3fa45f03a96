# SPDX-License-Identifier: Apache-2.0
"""Disks, folders and files that are full, forbidden, odd, shared, copied or taken away cost a program nothing."""
import errno
import os
import re
import shutil
import subprocess
import time

import fault
import harness
from fault import Disk, Trial
from harness import memtrace

SIZES_KIB = (4, 16, 48, 52, 64, 100, 128, 256, 512, 1024, 3072, 8192)
SHM_OF_CONTAINERS = "64m"
OTHER_USER = "65534"


def _stages(stage):
    return [fault.program("stages"), stage]


def _traced(**more):
    return {"LD_PRELOAD": f"{harness.COUNTING}:{fault.SHIM}", **more}


def _untraced(stage):
    with Trial() as trial:
        return trial.run(_stages(stage), {"LD_PRELOAD": harness.COUNTING})


def _on_a_disk_of(size, stage, wanted):
    with Trial() as trial, Disk(trial, options=f"size={size}"):
        harness.equal(trial.run(_stages(stage), _traced()), wanted, f"{stage} on a disk of {size}")
        return fault.check_files(trial)


def disks_of_any_size_may_fill_up():
    wanted = _untraced("grow")
    without, cut = 0, 0
    for size in SIZES_KIB:
        left = _on_a_disk_of(f"{size}k", "grow", wanted)
        without += not left
        cut += any(facts["totals"]["dropped_count"] for facts in left)
    assert without > 2 and cut > 2, f"{without} without a file, {cut} with drops"


def children_may_find_the_disk_full():
    """One line where the first process has no file, and none of the images that it executes then."""
    for stage in ("fork", "exec"):
        wanted = _untraced(stage)
        counts = {len(_on_a_disk_of(f"{size}k", stage, wanted)) for size in SIZES_KIB}
        assert len(counts) > 2, f"{stage}: always {counts} files"


def shared_memory_of_a_container_is_enough():
    for facts in _on_a_disk_of(SHM_OF_CONTAINERS, "grow", _untraced("grow")):
        harness.equal(facts["totals"]["dropped_count"], 0, "dropped")


def _costs_one_line(trial, reason, command=None, **env):
    harness.equal(trial.run(command or _stages("start"), _traced(**env)), _untraced("start"), reason)
    harness.equal(len(trial.stderr.splitlines()), 1, trial.stderr)
    assert trial.stderr.endswith(f": {reason}\n"), trial.stderr


def missing_folder_costs_one_line():
    with Trial() as trial:
        _costs_one_line(trial, "no such directory", MEMTRACE_OUT=f"{trial.out}/a/b/c")


def file_in_the_place_of_a_folder_costs_one_line():
    with Trial() as trial:
        _costs_one_line(trial, "not a directory", MEMTRACE_OUT=f"{fault.program('stages')}/name")


def read_only_disk_costs_one_line():
    with Trial() as trial, Disk(trial, options="ro"):
        _costs_one_line(trial, "read-only file system")


def folder_of_somebody_else_costs_one_line():
    if os.getuid() != 0:
        raise harness.Skip("needs root")
    front = [harness.need("setpriv"), "--reuid", OTHER_USER, "--clear-groups"]
    if subprocess.run([*front, *_stages("start")], stdout=subprocess.DEVNULL, check=False).returncode != 7:
        raise harness.Skip("other users cannot run this build")
    with Trial() as trial:
        os.chmod(trial.folder, 0o755)
        command = [*front, "env", f"LD_PRELOAD={fault.SHIM}", *_stages("start")]
        found = trial.run(command)
        harness.equal(found, _untraced("start"), "outcome")
        assert re.fullmatch(r"memtrace: cannot make .*: permission denied\n", trial.stderr), trial.stderr


def file_system_that_cannot_map_files_costs_one_line():
    """ENODEV from the one mmap of the file, which is not the first."""
    wanted = _untraced("start")
    said = []
    for nth in range(1, 9):
        with Trial() as trial:
            found = trial.run([fault.program("inject"), "-f", f"mmap:{nth}:{errno.ENODEV}", "-p",
                               fault.SHIM, *_stages("start")])
            if found[0] == 125:
                raise harness.Skip(trial.stderr.strip())
            harness.equal(found[0], wanted[0], f"mmap {nth}")
            said.append(trial.stderr)
            assert not trial.stderr or not os.listdir(trial.out), "a file that nobody can map was left"
    assert any(line.endswith(": file system cannot map files\n") for line in said), said


def file_system_that_cannot_write_files_costs_one_line():
    with Trial() as trial, Disk(trial, kind="hugetlbfs"):
        harness.equal(trial.run(_stages("start"), _traced()), _untraced("start"), "outcome")
        assert fault.NO_FILE.fullmatch(trial.stderr), trial.stderr
        harness.equal(os.listdir(trial.out), [], "left behind")


def processes_of_one_name_have_a_file_each():
    count = 8
    with Trial() as trial:
        env = {"PATH": "/usr/bin:/bin", "COUNTING_OUT": trial.folder,
               **_traced(MEMTRACE_OUT=os.path.join(trial.out, "one.snap"))}
        running = [subprocess.Popen(_stages("start"), env=env, stdout=subprocess.DEVNULL,
                                    stderr=subprocess.PIPE) for _ in range(count)]
        for process in running:
            harness.equal((process.communicate()[1], process.returncode), (b"", 7), "outcome")
        trial.stderr = ""
        left = fault.check_files(trial)
        harness.equal({facts["process"]["pid"] for facts in left}, {p.pid for p in running}, "pids")
        names = {"one.snap"} | {f"one.{number}.snap" for number in range(1, count)}
        harness.equal(set(os.listdir(trial.out)), names, "names")


def _copies_of(run, count):
    """Copies of a trace file that is being written, as soon as it is there."""
    while not run.files() and run.process.poll() is None:
        time.sleep(0.001)
    for number in range(count):
        path = os.path.join(run.folder, f"copy{number}")
        subprocess.run(["cp", "--sparse=always", run.file(), path], check=True)
        yield path


def copy_of_a_file_that_is_written_is_whole_or_refused():
    whole = 0
    for _ in range(4):
        with harness.Run([harness.target("kill_at_random")]) as run:
            run.command += [os.path.join(run.folder, "lanes"), "4"]
            run.is_exact = False
            run.start(stderr=subprocess.DEVNULL)
            for path in _copies_of(run, 8):
                done = subprocess.run([harness.MEMTRACE, "info", "--json", path], check=False,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                if done.returncode == 0:
                    whole += 1
                else:
                    fault.refused("info", path, because=path)
    assert whole > 8, f"only {whole} of 32 copies could be read"


def _nothing_to_obey(words, folder):
    """What the analyzer says can be shown on a terminal: no escape, and no line that a name has begun."""
    done = subprocess.run([harness.MEMTRACE, *words], cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    text = done.stdout + done.stderr
    assert text and b"\x1b" not in text and b"\n$(touch" not in text and b"\n`id`" not in text, \
        (words, text.decode())


def names_may_hold_anything():
    odd = "a b\n$(touch owned) 'c' \"d\"\x1b[31m%s;*\\"
    with Trial() as trial:
        folder = os.path.join(trial.folder, odd)
        os.mkdir(folder)
        name = os.path.join(folder, "pro gram\n`id`")
        shutil.copy(fault.program("stages"), name)
        harness.memtrace("run", "-q", "-o", folder, "--", name, "fork", status=7)
        path, = [file for file in harness.files_below(folder) if ".d/" not in file]
        kept = memtrace("snapshot", "-o", folder, path)
        assert kept.endswith(".snap\n") and os.path.exists(kept[:-1]), kept
        document = harness.report(kept[:-1])
        assert "main" in str(document["rows"]), document["rows"]
        os.rename(name, name + " elsewhere")  # so that there is something to warn of
        for words in (["report", path], ["info", path], ["leaks", path], ["list", folder],
                      ["list", trial.out, odd], ["diff", path, path], ["report", folder],
                      ["run", "--", name], ["run", "-o", folder, "--", name + " elsewhere", "fork"]):
            _nothing_to_obey(words, trial.folder)
        owned = [place for place in (folder, trial.folder, ".")
                 if os.path.exists(os.path.join(place, "owned"))]
        harness.equal(owned, [], "a shell was asked")


def folder_may_be_deleted_meanwhile():
    wanted = _untraced("fork")
    with Trial() as trial:
        script = 'rm -r "$MEMTRACE_OUT"; exec "$@"'
        # the shell's own file goes with the folder, and the images after it find none
        found = trial.run(["/bin/sh", "-c", script, "sh", *_stages("fork")], _traced())
        harness.equal(found, wanted, "outcome")
        harness.equal(trial.stderr, "", "said")
        harness.equal(trial.left(), [], "files")
    with harness.Run([harness.target("obedient")]) as run:
        run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        _tell(run, "k10")
        shutil.rmtree(run.out)
        _tell(run, "k10")
        kept = memtrace("snapshot", "-o", run.folder, run.process.pid).strip()
        row = harness.only_row(harness.report(kept, "--by", "function"), function="site_keep")
        harness.equal(row["alloc_count"], 20, "allocations")
        run.process.stdin.close()
        harness.equal(run.process.wait(), 0, "status")


def _tell(run, order):
    run.process.stdin.write(order.encode() + b"\n")
    run.process.stdin.flush()
    harness.equal(run.process.stdout.readline(), b"ok\n", order)


def _report_text(what):
    done = subprocess.run([harness.MEMTRACE, "report", what], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=True)
    return done.stdout, done.stderr


def _take_away(how, reason):
    with harness.Run([]) as run:
        program = os.path.join(run.folder, "app")
        shutil.copy(harness.target("obedient"), program)
        run.command = [program]
        run.start(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        _tell(run, "k10")
        how(program)
        text, said = _report_text(str(run.process.pid))
        assert "site_keep" in text and "app" in said and reason in said, (text, said)
        _tell(run, "k10")
        run.process.stdin.close()
        harness.equal(run.process.wait(), 0, "status")
        text, said = _report_text(run.file())
        assert "site_keep" not in text and "app+0x" in text, text
        assert reason in said and "stay without names" in said, said


def executable_that_was_replaced_is_said_to_be():
    def replace(path):
        shutil.copy(harness.target("peak"), path + ".new")
        os.rename(path + ".new", path)
    _take_away(replace, "was replaced since")


def executable_that_was_deleted_is_said_to_be():
    _take_away(os.unlink, "No such file")


harness.main(globals())
