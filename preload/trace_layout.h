/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_layout.h - shapes of the tables of a trace file, and where they are mapped.
 *
 * Layer 1, private to trace_*.c and squeeze.c.
 */
#ifndef PRELOAD_TRACE_LAYOUT_H
#define PRELOAD_TRACE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace_file.h"

#define TRACE_POPULATE_WRITE 23		   /* MADV_POPULATE_WRITE, Linux 5.14 */
#define TRACE_STEP_MIN ((uint64_t)4 << 10) /* of one reservation */
#define TRACE_STEP_MAX ((uint64_t)1 << 20)
#define TRACE_STRING_MAX 4096u
#define TRACE_FILE_BYTES_MAX ((uint64_t)4 << 30)

/* Growing tables. */
struct trace_table_shape {
	uint16_t type; /* enum mt_section_type */
	uint32_t entry_bytes;
	uint32_t n0_log2; /* log2 of the entries of run 0 */
	uint32_t run_count;
	uint32_t first_slot; /* of its runs in the section table */
	uint32_t first_id;   /* ids below are not handed out */
	bool is_kept_by_fork;
};

extern const struct trace_table_shape trace_shapes[TRACE_TABLE_COUNT];

/* Sections of fixed capacity, which come first in the section table, in this order. */
enum trace_fixed {
	TRACE_FIXED_PROCESS,
	TRACE_FIXED_COLUMNS,
	TRACE_FIXED_DROPS,
	TRACE_FIXED_SHARDS,
	TRACE_FIXED_THREAD_KINDS,
	TRACE_FIXED_MESSAGES,
	TRACE_FIXED_EPOCHS,
	TRACE_FIXED_TIMELINE,
	TRACE_FIXED_THREADS,
	TRACE_FIXED_MARKS,
	TRACE_FIXED_INVALID,
	TRACE_FIXED_COUNT
};

struct trace_fixed_shape {
	uint16_t type;
	uint32_t entry_bytes;
	uint32_t capacity;
	uint32_t initial_count; /* count in its section entry at the start */
	bool is_reserved_whole; /* from the start; the others as they fill */
	bool is_kept_by_fork;
};

extern const struct trace_fixed_shape trace_fixed_shapes[TRACE_FIXED_COUNT];

/* Start of the file that is in use, and therefore reserved, from the first moment. */
#define TRACE_WHOLE_BYTES ((uint64_t)52 << 10)

/* What is mapped at first: header, section table, fixed sections and the first run of each table. */
#define TRACE_INITIAL_BYTES MT_LIVE_BYTES_MIN

struct trace_map {
	char *base;	      /* of the first TRACE_INITIAL_BYTES */
	uint64_t file_limit;  /* length of the file: nothing may lie beyond */
	bool is_all_reserved; /* no MADV_POPULATE_WRITE: all there is was reserved at the start */
	bool is_told;	      /* that there is no room, and why */
	int status;	      /* why the last thing that found no room found none */
	bool is_full[TRACE_TABLE_COUNT];
	uint64_t ready[TRACE_TABLE_COUNT]; /* ids below this one that are free may be handed out */
	char *runs[TRACE_TABLE_COUNT][MT_RUN_MAX];
	uint64_t reserved[TRACE_TABLE_COUNT]
			 [MT_RUN_MAX]; /* entries of a run whose pages are reserved */
	uint64_t fixed_offset[TRACE_FIXED_COUNT];
	uint64_t fixed_reserved[TRACE_FIXED_COUNT]; /* bytes */
};

extern struct trace_map trace_map;

static inline uint64_t trace_round(uint64_t bytes)
{
	return (bytes + MT_PAGE_SIZE - 1) & ~(uint64_t)(MT_PAGE_SIZE - 1);
}

/* Decides where everything lies in a file whose start is mapped at base, and writes its section table. */
void trace_lay_out(char *base, struct trace_file *file, uint64_t fixed_offset[TRACE_FIXED_COUNT]);

/* Writes what is the same in the header of every trace file, and the columns. */
void trace_fill_header(struct trace_file *file);

/* Makes sure that writing to these bytes of the file cannot fail later. */
bool trace_file_reserve(void *start, size_t bytes);

#endif
