/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client.c - what memtrace.h calls when the shim is there.
 */
#define MEMTRACE_IMPLEMENTATION
#include <stddef.h>
#include <string.h>

#include "clock.h"
#include "memtrace/atomic.h"
#include "memtrace/memtrace.h"
#include "process.h"
#include "site_peak.h"
#include "trace_file.h"
#include "tracker.h"
#include "unwind.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT int memtrace_shim_snapshot(const char *path, const char *label);
EXPORT void memtrace_shim_start(void);
EXPORT void memtrace_shim_stop(void);
EXPORT void memtrace_shim_reset_peak(void);
EXPORT void memtrace_shim_traced_memory(size_t *current_bytes, size_t *peak_bytes);
EXPORT void memtrace_shim_mark(const char *text);
EXPORT void memtrace_shim_report_alloc(const void *address, size_t bytes);
EXPORT void memtrace_shim_report_free(const void *address);

int memtrace_shim_snapshot(const char *path, const char *label)
{
	return process_snapshot(path, label);
}

void memtrace_shim_start(void)
{
	if (process_is_traced())
		tracker_set_stopped(false);
}

void memtrace_shim_stop(void)
{
	if (process_is_traced())
		tracker_set_stopped(true);
}

void memtrace_shim_reset_peak(void)
{
	if (process_is_traced())
		site_peak_reset();
}

void memtrace_shim_traced_memory(size_t *current_bytes, size_t *peak_bytes)
{
	int64_t live, peak;

	if (!process_is_traced())
		return;
	live = site_peak_live();
	peak = site_peak_highest();
	if (peak < live) /* of an event in progress */
		peak = live;
	if (current_bytes != NULL)
		*current_bytes = live > 0 ? (size_t)live : 0;
	if (peak_bytes != NULL)
		*peak_bytes = peak > 0 ? (size_t)peak : 0;
}

void memtrace_shim_mark(const char *text)
{
	struct mt_mark *mark;

	if (!process_is_traced())
		return;
	mark = trace_file_mark_slot();
	if (mark == NULL) {
		trace_file_drop(MT_DROP_MARKS);
		return;
	}
	strncpy(mark->text, text, sizeof(mark->text) - 1);
	mt_store_release(&mark->ns, clock_now_ns() + 1); /* last: says that the entry is in use */
}

void memtrace_shim_report_alloc(const void *address, size_t bytes)
{
	if (process_is_traced())
		tracker_report_alloc(address, bytes, UNWIND_FRAME_HERE());
}

void memtrace_shim_report_free(const void *address)
{
	if (process_is_traced())
		tracker_report_free(address);
}
