# SPDX-License-Identifier: Apache-2.0
"""Blocks that come or go behind the tracer's back leave the program unharmed and the numbers consistent."""
import ctypes.util

import harness
from harness import Run, need, target


def _totals(run):
    totals = harness.report(run.file())["totals"]
    for name, value in totals.items():
        assert value >= 0, totals
    assert totals["free_count"] <= totals["alloc_count"], totals
    return totals


def _check_unseen(*arguments):
    with Run([target("unseen_frees"), *arguments]) as run:
        run.finish().check_truth()
        totals = _totals(run)
        for name in ("foreign_free_count", "unseen_free_count"):
            harness.equal(totals[name], run.number(name), name)


def frees_by_libcs_own_handle_make_no_false_leak():
    _check_unseen("libc")


def frees_of_a_library_with_deepbind_make_no_false_leak():
    _check_unseen("deepbind", target("libplugin_a.so"))


def a_library_with_a_libc_of_its_own_is_not_seen_and_what_it_calls_is():
    _check_unseen("namespace", target("libplugin_a.so"))


def frees_by_ctypes_make_no_false_leak():
    script = ("import ctypes\n"
              f"c = ctypes.CDLL({ctypes.util.find_library('c')!r})\n"
              "c.malloc.restype = ctypes.c_void_p\n"
              "program = ctypes.CDLL(None)\n"
              "program.malloc.restype = ctypes.c_void_p\n"
              "again, last = 0, None\n"
              "for i in range(200):\n"
              "    block = program.malloc(ctypes.c_size_t(3456))\n"
              "    again += block == last\n"
              "    last = block\n"
              "    c.free(ctypes.c_void_p(block))\n"
              "print(again)\n")
    with Run([need("python3"), "-c", script]) as run:
        run.finish()
        harness.equal(int(run.stdout), 199, "blocks at one address")
        totals = _totals(run)
        assert totals["unseen_free_count"] in (199, 200), totals  # the last place may be used again


def what_libc_allocates_and_frees_inside_is_seen():
    with Run([need("gawk"), "BEGIN { while ((\"seq 2000\" | getline line) > 0) n += line; print n }"]) as run:
        run.finish()
        for path in run.files():
            totals = harness.report(path)["totals"]
            harness.equal((totals["unseen_free_count"], totals["foreign_free_count"]), (0, 0), path)


def frees_of_blocks_from_before_recording_take_nothing_off():
    with Run([target("blocks_from_before")], env={"MEMTRACE_START": "off"}) as run:
        run.finish().check_truth()
        totals = _totals(run)
        harness.equal(totals["foreign_free_count"], run.number("foreign_free_count"), totals)
        for row in harness.report(run.file(), "--by", "site")["rows"]:
            assert row["free_count"] <= row["alloc_count"], row
        timeline = harness.info(run.file())["timeline"]
        assert all(moment["live_bytes"] >= 0 for moment in timeline), timeline


harness.main(globals())
