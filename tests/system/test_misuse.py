# SPDX-License-Identifier: Apache-2.0
"""What becomes of a program that misuses malloc is the same with and without the shim: in exact and in sampled mode,
and where invalid frees are reported. One test for each case of tests/misuse/.

All of them run without randomised addresses: what an overflow hits and what fresh memory holds depend on where blocks
lie. Fields that differ from one plain run to the next as well are not compared: UNSTEADY names them.
"""
import os
import re
import subprocess

import harness
from outcome import Place

PROGRAM = os.path.join(harness.BUILD, "tests", "misuse", "misuse")
MODES = ("exact", "sampled", "invalid")
OWN_LINE = re.compile(rb"^memtrace: invalid [^\n]*\n", re.M)

# The main thread still has all signals blocked, or not any more, when the thread it has just made ends the process.
_IN_THREADS = ("free_stack_in_thread", "overflow_in_thread", "twice_in_a_thread", "once_in_two_threads",
               "once_in_another_thread_second", "double_free_in_key_destructors")
# Fields that differ from one plain run to the next.
UNSTEADY = dict.fromkeys(_IN_THREADS, ("state",))


def _without_our_line(text):
    return OWN_LINE.sub(b"", text)


def _cases():
    done = subprocess.run([PROGRAM, "--list"], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode().split()


def _test(name):
    def test():
        with Place() as place:
            differences = place.compare([PROGRAM, name], modes=MODES, fixed_addresses=True,
                                        unsteady=UNSTEADY.get(name, ()),
                                        normalise=_without_our_line)
            assert not differences, "\n".join(differences)
    return test


def there_are_a_hundred_cases_and_they_end_in_many_ways():
    names = _cases()
    assert len(set(names)) == len(names) >= 100, len(names)
    with Place() as place:
        ends = [place.run([PROGRAM, name], fixed_addresses=True)["status"] for name in names]
    counts = {end: ends.count(end) for end in sorted(set(ends))}
    assert {0, -6, -11} <= set(counts), counts
    return f"{len(names)} cases; status and how many: {counts}"


for _name in _cases():
    globals()[_name] = _test(_name)
    globals()[_name].__name__ = _name

harness.main(globals())
