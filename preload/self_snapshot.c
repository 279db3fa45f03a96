/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_snapshot.c - names, thins and places the snapshots that a process makes of itself.
 */
#define _GNU_SOURCE
#include "self_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>

#include "clock.h"
#include "memtrace/atomic.h"
#include "options.h"
#include "os.h"
#include "squeeze.h"
#include "text.h"
#include "trace_file.h"

#define SELF_SNAPSHOT_TRIES 1000u

static const char *self_trace_path;

/* The series of periodic snapshots: those whose place is a multiple of stride exist. */
static struct {
	uint64_t place; /* of the next one, made or not */
	uint64_t stride;
	uint64_t count; /* existing ones */
} self_series = {.stride = 1};

void self_snapshot_init(const char *trace_path)
{
	self_trace_path = trace_path;
}

/* app.123.snap -> app.123.<middle><number>.snap */
static bool self_name(char *path, const char *middle, uint64_t number)
{
	struct text text;
	size_t stem = 0;

	text_init(&text, path, OPTIONS_PATH_MAX);
	while (self_trace_path[stem] != '\0')
		stem++;
	if (stem > 5 && text_equal(self_trace_path + stem - 5, ".snap"))
		stem -= 5;
	text_add_bytes(&text, self_trace_path, stem);
	text_add(&text, ".");
	text_add(&text, middle);
	text_add_number(&text, number);
	text_add(&text, ".snap");
	return !text.is_cut;
}

/* Writes under a temporary name beside the target, so that a half-written file is never taken for one. */
static int self_write(const char *path, const char *label, uint64_t now_ns, uint32_t sequence)
{
	static char temporary[OPTIONS_PATH_MAX]; /* one snapshot at a time */
	struct text text;
	int status;

	text_init(&text, temporary, sizeof(temporary));
	text_add(&text, path);
	text_add(&text, ".part");
	if (text.is_cut)
		return -ENAMETOOLONG;
	status = squeeze_write(temporary, label, now_ns, sequence);
	if (status < 0)
		return status;
	status = os_rename_new(temporary, path);
	if (status < 0)
		(void)os_unlink(temporary);
	return status;
}

static int self_numbered(const char *middle, uint64_t *number, const char *label, uint64_t now_ns,
			 uint32_t sequence)
{
	static char path[OPTIONS_PATH_MAX];
	int status = -EEXIST;

	for (uint32_t i = 0; i < SELF_SNAPSHOT_TRIES && status == -EEXIST; i++, (*number)++) {
		if (!self_name(path, middle, *number))
			return -ENAMETOOLONG;
		status = self_write(path, label, now_ns, sequence);
	}
	return status;
}

int self_snapshot(const char *path, const char *label, uint64_t now_ns)
{
	uint32_t sequence = mt_load_relaxed(&trace_file.process->snapshot_count) + 1;
	uint64_t number = sequence;
	int status;

	if (path != NULL)
		status = self_write(path, label, now_ns, sequence);
	else
		status = self_numbered("", &number, label, now_ns, sequence);
	if (status < 0)
		trace_file_drop(MT_DROP_SNAPSHOTS);
	else
		mt_store_relaxed(&trace_file.process->snapshot_count, sequence);
	return status;
}

/* Removes every second one of the series. */
static void self_thin(void)
{
	static char path[OPTIONS_PATH_MAX];

	for (uint64_t place = self_series.stride; place < self_series.place;
	     place += 2 * self_series.stride)
		if (self_name(path, "t", place) && os_unlink(path) == 0)
			self_series.count--;
	self_series.stride *= 2;
}

void self_snapshot_periodic(uint64_t now_ns, uint32_t keep)
{
	uint32_t sequence = mt_load_relaxed(&trace_file.process->snapshot_count) + 1;
	uint64_t place = self_series.place++;

	static char path[OPTIONS_PATH_MAX];

	if (place % self_series.stride != 0)
		return;
	if (!self_name(path, "t", place) || self_write(path, NULL, now_ns, sequence) < 0) {
		trace_file_drop(MT_DROP_SNAPSHOTS);
		return;
	}
	mt_store_relaxed(&trace_file.process->snapshot_count, sequence);
	if (++self_series.count > keep)
		self_thin();
}
