/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_rules.c - adds to the cache and exchanges it for a larger one.
 *
 * Old tables stay mapped for those who read them at the moment: together they are no larger than the one
 * in use. Entries of earlier loader generations count as free.
 */
#include "unwind_rules.h"

#include "memtrace/format.h"
#include "module_table.h"
#include "os.h"
#include "os_region.h"

#define FIRST_LOG2 10
#define LAST_LOG2 22
#define SWEPT_KEY 1 /* generation 0 does not occur */

uintptr_t unwind_rules_table;
/* Entries of the present generation in the present table, about. */
static uint32_t fresh_count;
static uint16_t fresh_generation;

static size_t table_bytes(unsigned count_log2)
{
	return (((size_t)1 << count_log2) + MT_PAGE_SIZE / sizeof(struct mt_pair)) *
	       sizeof(struct mt_pair);
}

static bool is_fresh(uint64_t key, uint16_t generation)
{
	return key >> RULES_KEY_SHIFT == generation;
}

/* Puts a pair into a table nobody else sees yet. */
static void copy_entry(uintptr_t table, struct mt_pair pair)
{
	struct mt_pair *entry = rules_place(table, pair.low), *end = entry + RULES_WINDOW;

	while (entry < end && entry->low != 0)
		entry++;
	if (entry < end)
		*entry = pair;
}

static uint32_t copy_fresh(uintptr_t from, uintptr_t to, uint16_t generation)
{
	struct mt_pair *entry = (struct mt_pair *)(from & ~(uintptr_t)63);
	struct mt_pair *end = entry + ((size_t)1 << (from & 63)) + RULES_WINDOW;
	uint32_t count = 0;

	for (; entry < end; entry++) {
		struct mt_pair pair;

		pair.low = mt_load_acquire(&entry->low);
		pair.high = mt_load_acquire(&entry->high);
		if (!is_fresh(pair.low, generation) || mt_load_relaxed(&entry->low) != pair.low)
			continue;
		copy_entry(to, pair);
		count++;
	}
	return count;
}

/* Exchanges the table for one of twice the size, unless another thread is first. */
static void grow(uintptr_t table, uint16_t generation)
{
	unsigned count_log2 = table ? (unsigned)(table & 63) + 1 : FIRST_LOG2;
	uintptr_t larger;
	uint32_t count = 0;

	if (count_log2 > LAST_LOG2)
		return;
	larger = (uintptr_t)os_region_map(table_bytes(count_log2), NULL);
	if (!larger)
		return;
	if (table)
		os_populate((void *)larger, table_bytes(count_log2));
	larger |= count_log2;
	if (table)
		count = copy_fresh(table, larger, generation);
	if (mt_cas_acq_rel(&unwind_rules_table, &table, larger))
		mt_store_relaxed(&fresh_count, count);
	else
		os_region_give_back((void *)(larger & ~(uintptr_t)63), table_bytes(count_log2));
}

static struct mt_pair *insert(uintptr_t table, uint64_t key, uint64_t value, uint16_t generation)
{
	struct mt_pair *entry = rules_place(table, key), *end = entry + RULES_WINDOW;
	struct mt_pair new = {.low = key, .high = value};

	for (; entry < end; entry++) {
		struct mt_pair old;

		old.low = mt_load_acquire(&entry->low);
		old.high = mt_load_acquire(&entry->high);
		if (old.low == key)
			return entry;
		if (old.low != 0 && is_fresh(old.low, generation))
			continue;
		if (mt_cas_pair(entry, old, new))
			return entry;
		if (mt_load_relaxed(&entry->low) == key)
			return entry;
	}
	return NULL;
}

static bool is_crowded(uintptr_t table)
{
	return (uint64_t)mt_load_relaxed(&fresh_count) * 2 > UINT64_C(1) << (table & 63);
}

/* Makes the entries of all other generations unfindable, and still free to be used. */
static void sweep(uintptr_t table, uint16_t generation)
{
	struct mt_pair *entry = (struct mt_pair *)(table & ~(uintptr_t)63);
	struct mt_pair *end = entry + ((size_t)1 << (table & 63)) + RULES_WINDOW;

	for (; entry < end; entry++) {
		struct mt_pair old, swept = {.low = SWEPT_KEY};

		old.low = mt_load_acquire(&entry->low);
		old.high = mt_load_acquire(&entry->high);
		if (old.low != 0 && !is_fresh(old.low, generation))
			(void)mt_cas_pair(entry, old, swept);
	}
}

/*
 * The first who adds something of a generation starts the count again. Four times on the way round the
 * generation's 16 bits what is old is taken out, so that none of it looks fresh the next time round.
 */
static void count_added(uintptr_t table, uint16_t generation)
{
	uint16_t before = mt_load_relaxed(&fresh_generation);

	if (before != generation) {
		mt_store_relaxed(&fresh_generation, generation);
		mt_store_relaxed(&fresh_count, 0);
		if (table && (before ^ generation) >> 14 != 0)
			sweep(table, generation);
	}
	(void)mt_add_relaxed(&fresh_count, 1);
}

struct mt_pair *rules_add(uint64_t key, uint32_t rule)
{
	uint16_t generation = (uint16_t)(key >> RULES_KEY_SHIFT);
	uintptr_t table = mt_load_acquire(&unwind_rules_table);
	struct mt_pair *entry;

	count_added(table, generation);
	if (table == 0 || is_crowded(table)) {
		grow(table, generation);
		table = mt_load_acquire(&unwind_rules_table);
	}
	if (table == 0)
		return NULL;
	entry = insert(table, key, rule, generation);
	if (entry)
		return entry;
	/* crowded in one place only */
	grow(table, generation);
	return insert(mt_load_acquire(&unwind_rules_table), key, rule, generation);
}

void rules_set_location(struct mt_pair *entry, uint64_t key, uint32_t rule, uint32_t location)
{
	struct mt_pair old = {.low = key, .high = rule};
	struct mt_pair new = {.low = key, .high = rule | (uint64_t)location << 32};

	(void)mt_cas_pair(entry, old, new);
}
