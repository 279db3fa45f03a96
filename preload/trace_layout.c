/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_layout.c - which sections a trace file has, how large they are and where they lie.
 */
#include "trace_layout.h"

#include <string.h>

#include "memtrace/counter_columns.h"
#include "memtrace/live_layout.h"
#include "memtrace/numbering.h"

const struct trace_fixed_shape trace_fixed_shapes[TRACE_FIXED_COUNT] = {
	[TRACE_FIXED_PROCESS] = {MT_SECTION_PROCESS, sizeof(struct mt_process), 1, 1, true, false},
	[TRACE_FIXED_COLUMNS] = {MT_SECTION_COLUMNS, sizeof(struct mt_column), MT_COLUMN_MAX, 0,
				 true, true},
	[TRACE_FIXED_DROPS] = {MT_SECTION_DROPS, 8, MT_DROP_CAPACITY, MT_DROP_COUNT, true, false},
	[TRACE_FIXED_SHARDS] = {MT_SECTION_SHARDS, sizeof(struct mt_shard), MT_SHARD_MAX,
				MT_SHARD_MAX, true, false},
	[TRACE_FIXED_THREAD_KINDS] = {MT_SECTION_THREAD_KINDS, sizeof(struct mt_thread_kind),
				      MT_THREAD_KIND_MAX, MT_THREAD_KIND_MAX, true, true},
	[TRACE_FIXED_MESSAGES] = {MT_SECTION_MESSAGES, sizeof(struct mt_message), MT_MESSAGE_MAX, 0,
				  true, false},
	[TRACE_FIXED_EPOCHS] = {MT_SECTION_EPOCHS, sizeof(struct mt_sample), MT_EPOCH_MAX, 0, false,
				false},
	[TRACE_FIXED_TIMELINE] = {MT_SECTION_TIMELINE, sizeof(struct mt_sample), MT_TIMELINE_MAX, 0,
				  false, false},
	[TRACE_FIXED_THREADS] = {MT_SECTION_THREADS, sizeof(struct mt_thread), MT_THREAD_MAX, 0,
				 false, false},
	[TRACE_FIXED_MARKS] = {MT_SECTION_MARKS, sizeof(struct mt_mark), MT_MARK_MAX, 0, false,
			       false},
	[TRACE_FIXED_INVALID] = {MT_SECTION_INVALID, sizeof(struct mt_invalid), MT_INVALID_MAX, 0,
				 false, false},
};

/* Slots in the section table: the fixed sections, then the runs of each table in turn. */
enum {
#define X(name, entry_bytes, n0_log2, run_max)                                                     \
	SLOT_##name, SLOT_##name##_LAST = SLOT_##name + (run_max)-1,
	SLOT_BEFORE_TABLES = TRACE_FIXED_COUNT - 1,
	MT_GROWING_TYPES(X)
#undef X
		SLOT_COUNT
};

_Static_assert(SLOT_COUNT <= MT_SECTION_SLOTS, "section table");

