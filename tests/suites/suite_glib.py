# SPDX-License-Identifier: Apache-2.0
"""GLib's own tests, as Debian installs them: containers, threads, main loops, processes, objects, files."""
import glob
import os

import harness
import stage

TESTS = "/usr/share/installed-tests/glib"
QUICK = ("642026", "array-test", "asyncqueue", "atomic", "autoptr", "base64", "bytes", "cache", "completion",
         "cond", "converter-stream", "dataset", "dir", "environment", "error", "fileutils", "gobject-private",
         "hash", "hook", "io-channel", "io-stream", "keyfile", "list", "logging", "mapping", "markup",
         "memory-input-stream", "mutex", "node", "once", "option-context", "private", "queue", "rcbox", "regex",
         "signals", "slice", "slice-concurrent", "slist", "spawn-multithreaded", "spawn-singlethread", "strfuncs",
         "string", "thread", "thread-pool", "tree", "type", "unix", "uri", "utils")
# They ask a bus, a session or the network, which is not there, measure time, or take minutes.
LEFT_OUT = ("dbus", "gdbus", "gapplication", "memory-monitor", "network", "performance", "power-profile", "resolver",
            "gsocketclient", "tls", "utf8-performance", "socket-service", "actions", "apps", "appmonitor",
            "debugcontroller", "unicode-normalize", "fake-", "file-thumbnail", "trash", "volumemonitor", "live-g-file",
            "testfilemonitor")


def parts(is_long):
    if not is_long:
        return QUICK
    names = (os.path.basename(path)[:-5] for path in glob.glob(f"{TESTS}/*.test"))
    return sorted(name for name in names if not name.startswith(LEFT_OUT))


def run(place, part):
    path = os.path.join(TESTS, f"{part}.test")
    if not os.path.exists(path):
        raise harness.Skip("libglib2.0-tests is not installed")
    with open(path, encoding="utf-8") as lines:
        command = next(line for line in lines if line.startswith("Exec="))[5:].split()
    status, output = place.run(command, limit_s=300, G_TEST_TMPDIR=place.work, XDG_RUNTIME_DIR=place.work)
    return stage.tap_results(status, output)
