# SPDX-License-Identifier: Apache-2.0
"""Counts cache misses of a workload: by the processor where it counts them, else by cachegrind."""
import functools
import json
import os
import re
import subprocess

import measure
import tools

MEMTRACE = os.path.join(tools.BUILD, "analyzer", "memtrace")
PERF_EVENTS = ("L1-dcache-load-misses", "cache-misses")
CACHEGRIND = {"d1_misses": rb"D1 +misses: +([\d,]+)", "ll_misses": rb"LLd misses: +([\d,]+)"}


@functools.cache
def by_processor():
    """Whether perf counts here; virtual machines often hide the counters."""
    try:
        done = subprocess.run(["perf", "stat", "-x", ",", "-e", ",".join(PERF_EVENTS), "true"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0 and b"<not" not in done.stderr


def _perf(command, env, place):
    path = place.file("perf")
    subprocess.run(["perf", "stat", "-x", ",", "-o", path, "-e", ",".join(PERF_EVENTS), "env",
                    *[f"{name}={value}" for name, value in env.items()], *command],
                   cwd=place.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True, timeout=measure.TIMEOUT_S)
    with open(path, encoding="utf-8") as file:
        counts = [int(line.split(",")[0]) for line in file if ",," in line]
    return dict(zip(CACHEGRIND, counts))


def _cachegrind(command, env, place):
    log = place.file("cachegrind.log")
    subprocess.run(["valgrind", "--tool=cachegrind", "--cachegrind-out-file=/dev/null",
                    f"--log-file={log}", *command],
                   env=env, cwd=place.path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL, check=True, timeout=4 * measure.TIMEOUT_S)
    with open(log, "rb") as file:
        text = file.read()
    return {name: int(re.search(pattern, text)[1].replace(b",", b""))
            for name, pattern in CACHEGRIND.items()}


def _events(path):
    """Allocations and frees in a trace file."""
    done = subprocess.run([MEMTRACE, "report", "--json", "--limit", "1", path],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    totals = json.loads(done.stdout)["totals"]
    return totals["alloc_count"] + totals["free_count"]


def count(workload, tool, cache):
    """Figures of one run: misses and, under memtrace, events."""
    place = measure.Place(cache)
    command, settings = tool.wrap(workload.counted_command(cache), place.out)
    env = measure.environment({**workload.env,
                               **dict(setting.split("=", 1) for setting in settings)})
    figures = (_perf if by_processor() else _cachegrind)(command, env, place)
    # valgrind's own start leaves files as well; the program's is the one with events.
    events = max((_events(os.path.join(place.out, name)) for name in os.listdir(place.out)
                  if name.endswith(".snap")), default=0)
    return {**figures, "events": events} if events else figures
