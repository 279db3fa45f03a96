# SPDX-License-Identifier: Apache-2.0
"""Runs one command under one tool and says what its process tree took."""
import json
import os
import shutil
import subprocess

import tools

LAUNCH = os.path.join(tools.BUILD, "bench", "launch")
TIMEOUT_S = 900


class Failed(Exception):
    """The program did not end as it does without the tool."""


class Place:
    """A folder for one run: {out} for the tool's files, the rest for the program's."""

    def __init__(self, parent):
        self.path = os.path.join(parent, "run")
        shutil.rmtree(self.path, ignore_errors=True)
        self.out = os.path.join(self.path, "out")
        os.makedirs(self.out)

    def file(self, name):
        return os.path.join(self.path, name)

    def left_bytes(self):
        """Disk space of what the tool left."""
        return sum(os.stat(os.path.join(folder, name)).st_blocks * 512
                   for folder, _, names in os.walk(self.out) for name in names)


def launched(tool, place, command, times=1):
    """The command line that runs and measures a command under a tool."""
    wrapped, settings = tool.wrap(command, place.out)
    return [LAUNCH, "-n", str(times), *[word for setting in settings for word in ("-e", setting)],
            place.file("result.json"), *wrapped]


def figures(place, times=1):
    """What the launcher measured, for one of the times."""
    with open(place.file("result.json"), encoding="utf-8") as file:
        result = json.load(file)
    if result["status"] != 0:
        raise Failed(f"status {result['status']}: {_last_words(place)}")
    cpu_us = result["user_us"] + result["system_us"]
    return {"wall_ms": result["wall_ns"] / times / 1e6, "cpu_ms": cpu_us / times / 1e3,
            "peak_kib": result["peak_kib"], "written_bytes": result["written_bytes"] // times,
            "left_bytes": place.left_bytes() // times}


def _last_words(place):
    try:
        with open(place.file("stderr"), encoding="utf-8", errors="replace") as file:
            return " ".join(file.read()[-200:].split())
    except OSError:
        return ""


def environment(extra):
    """Of a measured program: nothing of the caller's that could change what it does."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8",
            **extra}


def run(tool, place, command, env, times=1):
    """One run: (figures, standard output)."""
    with open(place.file("stdout"), "wb") as out, open(place.file("stderr"), "wb") as err:
        subprocess.run(launched(tool, place, command, times), env=environment(env), cwd=place.path,
                       stdin=subprocess.DEVNULL, stdout=out, stderr=err, check=True,
                       timeout=TIMEOUT_S)
    with open(place.file("stdout"), "rb") as out:
        return figures(place, times), out.read()
