# SPDX-License-Identifier: Apache-2.0
"""Frees and reallocs of what is no live block: what is recorded of them, and that nothing else changes."""
import json
import os
import resource
import struct
import subprocess

import harness
from harness import Run, equal, memtrace, target

ON = {"MEMTRACE_REPORT_INVALID": "1"}
LINE = b"memtrace: invalid "
LENIENT = target("libodd_allocator.so")


def _run(*ways, env=None, lenient=True):
    """A run of the target that is not over yet: `finish` it."""
    return Run([target("invalid_frees"), *ways], env={**ON, **(env or {})},
               preload=[LENIENT] if lenient else [])


def _invalid(*arguments):
    document = json.loads(memtrace("invalid", "--json", *arguments))
    equal(sum(call["count"] for call in document["calls"]), document["call_count"], "call_count")
    return document["calls"]


def _only(path):
    calls = _invalid("--no-children", path)
    equal(len(calls), 1, [(call["what"], call["address"]) for call in calls])
    return calls[0]


def _functions(call, which):
    return [frame["function"] for frame in call[which]["frames"]]


def _check(call, what, size, way, count=1, by="free", functions=("free_again", "free_it")):
    """The record has all its stacks, each from the function that did it on."""
    equal((call["what"], call["call"], call["count"]), (what, by, count), "record")
    equal(call["block_bytes"], size, "block_bytes")
    equal(_functions(call, "called")[:2], [functions[0], way], "called by")
    equal(_functions(call, "allocated")[:2], ["allocate_it", way], "allocated by")
    if functions[1]:
        equal(_functions(call, "freed")[:2], [functions[1], way], "freed by")
    else:
        assert "freed" not in call, call
    assert _functions(call, "called")[-1] == "_start", call


def double_free_has_three_stacks_and_a_count():
    with _run("twice") as run:
        call = _only(run.finish().file())
        _check(call, "freed", 40, "twice", count=3)
        equal(call["offset"], 0, "offset")


def address_inside_a_live_block_is_told_with_its_offset():
    for way, size, offset in (("inside", 100, 16), ("inside_large", 20 << 20, 10 << 20)):
        with _run(way) as run:
            call = _only(run.finish().file())
            _check(call, "inside", size, way, functions=("free_again", None))
            equal(call["offset"], offset, "offset")


def address_inside_a_freed_block_is_told_with_its_free():
    with _run("inside_freed") as run:
        call = _only(run.finish().file())
        _check(call, "inside_freed", 200, "inside_freed")
        equal(call["offset"], 32, "offset")


def what_was_never_allocated_is_foreign():
    with _run("foreign") as run:
        call = _only(run.finish().file())
        equal((call["what"], call["count"]), ("foreign", 1), "record")
        equal(_functions(call, "called")[:2], ["free_again", "foreign"], "called by")
        assert not {"freed", "allocated", "block_bytes"} & set(call), call


def realloc_of_a_freed_block_is_recorded():
    with _run("realloc_freed") as run:
        _check(_only(run.finish().file()), "freed", 60, "realloc_freed", by="realloc",
               functions=("grow_again", "free_it"))


def block_that_realloc_has_moved_counts_as_freed_by_it():
    with _run("moved") as run:
        _check(_only(run.finish().file()), "freed", 80, "moved",
               functions=("free_again", "grow_again"))


def threads_are_told_apart():
    with _run("in_thread") as run:
        call = _only(run.finish().file())
        equal((call["what"], call["called"]["thread"]), ("freed", "freer"), "called")
        equal(_functions(call, "called")[:2], ["free_again", "free_in_thread"], "called by")
        assert call["freed"]["thread"] != "freer", call["freed"]


def child_knows_what_its_parent_has_freed():
    with _run("in_child") as run:
        run.finish()
        child, = (path for path in run.files() if os.sep + "invalid_frees" in path
                  and os.path.dirname(path) != run.out)
        parent, = (path for path in run.files() if path != child)
        _check(_only(child), "freed", 50, "in_child")
        equal(_invalid("--no-children", parent), [], "of the parent")
        equal(len(_invalid(parent)), 1, "of the tree")


