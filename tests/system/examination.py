# SPDX-License-Identifier: Apache-2.0
"""What `memtrace doctor` finds about a program or a process."""
import json
import subprocess

import harness
from harness import MEMTRACE


def examine(*words, status=0, front=(), **options):
    """Findings about a program or process."""
    done = subprocess.run([*front, MEMTRACE, "doctor", "--json", *words_of(words)],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False,
                          **options)
    harness.equal(done.returncode, status, done.stdout + done.stderr)
    document = json.loads(done.stdout)
    harness.equal(document["traceable"], status == 0, "traceable")
    return document["findings"]


def words_of(words):
    return [word if isinstance(word, (bytes, str)) else str(word) for word in words]


def find(findings, level, check, *words):
    """The only finding of a check that has all of the words; it must be of this level and say what to do."""
    found = [row for row in findings
             if row["check"] == check and all(word in row["text"] for word in words)]
    harness.equal([row["level"] for row in found], [level], f"{check} {words} in {findings}")
    if level in ("warning", "problem") and check not in ("message", "dropped"):
        assert found[0]["advice"], found
    return found[0]["text"]


def none(findings, check, level="warning"):
    harness.equal([row for row in findings if (row["check"], row["level"]) == (check, level)], [],
                  check)
