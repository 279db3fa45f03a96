# SPDX-License-Identifier: Apache-2.0
"""Perl's core tests, from Debian's source package, run with the perl that is installed."""
import glob
import os
import shutil

import harness
import stage

SOURCE = os.environ.get("MEMTRACE_PERL_SOURCE", "")
FOLDERS = ("base", "cmd", "comp", "io", "lib", "mro", "op", "re", "uni")
LIBRARIES = ("/usr/share/perl/5.*", "/usr/lib/*/perl/5.*", "/usr/lib/*/perl-base")
QUICK = ("op/fork.t", "op/sort.t", "op/hash.t", "op/threads.t", "op/pack.t", "io/pipe.t", "re/regexp.t", "op/alarm.t")


def parts(is_long):
    found = [os.path.relpath(path, f"{SOURCE}/t") for folder in FOLDERS
             for path in sorted(glob.glob(f"{SOURCE}/t/{folder}/*.t"))]
    return [name for name in found if "uniprops" not in name] if is_long else QUICK


def run(place, part):
    if not SOURCE:
        raise harness.Skip("MEMTRACE_PERL_SOURCE is not set")
    tests = os.path.join(place.work, "t")
    shutil.copytree(os.path.join(SOURCE, "t"), tests, copy_function=os.symlink, symlinks=True)
    for library in (path for pattern in LIBRARIES for path in sorted(glob.glob(pattern), key=len, reverse=True)):
        shutil.copytree(library, os.path.join(place.work, "lib"), copy_function=_link_new, dirs_exist_ok=True)
    os.symlink("/usr/bin/perl", os.path.join(tests, "perl"))
    return stage.tap_results(*place.run(["/usr/bin/perl", part], cwd=tests))


def _link_new(source, target):
    if not os.path.lexists(target):
        os.symlink(source, target)
