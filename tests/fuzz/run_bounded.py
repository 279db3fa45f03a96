#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs a fuzzer over its corpus and then for some seconds beyond.

A corpus is a folder; what longer runs have found is packed beside it, in FOLDER.tar.xz."""
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile

MEMORY_LIMIT_MIB = 1024


def main():
    fuzzer, seconds, corpus = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as found, tempfile.TemporaryDirectory() as scratch:
        arguments = [
            "-max_total_time=" + seconds,
            "-timeout=10",
            f"-malloc_limit_mb={MEMORY_LIMIT_MIB}",
            f"-rss_limit_mb={2 * MEMORY_LIMIT_MIB}",
            "-print_final_stats=1",
        ]
        packed = pathlib.Path(corpus + ".tar.xz")
        if packed.exists():
            with tarfile.open(packed) as texts:
                texts.extractall(found)
        run = subprocess.run([fuzzer, *arguments, found, corpus], check=False,
                             env=os.environ | {"TMPDIR": scratch})
        return 1 if run.returncode else 0  # its own 77 would mean "skipped" to meson


if __name__ == "__main__":
    sys.exit(main())