def handler_is_in_the_stack():
    with _run("in_handler") as run:
        names = _functions(_only(run.finish().file()), "called")
        equal(names[:2], ["free_again", "on_signal"], "called by")
        assert "in_handler" in names, names


def records_beyond_the_table_are_counted_as_dropped():
    with _run("many") as run:
        path = run.finish().file()
        equal(len(_invalid(path)), 256, "records")
        info = harness.info(path)
        equal(harness.drops(info), {"invalid": 300 - 256}, "dropped")
        equal(info["bounds"]["invalid_call_count"], 256, "counted")
        equal(info["totals"]["foreign_free_count"], 300, "foreign frees")
        equal(info["totals"]["dropped_count"], 0, "events lost")


def the_last_freed_blocks_are_remembered():
    with _run("after_many") as run:
        call, = _invalid(run.finish().file())
        _check(call, "freed", 8 + 99999 % 64, "after_many")


def what_was_allocated_while_stopped_is_no_double_free():
    with _run("stopped", lenient=False) as run:
        equal(_only(run.finish().file())["what"], "foreign", "what")


def record_survives_the_abort_and_one_line_names_the_file():
    with _run("abort", lenient=False) as run:
        run.finish(status=-6)
        ours, *others = run.stderr.splitlines(keepends=True)
        path = run.file()
        assert ours.startswith(LINE) and path.encode() in ours, ours
        equal(b"".join(others), b"free(): double free detected in tcache 2\n", "glibc's own line")
        _check(_only(path), "freed", 40, "abort_by_glibc")


def one_line_is_said_however_many_there_are():
    with _run("twice", "inside", "foreign") as run:
        run.finish()
        equal((run.stderr.count(b"\n"), run.stderr.startswith(LINE)), (1, True), run.stderr)
        equal(sum(call["count"] for call in _invalid(run.file())), 5, "calls")


def nothing_is_said_when_quiet_or_where_standard_error_is_another_file():
    with _run("twice", env={"MEMTRACE_QUIET": "1"}) as run:
        equal(run.finish().stderr, b"", "stderr")
    with _run("other_stderr") as run:
        equal(_only(run.finish().file())["count"], 3, "recorded")
        equal(os.path.getsize(os.path.join(run.folder, "other")), 0, "bytes in the program's file")


def nothing_is_said_where_a_filter_would_kill_for_it():
    with _run("strict") as run:
        run.finish()
        equal(run.stderr, b"", "stderr")
        call = _only(run.file())
        equal((call["what"], call["block_bytes"]), ("freed", 40), "record")


