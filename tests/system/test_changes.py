# SPDX-License-Identifier: Apache-2.0
"""A process that changes its root, user, mask or descriptors after start is traced on."""
import json
import os
import subprocess
import time

import harness
from harness import Run, Skip, target

OTHER_USER = 65534


def _need_root():
    if os.getuid() != 0:
        raise Skip("needs root")


def _wait_for_end(run):
    """Of a process that has left its parent behind."""
    for _ in range(3000):
        if any(fact.get("name") == "done" for fact in run.truth()):
            return
        time.sleep(0.01)
    raise AssertionError("the target did not come to its end")


def _change(run, what, status=0):
    """Returns the file of the process that has changed; the truth has been told there and by its child."""
    run.command = [target("after_change"), what]
    with open(run.truth_file, "w", encoding="ascii"):
        pass
    os.chmod(run.truth_file, 0o666)
    os.chmod(run.folder, 0o755)
    run.finish(status=status)
    _wait_for_end(run)
    changed = [fact["pid"] for fact in run.truth() if fact.get("name") == "done"][0]
    return [path for path in run.files() if harness.Header(path).pid == changed][0]


def _child_drops(path):
    return harness.drops(harness.info(path)).get("children", 0)


def _is_traced_on_with_its_child(what):
    with Run([]) as run:
        path = _change(run, what)
        harness.equal(run.check_truth(), 3, f"{what}: facts")
        harness.equal(_child_drops(path), 0, f"{what}: children")


def a_change_of_the_folder_the_descriptors_or_the_mask_changes_nothing():
    for what in ("nothing", "chdir", "closefrom", "close all", "dumpable", "umask", "double fork"):
        _is_traced_on_with_its_child(what)


def a_new_user_namespace_can_be_entered():
    if subprocess.run(["unshare", "-U", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
        raise Skip("user namespaces cannot be made")
    _is_traced_on_with_its_child("namespace")


def _check_parent_only(run, what):
    """What the process has recorded is exact; its child could not make a file, and that is said."""
    path = _change(run, what)
    rows = harness.report(path, "--by", "function")
    for fact in run.truth():
        if fact.get("function") in ("site_before_change", "site_after_change"):
            row = harness.only_row(rows, function=fact["function"])
            for name in harness.COUNTERS:
                harness.equal(row[name], fact[name], f"{fact['function']} {name}")
    harness.equal(_child_drops(path), 1, f"{what}: children")
    harness.equal(run.files(), [path], "files")


def a_process_in_another_root_is_traced_on_and_its_children_are_counted():
    _need_root()
    with Run([]) as run:
        _check_parent_only(run, "chroot")


def a_process_without_privileges_is_traced_on_and_its_children_are_counted():
    _need_root()
    with Run([]) as run:
        _check_parent_only(run, "setuid")


def children_without_privileges_are_traced_where_they_may_make_files():
    _need_root()
    with Run([]) as run:
        os.chmod(run.out, 0o1777)
        path = _change(run, "setuid")
        harness.equal(run.check_truth(), 3, "facts")
        harness.equal(_child_drops(path), 0, "children")


def a_user_whose_mask_forbids_everything_can_read_all_files():
    _need_root()
    with Run([]) as run:
        os.chmod(run.folder, 0o755)
        os.chmod(run.out, 0o777)
        front = [harness.need("setpriv"), "--reuid", OTHER_USER, "--clear-groups"]
        if subprocess.run([*map(str, front), target("after_change")], cwd="/", check=False,
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode:
            raise Skip("other users cannot run this build")
        # the folder of its children is made under this mask too
        run.command = [*map(str, front), "/bin/sh", "-c",
                       f"umask 0777; LD_PRELOAD={run.env.pop('LD_PRELOAD')} "
                       f"exec {target('after_change')} chdir"]
        with open(run.truth_file, "w", encoding="ascii"):
            pass
        os.chmod(run.truth_file, 0o666)
        run.finish()
        run.check_truth()
        folders = {os.path.dirname(path) for path in run.files()} - {run.out}
        harness.equal(len(folders), 1, "folders of children")
        for path in run.files():
            harness.equal(os.stat(path).st_mode & 0o777, 0o400, path)
        for path in folders:
            harness.equal(os.stat(path).st_mode & 0o777, 0o700, path)


harness.main(globals())
