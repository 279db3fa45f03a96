/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_rules.h - a cache from addresses of code to what the unwinder does there.
 *
 * Lock-free. An entry is one pair of words that only ever changes as a whole: low = key, high = rule and
 * location. A reader that finds its key before and after it read the other word has what belongs together,
 * because a key never comes back to a place that it has left. Losing an entry costs time, nothing else.
 */
#ifndef PRELOAD_UNWIND_RULES_H
#define PRELOAD_UNWIND_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hidden.h"
#include "memtrace/atomic.h"

#define RULES_WINDOW 16u   /* entries that a key may stand in, from its place on */
#define RULES_KEY_SHIFT 48 /* the loader generation stands above the address */

/* Address of the entries, page-aligned, and in the low bits log2 of their number; 0 = none yet. */
extern HIDDEN uintptr_t unwind_rules_table;

struct rules_hit {
	struct mt_pair *entry;
	uint32_t rule, location;
};

static inline uint64_t rules_key(uint64_t address, uint16_t generation)
{
	return address | (uint64_t)generation << RULES_KEY_SHIFT;
}

static inline struct mt_pair *rules_place(uintptr_t table, uint64_t key)
{
	unsigned count_log2 = table & 63;

	return (struct mt_pair *)(table & ~(uintptr_t)63) +
	       (key * UINT64_C(0x9e3779b97f4a7c15) >> (64 - count_log2));
}

/**
 * rules_find() - what is known about a key.
 */
static inline bool rules_find(uint64_t key, struct rules_hit *hit)
{
	uintptr_t table = mt_load_acquire(&unwind_rules_table);
	struct mt_pair *entry, *end;

	if (__builtin_expect(table == 0, 0))
		return false;
	entry = rules_place(table, key);
	for (end = entry + RULES_WINDOW; entry < end; entry++) {
		uint64_t found = mt_load_acquire(&entry->low), value;

		if (found == 0)
			return false;
		if (found != key)
			continue;
		value = mt_load_acquire(&entry->high);
		if (mt_load_relaxed(&entry->low) != key)
			return false;
		hit->entry = entry;
		hit->rule = (uint32_t)value;
		hit->location = (uint32_t)(value >> 32);
		return true;
	}
	return false;
}

/**
 * rules_add() - remember a rule, not 0, for a key.
 *
 * Return: its entry; NULL when there is no room.
 */
struct mt_pair *rules_add(uint64_t key, uint32_t rule);

/**
 * rules_set_location() - put a location to a rule.
 * @entry: of that key, as it was found.
 */
void rules_set_location(struct mt_pair *entry, uint64_t key, uint32_t rule, uint32_t location);

#endif
