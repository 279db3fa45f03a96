# SPDX-License-Identifier: Apache-2.0
"""redis-server under redis-benchmark with 50 clients: every kind of command answers, and the data is as it must be."""
import os
import subprocess
import time

from harness import need

REQUESTS = 1000
QUICK = ("one_thread", "threads_and_saving")
SERVERS = {"one_thread": [], "append_only_file": ["--appendonly", "yes"],
           "threads_and_saving": ["--io-threads", "3", "--io-threads-do-reads", "yes", "--save", "1 100"],
           "defragmenting": ["--activedefrag", "yes", "--maxmemory", "40mb", "--maxmemory-policy", "allkeys-lru"]}
# What the benchmark leaves behind, whoever came first.
STATE = ("get counter:__rand_int__", "dbsize", "llen mylist", "scard myset", "hlen myhash", "zcard myzset",
         "strlen key:__rand_int__", "object encoding mylist", "type myset")


def parts(is_long):
    return tuple(SERVERS) if is_long else QUICK


def run(stage, part):
    socket = os.path.join(stage.work, "socket")
    server = stage.start([need("redis-server"), "--port", "0", "--unixsocket", socket, "--dir", stage.work, "--save",
                          "", *SERVERS[part]], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    ask = [need("redis-cli"), "-s", socket]
    try:
        while stage.run([*ask, "ping"])[1] != "PONG\n":
            assert server.poll() is None, "the server ended"
            time.sleep(0.05)
        found = {}
        for options in (["-P", "1"], ["-P", "16", "--threads", "2"]):
            status, output = stage.run([need("redis-benchmark"), "-s", socket, "-c", "50", "-n", str(REQUESTS), "--csv",
                                        *options])
            found[f"status {options}"] = str(status)
            for row in output.splitlines()[1:]:
                name, rate = row.replace('"', "").split(",")[:2]
                found[f"{name} {options}"] = "passed" if float(rate) > 0 else "failed"
        for question in STATE:
            found[question] = stage.run([*ask, *question.split()])[1].strip()
        found["errors"] = stage.run([*ask, "info", "errorstats"])[1].strip()
        found["shutdown"] = str(stage.run([*ask, "shutdown", "nosave"])[0])
        found["server"] = str(server.wait(timeout=120))
    finally:
        server.kill()
        server.wait()
    return found
