# SPDX-License-Identifier: Apache-2.0
"""A server under load is looked at while it works: it is not stopped, and the answer is right."""
import os
import socket
import subprocess
import threading
import time

import harness
from harness import Run, need

KEYS = int(os.environ.get("MEMTRACE_KEYS", "300000"))
STORING = ("dbAdd", "dictAdd", "dictAddRaw", "setKey", "genericSetKey", "setGenericCommand", "sdsdup",
           "_sdsnewlen", "sdsnewlen", "createEmbeddedStringObject", "_dictExpand", "dictExpand",
           "tryObjectEncoding", "setCommand", "dupStringObject", "createStringObject")


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class _StopWatch(threading.Thread):
    """Looks again and again whether the server is stopped or traced."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.seen, self.is_over = pid, set(), False

    def run(self):
        while not self.is_over:
            try:
                with open(f"/proc/{self.pid}/status", encoding="ascii") as status:
                    text = dict(line.split(":\t", 1) for line in status if ":\t" in line)
            except OSError:
                return
            if text["State"][0] in "Tt" or text["TracerPid"].strip() != "0":
                self.seen.add((text["State"].strip(), text["TracerPid"].strip()))
            time.sleep(0.001)


def _key_count(port):
    done = subprocess.run([need("redis-cli"), "-p", str(port), "dbsize"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False, timeout=harness.TIMEOUT)
    words = done.stdout.split()
    return int(words[-1]) if words and words[-1].isdigit() else -1


def _wait_for_keys(port, count, process):
    while _key_count(port) < count:
        assert process.poll() is None, "the server ended"
        time.sleep(0.05)


def growth_of_a_loaded_redis_is_named_without_stopping_it():
    with Run([]) as run:
        port = _free_port()
        run.command = [need("redis-server"), "--port", str(port), "--save", "", "--dir", run.folder]
        process = run.start(stdout=subprocess.DEVNULL)
        _wait_for_keys(port, 0, process)
        watch = _StopWatch(process.pid)
        watch.start()
        load = subprocess.Popen([need("redis-benchmark"), "-p", str(port), "-P", "16", "-t", "set",
                                 "-n", str(20 * KEYS), "-r", "100000000"],
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            paths = []
            for count in (KEYS // 4, KEYS):
                _wait_for_keys(port, count, process)
                paths.append(os.path.join(run.folder, f"{count}.snap"))
                harness.memtrace("snapshot", process.pid, "-o", paths[-1])
            harness.memtrace("info", "--verify", process.pid)
        finally:
            load.kill()
            load.wait()
        watch.is_over = True
        watch.join()
        harness.equal(watch.seen, set(), "moments at which the server was stopped")
        document = harness.diff(*paths)
        assert document["totals"]["live_bytes_delta"] > 40 * KEYS // 2, document["totals"]
        names = [{frame["function"] for frame in row["frames"]} for row in document["rows"][:3]]
        for number, functions in enumerate(names):
            assert functions & set(STORING), f"row {number}: {functions}"


harness.main(globals())
