# SPDX-License-Identifier: Apache-2.0
"""Samples of a measurement by workload and tool, and what follows from them.

Rounds are interleaved: the n-th sample of each tool was taken within the same round. So what a tool
adds is the median, over the rounds, of the difference to the untraced run of the same round.
"""
import json
import os
import platform
import statistics
import subprocess
import time

import workloads


def machine():
    """Where and when this was measured."""
    model = "unknown"
    with open("/proc/cpuinfo", encoding="utf-8") as info:
        for line in info:
            if line.startswith("model name"):
                model = line.split(":")[1].strip()
    libc = "-".join(platform.libc_ver())
    return {"processor": model, "processors": os.cpu_count(), "kernel": platform.release(),
            "libc": libc, "date": time.strftime("%Y-%m-%d", time.gmtime()),
            "commit": _commit(), "load": round(os.getloadavg()[1], 1)}


def _commit():
    done = subprocess.run(["git", "-C", os.path.dirname(os.path.abspath(__file__)), "rev-parse",
                           "--short", "HEAD"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=False)
    return done.stdout.decode().strip()


def _round(value):
    return float(f"{value:.5g}")


class Results:
    """samples[workload][tool][figure]: one value a round; failures[workload][tool]: why not."""

    def __init__(self, where=None):
        self.where = where or machine()
        self.samples = {}
        self.failures = {}

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        results = cls(data["machine"])
        results.samples, results.failures = data["samples"], data["failures"]
        return results

    def save(self, path):
        data = {"machine": self.where, "failures": self.failures, "samples": self.samples}
        text = json.dumps(data, indent=1)
        with open(path, "w", encoding="utf-8") as file:
            file.write(_lists_on_one_line(text) + "\n")

    def add(self, workload, tool, figures):
        row = self.samples.setdefault(workload, {}).setdefault(tool, {})
        for name, value in figures.items():
            row.setdefault(name, []).append(_round(value))

    def put(self, workload, tool, figures):
        """Figures that are taken once, in place of earlier ones."""
        row = self.samples.setdefault(workload, {}).setdefault(tool, {})
        row.update({name: [_round(value)] for name, value in figures.items()})

    def fail(self, workload, tool, why):
        self.failures.setdefault(workload, {})[tool] = why
        self.samples.get(workload, {}).pop(tool, None)

    def forget(self, workload):
        """Before it is measured again."""
        self.samples.pop(workload, None)
        self.failures.pop(workload, None)

    def tools(self, workload):
        return list(self.samples.get(workload, {}))

    def values(self, workload, tool, figure):
        return self.samples.get(workload, {}).get(tool, {}).get(figure, [])

    def median(self, workload, tool, figure):
        """None = not measured."""
        values = self.values(workload, tool, figure)
        return statistics.median(values) if values else None

    def _paired(self, workload, tool, figure, combine):
        pairs = zip(self.values(workload, tool, figure), self.values(workload, "none", figure))
        values = [combine(traced, alone) for traced, alone in pairs]
        return statistics.median(values) if values else None

    def added(self, workload, tool, figure):
        """What the tool adds to a figure."""
        return self._paired(workload, tool, figure, lambda traced, alone: traced - alone)

    def ratio(self, workload, tool, figure):
        return self._paired(workload, tool, figure, lambda traced, alone: traced / alone)

    def tree_pair_ns(self, workload, tool):
        """CPU time of the whole process tree for a pair of a loop, without what starting takes."""
        start_ms = self.median("empty", tool, "cpu_ms")
        cpu_ms, pairs = (self.values(workload, tool, name) for name in ("cpu_ms", "pairs"))
        values = [(cpu - (start_ms or 0)) * 1e6 / count for cpu, count in zip(cpu_ms, pairs)]
        return statistics.median(values) if values else None

    def added_tree_ns(self, workload, tool):
        if workloads.BY_NAME[workload].is_spinning:
            return None
        traced, alone = (self.tree_pair_ns(workload, name) for name in (tool, "none"))
        return None if traced is None or alone is None else traced - alone


def _lists_on_one_line(text):
    """So that a difference of two measurements can be read."""
    lines, inside = [], False
    for line in text.splitlines():
        if inside:
            lines[-1] += line.strip() + (" " if line.endswith(",") else "")
            inside = not line.strip().startswith("]")
        else:
            lines.append(line)
            inside = line.endswith("[")
    return "\n".join(lines)
