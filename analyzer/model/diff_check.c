/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff_check.c - whether snapshots are of one program, in the order of time, and complete.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/size_text.h"
#include "model/drop_text.h"
#include "model/interval.h"

#include "model/diff.h"

static void find(struct findings *findings, enum finding_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void find(struct findings *findings, enum finding_kind kind, const char *format, ...)
{
	struct finding *finding = &findings->list[findings->count];
	va_list arguments;

	if (findings->count == FINDING_MAX)
		return;
	findings->count++;
	finding->kind = kind;
	va_start(arguments, format);
	(void)vsnprintf(finding->text, sizeof(finding->text), format, arguments);
	va_end(arguments);
}

static const struct module *main_module(const struct snapshot *snapshot)
{
	size_t i;

	for (i = 1; i < snapshot->module_count; i++)
		if (snapshot->modules[i].flags & MT_MODULE_MAIN)
			return &snapshot->modules[i];
	return NULL;
}

static bool is_equal_build(const struct module *a, const struct module *b)
{
	return a && b && a->build_id_bytes && a->build_id_bytes == b->build_id_bytes &&
	       memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0;
}

static const char *executable_name(const struct snapshot *snapshot)
{
	const struct module *module = main_module(snapshot);

	if (*snapshot->executable)
		return path_base(snapshot->executable);
	if (module && *module->path)
		return path_base(module->path);
	return snapshot->program;
}

static bool is_equal_program(const struct snapshot *a, const struct snapshot *b)
{
	return is_equal_build(main_module(a), main_module(b)) ||
	       strcmp(executable_name(a), executable_name(b)) == 0;
}

bool diff_is_one_process(const struct snapshot *a, const struct snapshot *b)
{
	return a->header.pid == b->header.pid &&
	       a->header.process_start_ticks == b->header.process_start_ticks &&
	       a->header.start_realtime_ns == b->header.start_realtime_ns;
}

static uint64_t taken_realtime_ns(const struct snapshot *snapshot)
{
	return snapshot->header.start_realtime_ns + snapshot->taken_ns;
}

void diff_order(struct snapshot **snapshots, size_t count, struct findings *findings)
{
	bool is_moved = false;
	size_t i, k;

	for (i = 1; i < count; i++)
		if (!diff_is_one_process(snapshots[0], snapshots[i]))
			return;
	if (count < 3)
		return;
	for (i = 1; i < count; i++) {
		struct snapshot *snapshot = snapshots[i];

		for (k = i; k > 0 && snapshot->taken_ns < snapshots[k - 1]->taken_ns; k--)
			snapshots[k] = snapshots[k - 1];
		snapshots[k] = snapshot;
		is_moved |= k != i;
	}
	if (is_moved)
		find(findings, FINDING_NOTE,
		     "compared in the order of time, not as given: from %s to %s",
		     snapshots[0]->path, snapshots[count - 1]->path);
}

static void check_pair(const struct snapshot *a, const struct snapshot *b,
		       struct findings *findings)
{
	if (!is_equal_program(a, b))
		find(findings, FINDING_REFUSAL, "%s is of %s, but %s is of %s", a->path,
		     executable_name(a), b->path, executable_name(b));
	else if (!diff_is_one_process(a, b))
		find(findings, FINDING_NOTE,
		     "two runs of %s are compared: process %" PRId32 " and process %" PRId32,
		     executable_name(a), a->header.pid, b->header.pid);
	if (diff_is_one_process(a, b) ? b->taken_ns < a->taken_ns
				      : taken_realtime_ns(b) < taken_realtime_ns(a))
		find(findings, FINDING_WARNING, "%s is older than %s: swap them to see growth as +",
		     b->path, a->path);
}

static void check_drops(const struct snapshot *const *snapshots, size_t count,
			struct findings *findings)
{
	size_t i;

	for (i = 0; i < count; i++)
		for (uint32_t drop = 0; drop < MT_DROP_COUNT; drop++)
			if (mt_drop_is_loss(drop) && snapshots[i]->drops[drop] > 0)
				find(findings, FINDING_WARNING, "%s: %" PRIu64 " %s",
				     snapshots[i]->path, snapshots[i]->drops[drop],
				     drop_texts[drop].meaning);
}

/* Where some figures have limits and others need none, or limits of another width. */
static void check_samples(const struct snapshot *const *snapshots, size_t count,
			  struct findings *findings)
{
	size_t i;

	for (i = 1; i < count; i++) {
		uint64_t first = snapshots[0]->header.sample_bytes;
		uint64_t other = snapshots[i]->header.sample_bytes;

		if (first == other)
			continue;
		find(findings, FINDING_NOTE, "%s is %s, %s is %s", snapshots[0]->path,
		     sampled_text(first).text, snapshots[i]->path, sampled_text(other).text);
		return;
	}
}

/* Of a process tree some may well allocate nothing: only if none does there is something to say. */
static void check_silence(const struct snapshot *const *snapshots, size_t count,
			  struct findings *findings)
{
	size_t i;

	for (i = 0; i < count; i++)
		if (snapshots[i]->totals[MT_TOTAL_ALLOC_COUNT] > 0 ||
		    snapshots[i]->process.is_stopped)
			return;
	if (snapshots[0]->header.sample_bytes > 0)
		find(findings, FINDING_NOTE,
		     "%s: no sample was taken: with 95%%, at most %s was allocated",
		     snapshots[0]->path,
		     size_text(interval_unseen_bytes(snapshots[0]->header.sample_bytes)).text);
	else
		find(findings, FINDING_NOTE,
		     "%s: no allocation was seen; the program may bring an allocator of its own",
		     snapshots[0]->path);
}

void diff_check(const struct snapshot *const *snapshots, size_t count, const char *const *rebuilt,
		struct findings *findings)
{
	size_t i;

	for (i = 1; i < count; i++)
		check_pair(snapshots[i - 1], snapshots[i], findings);
	check_drops(snapshots, count, findings);
	check_samples(snapshots, count, findings);
	check_silence(snapshots, count, findings);
	for (i = 0; rebuilt[i]; i++)
		find(findings, FINDING_NOTE,
		     "%s was rebuilt in between: its stacks are compared by function and file",
		     rebuilt[i]);
}

void merge_check(const struct snapshot *const *snapshots, size_t count, struct findings *findings)
{
	size_t i, k;

	check_drops(snapshots, count, findings);
	check_samples(snapshots, count, findings);
	check_silence(snapshots, count, findings);
	for (i = 1; i < count; i++)
		for (k = 0; k < i; k++)
			if (diff_is_one_process(snapshots[k], snapshots[i]))
				find(findings, FINDING_WARNING,
				     "%s and %s are of one process, which now counts twice; "
				     "memtrace diff compares them",
				     snapshots[k]->path, snapshots[i]->path);
}
