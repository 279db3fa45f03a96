#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Verifies a spin model in all its states, then that spin finds the error in each of its broken variants.

usage: run_model.py MODEL.pml    the variants are the names BROKEN_* that stand in it
"""
import os
import re
import subprocess
import sys
import tempfile

CFLAGS = ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE", "-DNOREDUCE", "-DVECTORSZ=2048", "-DMEMLIM=1900"]
DEPTH = 10000


def run(command, folder):
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.stdout


def verify(model, variant):
    """How many errors there are; None where not all states were seen, or it could not be built."""
    with tempfile.TemporaryDirectory() as folder:
        defines = ["-D" + variant] if variant else []
        output = run(["spin", "-a", *defines, model], folder)
        output += run(["cc", *CFLAGS, "-o", "pan", "pan.c"], folder)
        output += run(["./pan", "-E", f"-m{DEPTH}"], folder)
    found = re.search(r"errors: (\d+)", output)
    states = re.search(r"(\d+) states, stored", output)
    is_cut = re.search(r"search depth too small|out of memory|Search not completed|Error:", output)
    errors = int(found[1]) if found else None
    if errors == 0 and is_cut:
        errors = None
    print(f"# {variant or 'the model'}: {errors} errors, {states[1] if states else 'no'} states")
    if errors is None or (errors > 0) != bool(variant):
        print("".join("# " + line + "\n" for line in output.splitlines()), end="")
    return errors


def main():
    model = os.path.abspath(sys.argv[1])
    with open(model, encoding="utf-8") as text:
        variants = sorted(set(re.findall(r"\bBROKEN_[A-Z_]+\b", text.read())))
    results = [("holds_in_all_states", verify(model, None) == 0)]
    results += [(variant.lower() + "_is_found", (verify(model, variant) or 0) > 0)
                for variant in variants]
    print(f"1..{len(results)}")
    for number, (claim, is_true) in enumerate(results, 1):
        print(f"{'ok' if is_true else 'not ok'} {number} - {claim}")
    return 0 if variants and all(is_true for _, is_true in results) else 1


if __name__ == "__main__":
    sys.exit(main())
