/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_group.h - finding marks in a group of a stripe: all eight at once.
 *
 * Layer 2, private to live_*. Sets of entries are words too: the top bit of byte i is entry i. No vector
 * instructions: the shim leaves the program's vector registers alone.
 */
#ifndef PRELOAD_LIVE_GROUP_H
#define PRELOAD_LIVE_GROUP_H

#include <stdint.h>

#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"

#define LIVE_BYTES UINT64_C(0x0101010101010101)
#define LIVE_TOPS (MT_LIVE_MARK * LIVE_BYTES)

/*
 * Entries with this mark, and now and then another one above the first of them, which the entry itself tells
 * apart. A free one is never among them.
 */
static inline uint64_t live_group_matches(uint64_t marks, uint32_t mark)
{
	uint64_t differences = marks ^ mark * LIVE_BYTES;

	return (differences - LIVE_BYTES) & ~differences & LIVE_TOPS;
}

static inline uint64_t live_group_free(uint64_t marks)
{
	return ~marks & LIVE_TOPS;
}

/* The first of a set that is not empty. */
static inline uint64_t live_group_first(uint64_t set)
{
	return (uint32_t)__builtin_ctzll(set) / 8;
}

static inline uint32_t live_group_count(uint64_t marks)
{
	return (uint32_t)((marks >> 7 & LIVE_BYTES) * LIVE_BYTES >> 56);
}

#endif