/* An entry of the table of live blocks has room for the id of every site that a file can have. */
#define X(name, entry_bytes, n0_log2, run_max)                                                     \
	+(SLOT_##name == SLOT_SITES) * MT_RUN_FIRST(run_max, n0_log2)
_Static_assert(MT_GROWING_TYPES(X) - 1 <= MT_LIVE_SITE_MAX, "sites");
#undef X

enum {
	FIRST_STRINGS = 1,
	FIRST_MODULES = 1,
	FIRST_LOCATIONS = 1,
	FIRST_NODES = 1,
	FIRST_SITES = 1,
	FIRST_COUNTERS = 32,
	FIRST_SIDE = 1
};
enum {
	KEEP_STRINGS = 1,
	KEEP_MODULES = 1,
	KEEP_LOCATIONS = 1,
	KEEP_NODES = 1,
	KEEP_SITES = 1,
	KEEP_COUNTERS = 0,
	KEEP_SIDE = 0
};

const struct trace_table_shape trace_shapes[TRACE_TABLE_COUNT] = {
#define X(name, entry_bytes, n0_log2, run_max)                                                     \
	[TRACE_##name] = {MT_SECTION_##name, (entry_bytes), (n0_log2),	(run_max),                 \
			  SLOT_##name,	     FIRST_##name,  KEEP_##name},
	MT_GROWING_TYPES(X)
#undef X
};

static const struct mt_column trace_columns[] = {MT_COUNTER_COLUMNS(MT_COUNTER_COLUMN)};

/* Bytes that trace_lay_out() uses; each part is rounded up by at most a page. */
#define X(name, entry_bytes, n0_log2, run_max) +((uint64_t)(entry_bytes) << (n0_log2))
_Static_assert(TRACE_WHOLE_BYTES + MT_EPOCH_MAX * sizeof(struct mt_sample) +
			       MT_TIMELINE_MAX * sizeof(struct mt_sample) +
			       MT_THREAD_MAX * sizeof(struct mt_thread) +
			       MT_MARK_MAX * sizeof(struct mt_mark) +
			       MT_INVALID_MAX * sizeof(struct mt_invalid) +
			       16 * MT_PAGE_SIZE MT_GROWING_TYPES(X) <=
		       TRACE_INITIAL_BYTES,
	       "first mapping");
#undef X
_Static_assert(sizeof(struct mt_header) + MT_SECTION_SLOTS * sizeof(struct mt_section) +
			       sizeof(struct mt_process) +
			       MT_COLUMN_MAX * sizeof(struct mt_column) + MT_DROP_CAPACITY * 8 +
			       MT_SHARD_MAX * sizeof(struct mt_shard) +
			       MT_THREAD_KIND_MAX * sizeof(struct mt_thread_kind) +
			       MT_MESSAGE_MAX * sizeof(struct mt_message) + 8 * 128 <=
		       TRACE_WHOLE_BYTES,
	       "sections in use from the start");

/* Decides where everything lies in a file whose start is mapped at base. */
void trace_lay_out(char *base, struct trace_file *file, uint64_t fixed_offset[TRACE_FIXED_COUNT])
{
	uint64_t at = sizeof(struct mt_header) + MT_SECTION_SLOTS * sizeof(struct mt_section);
	struct mt_section *sections =
		(struct mt_section *)(void *)(base + sizeof(struct mt_header));

	for (uint32_t i = 0; i < TRACE_FIXED_COUNT; i++) {
		const struct trace_fixed_shape *shape = &trace_fixed_shapes[i];

		if (!shape->is_reserved_whole)
			at = trace_round(at);
		at = (at + 127) & ~UINT64_C(127);
		fixed_offset[i] = at;
		sections[i] = (struct mt_section){.type = shape->type,
						  .entry_size = shape->entry_bytes,
						  .offset = at,
						  .length = (uint64_t)shape->entry_bytes *
							    shape->capacity,
						  .count = shape->initial_count};
		at += sections[i].length;
	}
	for (uint32_t table = 0; table < TRACE_TABLE_COUNT; table++) {
		const struct trace_table_shape *shape = &trace_shapes[table];

		for (uint32_t run = 0; run < shape->run_count; run++) {
			uint64_t first = mt_run_first(run, shape->n0_log2);
			uint64_t end = mt_run_first(run + 1, shape->n0_log2);

			sections[shape->first_slot + run] =
				(struct mt_section){.type = shape->type,
						    .entry_size = shape->entry_bytes,
						    .length = (end - first) * shape->entry_bytes,
						    .first = first};
		}
		at = trace_round(at);
		sections[shape->first_slot].offset = at;
		sections[shape->first_slot].count = shape->first_id;
		at += sections[shape->first_slot].length;
	}
	*file = (struct trace_file){
		.header = (struct mt_header *)(void *)base,
		.sections = sections,
		.process = (struct mt_process *)(void *)(base + fixed_offset[TRACE_FIXED_PROCESS]),
		.columns = (struct mt_column *)(void *)(base + fixed_offset[TRACE_FIXED_COLUMNS]),
		.drops = (uint64_t *)(void *)(base + fixed_offset[TRACE_FIXED_DROPS]),
		.shards = (struct mt_shard *)(void *)(base + fixed_offset[TRACE_FIXED_SHARDS]),
		.thread_kinds =
			(struct mt_thread_kind *)(void *)(base +
							  fixed_offset[TRACE_FIXED_THREAD_KINDS]),
		.messages =
			(struct mt_message *)(void *)(base + fixed_offset[TRACE_FIXED_MESSAGES]),
		.epochs = (struct mt_sample *)(void *)(base + fixed_offset[TRACE_FIXED_EPOCHS]),
		.timeline = (struct mt_sample *)(void *)(base + fixed_offset[TRACE_FIXED_TIMELINE]),
		.threads = (struct mt_thread *)(void *)(base + fixed_offset[TRACE_FIXED_THREADS]),
		.marks = (struct mt_mark *)(void *)(base + fixed_offset[TRACE_FIXED_MARKS]),
		.invalid = (struct mt_invalid *)(void *)(base + fixed_offset[TRACE_FIXED_INVALID]),
	};
}

void trace_fill_header(struct trace_file *file)
{
	struct mt_header *header = file->header;

	memcpy(header->magic, MT_MAGIC, sizeof(header->magic));
	header->major = MT_MAJOR;
	header->minor = MT_MINOR;
	header->endian = MT_ENDIAN_MARK;
	header->header_size = sizeof(*header);
	header->kind = MT_KIND_LIVE;
#if defined(__x86_64__)
	header->arch = MT_ARCH_X86_64;
#else
	header->arch = MT_ARCH_AARCH64;
#endif
	header->section_count = SLOT_COUNT;
	header->section_entry_size = sizeof(struct mt_section);
	header->file_bytes = TRACE_INITIAL_BYTES;
	memcpy(file->columns, trace_columns, sizeof(trace_columns));
	file->sections[TRACE_FIXED_COLUMNS].count =
		sizeof(trace_columns) / sizeof(trace_columns[0]);
}