def run_has_an_option_for_it():
    with Run([]) as run:
        done = subprocess.run([harness.MEMTRACE, "run", "--report-invalid", "-o", run.out, "--",
                               target("invalid_frees"), "abort"], cwd=run.folder, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        equal(done.returncode, 128 + 6, "status")
        _check(_only(run.file()), "freed", 40, "abort_by_glibc")


def without_the_option_nothing_is_recorded_but_counted():
    with _run("twice", "inside", "foreign", env={"MEMTRACE_REPORT_INVALID": "0"}) as run:
        path = run.finish().file()
        equal((run.stderr, _invalid(path)), (b"", []), "said and recorded")
        totals = harness.info(path)["totals"]
        equal(totals["foreign_free_count"], 5, "foreign frees")


def samples_refuse_the_option_with_a_message():
    with _run("twice", env={"MEMTRACE_SAMPLE": "64"}) as run:
        path = run.finish().file()
        equal((run.stderr, _invalid(path)), (b"", []), "said and recorded")
        messages = [message["text"] for message in
                    harness.info(path)["messages"]]
        assert any("samples" in text for text in messages), messages


def snapshots_keep_the_records():
    with _run("twice", "inside_freed") as run:
        path = run.finish().file()
        copy = memtrace("snapshot", "-o", run.folder, path).strip()

        def records(file):
            return [(call["what"], call["count"], call["address"], _functions(call, "called"),
                     _functions(call, "freed"), _functions(call, "allocated"))
                    for call in _invalid(file)]
        equal(len(records(path)), 2, "records")
        equal(records(copy), records(path), "in a snapshot")


def snapshots_of_itself_keep_the_records():
    with _run("twice", "keep") as run:
        run.finish()
        kept = [os.path.join(run.out, name) for name in sorted(os.listdir(run.out))]
        snapshots = [path for path in kept if harness.Header(path).is_snapshot]
        assert snapshots, kept
        _check(_invalid(snapshots[-1])[0], "freed", 40, "twice", count=3)


def text_tells_what_json_does():
    with _run("twice", "inside") as run:
        path = run.finish().file()
        text = memtrace("invalid", "--depth", 1, path)
        for part in ("4 invalid calls", "invalid free(), 3 times", "40 bytes that was freed before",
                     "16 bytes inside a block of 100 bytes that is live", "free_again at",
                     "the block was freed by thread", "the block was allocated by thread"):
            assert part in text, f"{part!r} is not in {text}"
        memtrace("invalid", "--error-exitcode", 9, path, status=9)
    with _run("none") as run:
        path = run.finish().file()
        memtrace("invalid", "--error-exitcode", 9, path, status=0)
        assert "they were recorded, and there was none" in memtrace("invalid", path)
        equal(json.loads(memtrace("invalid", "--json", path))["recorded"], "yes", "recorded")


def file_without_the_option_says_so_and_passes_no_check():
    with _run("none", env={"MEMTRACE_REPORT_INVALID": "0"}) as run:
        path = run.finish().file()
        for file in (path, memtrace("snapshot", "-o", run.folder, path).strip()):
            assert "were not recorded" in memtrace("invalid", file)
            equal(json.loads(memtrace("invalid", "--json", file))["recorded"], "no", "recorded")
            memtrace("invalid", "--error-exitcode", 9, file, status=1)
        os.chmod(path, 0o600)
        with open(path, "r+b") as file:
            data = file.read(1 << 20)
            process = struct.unpack_from("<Q", data, 256 + 8)[0]  # the first section
            file.seek(process + 320)
            equal(file.read(4), struct.pack("<I", 1), "not reported")
            file.seek(process + 320)
            file.write(bytes(4))
        equal(json.loads(memtrace("invalid", "--json", path))["recorded"], "unknown", "recorded")
        memtrace("invalid", "--error-exitcode", 9, path, status=0)


def summary_of_a_run_tells_invalid_calls_of_children_too():
    with _run("twice") as run:
        program = run.command[0]
        done = subprocess.run([harness.MEMTRACE, "run", "--report-invalid", "-o", "run.snap", "sh", "-c",
                               f"{program} twice; {program} none; exec {program} inside"],
                              env={**run.env, "LD_PRELOAD": ""}, cwd=run.folder,
                              stderr=subprocess.PIPE, check=False)  # glibc aborts them at their first
        assert b"\n  invalid     2 calls; memtrace invalid run.snap\n" in done.stderr, done.stderr


def samples_and_invalid_calls_are_refused_together_before_the_run():
    with _run("none") as run:
        for sample, status in (("512K", 2), ("0", 0)):
            done = subprocess.run([harness.MEMTRACE, "run", "--sample", sample, "--report-invalid", "-o",
                                   os.path.join(run.folder, "a.snap"), "true"],
                                  stderr=subprocess.PIPE, check=False)
            equal(done.returncode, status, done.stderr)
            equal(b"does not work with --sample" in done.stderr, status == 2, done.stderr)
            equal(os.path.exists(os.path.join(run.folder, "a.snap")), status == 0, "run")


def every_json_output_fits_the_schema():
    try:
        import jsonschema
    except ImportError as error:
        raise harness.Skip("python3-jsonschema is not installed") from error
    with open(os.path.join(harness.SOURCE, "docs", "schema.json"), encoding="utf-8") as file:
        schema = json.load(file)
    validator = jsonschema.Draft202012Validator({**schema["$defs"]["invalid"],
                                                 "$defs": schema["$defs"]})
    with _run("twice", "inside", "inside_freed", "foreign", "realloc_freed") as run:
        document = json.loads(memtrace("invalid", "--json", run.finish().file()))
        equal(len(document["calls"]), 5, "records")
        validator.validate(document)


resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
harness.main(globals())
