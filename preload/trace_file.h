/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_file.h - the mapped trace file: sections, growing tables, messages.
 *
 * Layer 1. Nothing here waits or takes a lock; everything but create may be called from a signal handler.
 * Pages are reserved before they are handed out, so that a full disk is a failed claim and never SIGBUS.
 */
#ifndef PRELOAD_TRACE_FILE_H
#define PRELOAD_TRACE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hidden.h"
#include "memtrace/format.h"

/* Tables that grow, in the order of MT_GROWING_TYPES. */
enum trace_table {
#define X(name, entry_bytes, n0_log2, run_max) TRACE_##name,
	MT_GROWING_TYPES(X)
#undef X
		TRACE_TABLE_COUNT
};

/* Where the fixed sections lie. Valid once trace_file_create() succeeded; the addresses never change. */
struct trace_file {
	struct mt_header *header;
	struct mt_section *sections;
	struct mt_process *process;
	struct mt_column *columns;
	uint64_t *drops;
	struct mt_shard *shards;
	struct mt_sample *epochs;
	struct mt_sample *timeline;
	struct mt_thread_kind *thread_kinds;
	struct mt_thread *threads;
	struct mt_message *messages;
	struct mt_mark *marks;
	struct mt_invalid *invalid;
};

extern HIDDEN struct trace_file trace_file;

/**
 * trace_file_create() - make the file and map it.
 * @path: must not exist; made with mode 0400.
 * @is_again: of a forked child: takes the place of the parent's file at the same addresses. Strings,
 *            modules, locations, nodes, sites and thread kinds are kept, everything else starts at zero.
 *
 * Return: 0 or a negative errno; after a failure with is_again the parent's file is still mapped.
 * Context: one thread only.
 */
int trace_file_create(const char *path, bool is_again);

/**
 * trace_file_claim() - take ids of a growing table that nobody else has.
 * @count: a power of two of at most 64; the ids are consecutive and lie in one run.
 *
 * Return: the first id, its entry zeroed and writable; 0 when there is no room.
 */
uint32_t trace_file_claim(enum trace_table table, uint32_t count);

/* Entry of an id that was claimed by this process; NULL for ids that were not. */
void *trace_file_entry(enum trace_table table, uint32_t id);

/* Ids handed out so far, 0 included; all below it may be looked at, some may be unused (zero). */
uint32_t trace_file_count(enum trace_table table);

/*
 * trace_file_sample() - slot of the epochs or of the timeline, its page reserved; NULL when there is no
 * room. trace_file_mark_slot() and its like hand out the next free entry of theirs.
 */
struct mt_sample *trace_file_epoch(uint64_t slot);
struct mt_sample *trace_file_timeline(uint64_t slot);
struct mt_mark *trace_file_mark_slot(void);
struct mt_thread *trace_file_thread_slot(void);
struct mt_invalid *trace_file_invalid_slot(void);

/* Of the last ones, how many were handed out; some may not be written yet. */
uint64_t trace_file_invalid_count(void);

/* The parts of the file that are mapped. */
typedef void (*trace_visit)(char *start, size_t bytes, void *context);
void trace_file_each_mapping(trace_visit visit, void *context);

/* Reserves everything that is mapped: for a time in which the system must not be asked. */
void trace_file_prepare(void);

/* Copies a string into the strings section; its offset, 0 when there is no room or it is empty. */
uint32_t trace_file_string(const char *s);

/* Adds to a drop counter. */
void trace_file_drop(enum mt_drop drop);

/*
 * trace_file_tell_lost() - adds one to the drop counter `children` in the trace file of another process, the
 * session's first: what an executed image can do that has no file of its own. Whether it could.
 */
bool trace_file_tell_lost(const char *path, int32_t pid, uint64_t start_ticks);

/* Puts one line into the messages section; safe before the file exists (then it is lost). */
void trace_file_message(uint32_t severity, uint64_t ns, const char *text);

/*
 * trace_file_open_new() - creates a further file as the trace file is created, for a snapshot of this process;
 * its length is set, nothing in it is reserved. The descriptor or a negative errno.
 */
int trace_file_open_new(const char *path, uint64_t bytes);

#endif
