# SPDX-License-Identifier: Apache-2.0
"""Measures a redis server that is under load: requests a second, seen by its clients."""
import csv
import io
import socket
import subprocess
import time

import measure

REQUESTS = 100000
START_LIMIT_S = 60


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _wait_for_port(port, process):
    end = time.monotonic() + START_LIMIT_S
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", int(port)), timeout=5).close()
            return
        except OSError:
            time.sleep(0.01)
    raise measure.Failed("the server does not answer")


def _rates(port):
    """Requests a second of each command."""
    done = subprocess.run(["/usr/bin/redis-benchmark", "-p", port, "-t", "set,get", "--csv",
                           "-n", str(REQUESTS), "-r", "100000", "-d", "64"],
                          stdout=subprocess.PIPE, check=True, timeout=measure.TIMEOUT_S)
    rows = csv.DictReader(io.StringIO(done.stdout.decode()))
    return {f"{row['test'].lower()}_per_s": float(row["rps"]) for row in rows}


def run(tool, place):
    """Figures of one run of the server under a tool."""
    port = _free_port()
    command = ["/usr/bin/redis-server", "--port", port, "--save", "", "--dir", place.path]
    with open(place.file("stderr"), "wb") as err:
        process = subprocess.Popen(measure.launched(tool, place, command), cwd=place.path,
                                   env=measure.environment({}), stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=err)
    try:
        _wait_for_port(port, process)
        rates = _rates(port)
        subprocess.run(["/usr/bin/redis-cli", "-p", port, "shutdown", "nosave"], check=False,
                       stdout=subprocess.DEVNULL, timeout=measure.TIMEOUT_S)
        process.wait(timeout=measure.TIMEOUT_S)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    return {**measure.figures(place), **rates}
