# SPDX-License-Identifier: Apache-2.0
"""What is measured: loops of the micro benchmark, whole programs, a server, start-up."""
import dataclasses
import hashlib
import json
import os
import shutil

import inputs
import measure
import serve
import tools

MICRO = os.path.join(tools.BUILD, "bench", "micro")
GROUPS = ("micro", "memory", "program", "server", "start")


@dataclasses.dataclass
class Workload:
    """@command: folder of inputs -> words. @live: blocks alive in it, where that is known."""
    name: str
    group: str
    title: str
    command: callable
    env: dict = dataclasses.field(default_factory=dict)
    times: int = 1  # run so often for one sample
    live: int = 0
    needs: str = ""
    is_for_all_tools: bool = True
    round_max: int = 1000
    is_spinning: bool = False  # its threads wait by spinning: CPU time of the process says nothing
    digest: str = ""  # of the output without a tool

    def is_there(self):
        return not self.needs or shutil.which(self.needs) is not None

    def run(self, tool, cache):
        """Figures of one run under a tool."""
        place = measure.Place(cache)
        if self.group == "server":
            return serve.run(tool, place)
        times = min(self.times, tool.times_max)
        figures, output = measure.run(tool, place, self.command(cache), self.env, times)
        if self.group in ("micro", "memory"):
            figures.update(_micro_figures(output))
        elif tool.is_silent:
            self._compare(output)
        return figures

    def counted_command(self, cache):
        """The command for counting what it does: loops do the same in each run, for short."""
        fixed = ["--warmup", "0", "--pairs", "100000"] if self.group == "micro" else []
        return self.command(cache) + fixed

    def _compare(self, output):
        """A program must say the same under every tool."""
        digest = hashlib.sha256(output).hexdigest()
        self.digest = self.digest or digest
        if digest != self.digest:
            raise measure.Failed("its output is another")


def _micro_figures(output):
    for line in output.splitlines():
        if line.startswith(b'{"pairs"'):
            result = json.loads(line)
            return {"pair_ns": result["wall_ns_per_pair"], "pair_cpu_ns": result["cpu_ns_per_pair"],
                    "pairs": result["all_pairs"]}
    raise measure.Failed("no figures in its output")


def _micro(name, title, *options, group="micro", live=0, is_for_all_tools=True, is_spinning=False):
    command = [MICRO, *map(str, options)]
    # Memory differs less from run to run than time.
    return Workload(name, group, title, lambda cache: command, live=live,
                    is_for_all_tools=is_for_all_tools, is_spinning=is_spinning,
                    round_max=3 if group == "memory" else 1000)


def _program(name, title, needs, command, **fields):
    return Workload(name, "program", title, command, needs=needs, **fields)


ALL = [
    _micro("empty", "one block: what starting takes", "--live", 1, "--warmup", 0, "--pairs", 1,
           group="memory"),
    _micro("depth10", "10 frames, 1,000 live blocks"),
    _micro("depth30", "30 frames, 1,000 live blocks", "--depth", 30),
    _micro("depth100", "100 frames, 1,000 live blocks", "--depth", 100),
    _micro("random100k", "10 frames, 100,000 live blocks", "--live", 100000),
    _micro("sites8", "8 call sites and depths in turn", "--sites", 8),
    _micro("threads2", "2 threads, each with blocks of its own", "--threads", 2, "--pin"),
    _micro("batches", "batches of 256, one thread", "--handover"),
    _micro("handover", "batches of 256, freed by a second thread", "--handover", "--threads", 2,
           "--pin", is_spinning=True),
    _micro("handover-busy", "the same, both threads at the same time", "--handover", "--threads", 2,
           "--pin", "--batches", 64, is_spinning=True),
    _micro("live100k", "100,000 live blocks", "--live", 100000, "--warmup", 0, "--ms", 100,
           group="memory", live=100000),
    _micro("live1m", "1,000,000 live blocks", "--live", 1000000, "--warmup", 0, "--ms", 100,
           group="memory",
           live=1000000),
    _micro("threads500", "500 threads, 10 live blocks each", "--threads", 500, "--live", 10,
           "--warmup", 0, "--pairs", 500, group="memory", is_for_all_tools=False),
    _program("jq", "jq, 30 MB of JSON", "jq",
             lambda cache: ["/usr/bin/jq", "-c", "map(.v) | add", inputs.rows_json(cache)]),
    _program("sqlite3", "sqlite3, 400,000 rows inserted and indexed", "sqlite3",
             lambda cache: ["/usr/bin/sqlite3", ":memory:", f".read {inputs.rows_sql(cache)}"]),
    _program("perl", "perl, a hash of 1.5 million strings", "perl",
             lambda cache: ["/usr/bin/perl", inputs.hash_pl(cache)],
             env={"PERL_HASH_SEED": "0", "PERL_PERTURB_KEYS": "0"}),
    _program("git", "git log --stat, 800 commits", "git",
             lambda cache: ["/usr/bin/git", "-C", inputs.history_git(cache), "--no-pager", "log",
                            "--stat"],
             env={"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "1",
                  "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}),
    _program("clang", "clang -O1, a Boost.Spirit header", "clang",
             lambda cache: ["/usr/bin/clang", "-O1", "-x", "c++", "-c", "-o", "/dev/null",
                            inputs.grammar_cc(cache)]),
    _program("python3", "python3, 30 MB of JSON, PYTHONMALLOC=malloc", "python3",
             lambda cache: ["/usr/bin/python3", "-S", inputs.load_py(cache),
                            inputs.rows_json(cache)],
             env={"PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"}),
    Workload("redis", "server", "redis-server, redis-benchmark SET and GET", None,
             needs="redis-benchmark"),
    Workload("true", "start", "/bin/true, start to end", lambda cache: ["/bin/true"], times=100),
    Workload("make", "start", "make, 200 small C files", needs="make", is_for_all_tools=False,
             command=lambda cache: ["/usr/bin/make", "-s", "-B", "-C", inputs.sources_make(cache)]),
]
BY_NAME = {workload.name: workload for workload in ALL}
# Of tools that are not for all workloads these are.
MAIN_TOOLS = ("none", "memtrace", "memtrace-sampled", "memtrace-off", "heaptrack")


def is_for(workload, tool):
    """Whether a tool makes sense there: peers that follow no children are not run on a build."""
    return workload.is_for_all_tools or tool.name in MAIN_TOOLS
