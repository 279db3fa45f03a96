# SPDX-License-Identifier: Apache-2.0
"""What can be put around a program: nothing, memtrace in its modes, each peer that is installed."""
import dataclasses
import os
import shutil
import sys

BUILD = os.environ.get("MEMTRACE_BUILD") or os.path.join(
    os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "build")
SHIM = os.path.join(BUILD, "preload", "libmemtrace.so")
LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")


def _library(name):
    for folder in LIBRARY_FOLDERS:
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return path
    return None


def _contains(path, text):
    if not path or not os.path.exists(path):
        return False
    with open(path, "rb") as file:
        return text in file.read()


@dataclasses.dataclass
class Tool:
    """@front: words before the command; @env: variables; {out} in both is the tool's folder."""
    name: str
    note: str
    is_there: bool = True
    front: tuple = ()
    env: dict = dataclasses.field(default_factory=dict)
    round_max: int = 1000
    times_max: int = 1000  # for one sample of something short
    is_silent: bool = True  # the program's output is what it is without the tool
    is_default: bool = True

    def wrap(self, command, out):
        """(command, settings) with the tool around it."""
        settings = [f"{name}={value.format(out=out)}" for name, value in self.env.items()]
        return [word.format(out=out) for word in self.front] + list(command), settings


def _memtrace(name, note, library=SHIM, is_there=True, is_default=True, **env):
    return Tool(name, note, os.path.exists(library) and is_there, is_default=is_default,
                env={"LD_PRELOAD": library, "MEMTRACE_OUT": "{out}", "MEMTRACE_QUIET": "1", **env})


def _preloaded(name, note, library, is_there=True, **fields):
    path = _library(library)
    env = {"LD_PRELOAD": path or "", **fields.pop("env", {})}
    return Tool(name, note, bool(path) and is_there, env=env, **fields)


def _valgrind(name):
    return Tool(name, "every allocation, program emulated", bool(shutil.which("valgrind")),
                front=("valgrind", "-q", f"--tool={name}", f"--{name}-out-file={{out}}/{name}.%p"),
                round_max=1, times_max=1, is_silent=False, is_default=False)


def _jemalloc(name, note, sample):
    library = "libjemalloc.so.2"
    return _preloaded(name, note, library, _contains(_library(library), b"prof_sample"),
                      env={"MALLOC_CONF": f"prof:true,prof_final:true,lg_prof_sample:{sample},"
                                          "prof_prefix:{out}/jeprof"})


ALL = [
    Tool("none", "the program alone"),
    _memtrace("memtrace", "every allocation, whole stacks"),
    _memtrace("memtrace-sampled", "one sample per 512 KiB, whole stacks", MEMTRACE_SAMPLE="512K",
              is_there=_contains(SHIM, b"MEMTRACE_SAMPLE")),
    _memtrace("memtrace-off", "loaded, not recording", MEMTRACE_START="off"),
    _memtrace("memtrace-nolive", "without its table of live blocks: wrong sums, to compare misses",
              library=os.path.join(BUILD, "bench", "libmemtrace-nolive.so"), is_default=False),
    Tool("heaptrack", "every allocation, stacks up to 64 frames, of the first process",
         bool(shutil.which("heaptrack")), front=("heaptrack", "-o", "{out}/heaptrack", "--"),
         is_silent=False, times_max=3),
    _jemalloc("jemalloc-exact", "an allocator that takes a stack for each allocation", 0),
    _jemalloc("jemalloc-sampled", "an allocator that takes one stack per 512 KiB", 19),
    _preloaded("gperftools", "an allocator that takes a stack for each allocation",
               "libtcmalloc.so.4", env={"HEAPPROFILE": "{out}/heap"}, round_max=3),
    _preloaded("lsan", "LeakSanitizer: an allocator that takes stacks by frame pointers",
               "liblsan.so.0", env={"LSAN_OPTIONS": "exitcode=0:log_path={out}/lsan"}),
    _preloaded("memusage", "glibc's: sums and sizes, no stacks", "libmemusage.so"),
    _valgrind("dhat"),
    _valgrind("massif"),
]


def need_build():
    """Ends the program where there is nothing to measure."""
    if not os.path.exists(SHIM):
        sys.exit(f"no {SHIM}: build first, or name the build in MEMTRACE_BUILD")


def installed():
    return [tool for tool in ALL if tool.is_there]
