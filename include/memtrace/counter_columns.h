/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counter_columns.h - the columns of struct mt_counters as this version writes them.
 *
 * A new column is a line at the end; readers of other versions go by what the COLUMNS section says.
 */
#ifndef MEMTRACE_COUNTER_COLUMNS_H
#define MEMTRACE_COUNTER_COLUMNS_H

#include <stddef.h>

#include "memtrace/format.h"

/* X(number, field, flags) */
#define MT_COUNTER_COLUMNS(X)                                                                      \
	X(NODE, node, 0)                                                                           \
	X(SITE, site, 0)                                                                           \
	X(VERSION, version, 0)                                                                     \
	X(ALLOC_COUNT, alloc_count, 0)                                                             \
	X(ALLOC_BYTES, alloc_bytes, 0)                                                             \
	X(FREE_COUNT, free_count, 0)                                                               \
	X(FREED_BYTES, freed_bytes, 0)                                                             \
	X(REALLOC_COUNT, realloc_count, 0)                                                         \
	X(TEMPORARY_COUNT, temporary_count, 0)                                                     \
	X(AT_PEAK_BYTES, at_peak_bytes, MT_COLUMN_SIGNED)                                          \
	X(PEAK_NUMBER, peak_number, 0)                                                             \
	X(PEAK_BYTES, peak_bytes, MT_COLUMN_SIGNED)                                                \
	X(PUBLISHED_BYTES, published_bytes, MT_COLUMN_SIGNED)                                      \
	X(NEXT, next, 0)                                                                           \
	X(SIDE, side, 0)                                                                           \
	X(SIZE_BUCKET, size_bucket, 0)                                                             \
	X(SHARD, shard, 0)                                                                         \
	X(FLAGS, flags, 0)

/* An entry of a table of struct mt_column. */
#define MT_COUNTER_COLUMN(id, field, flags)                                                        \
	{MT_COLUMN_##id, offsetof(struct mt_counters, field),                                      \
	 sizeof(((struct mt_counters *)0)->field), flags},

#endif
