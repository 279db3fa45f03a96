/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_index.c - open addressing over pairs of {key, id}; one CAS publishes an id.
 *
 * Growing: one thread (more, if that one is stopped) copies the pairs into a table of twice the size, puts it
 * in place by one CAS and then copies what was inserted meanwhile. The old table's pages are given back,
 * its addresses stay valid: a late reader finds zeros there, that is, nothing. All pages of the new one are taken
 * at once: scattered as its keys are they would be touched anyway, one page fault after the other.
 */
#define _GNU_SOURCE
#include "id_index.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "arena.h"
#include "os.h"
#include "os_region.h"

static size_t id_index_bytes(const struct id_index_table *table)
{
	return (table->mask + 1) * sizeof(table->slots[0]);
}

static struct id_index_table *id_index_new(uint64_t slots)
{
	struct id_index_table *table = arena_alloc(sizeof(*table));

	if (table == NULL)
		return NULL;
	table->mask = slots - 1;
	table->shift = 64 - (uint32_t)__builtin_ctzll(slots);
	table->slots = os_region_map(id_index_bytes(table), &table->is_wiped);
	return table->slots == NULL ? NULL : table;
}

/* Returns the id that stands for the key in this table; 0 = table full. */
static uint32_t id_index_put(struct id_index_table *table, uint64_t key, uint32_t id)
{
	uint64_t slot = id_index_slot(table, key);

	for (uint64_t i = 0; i <= table->mask; i++) {
		struct mt_pair *pair = &table->slots[(slot + i) & table->mask];
		uint64_t found = mt_load_acquire(&pair->low);

		if (found == 0 &&
		    mt_cas_pair(pair, (struct mt_pair){0, 0}, (struct mt_pair){key + 1, id})) {
			(void)mt_add_relaxed(&table->used, 1);
			return id;
		}
		/* the CAS may have failed for the same key */
		if (mt_load_acquire(&pair->low) == key + 1)
			return (uint32_t)mt_load_relaxed(&pair->high);
	}
	return 0;
}

/* Returns the number of pairs. */
static uint64_t id_index_copy(const struct id_index_table *from, struct id_index_table *to)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i <= from->mask; i++) {
		uint64_t key = mt_load_acquire(&from->slots[i].low);

		if (key == 0)
			continue;
		(void)id_index_put(to, key - 1, (uint32_t)mt_load_relaxed(&from->slots[i].high));
		count++;
	}
	return count;
}

static void id_index_grow(struct id_index *index, struct id_index_table *table)
{
	struct id_index_table *larger = id_index_new((table->mask + 1) * 2);
	struct id_index_table *expected = table;
	uint64_t count;

	if (larger == NULL)
		return;
	os_populate(larger->slots, id_index_bytes(larger));
	count = id_index_copy(table, larger);
	if (!mt_cas_acq_rel(&index->table, &expected, larger)) {
		os_region_give_back(larger->slots, id_index_bytes(larger));
		return;
	}
	if (mt_load_relaxed(&table->used) != count)
		(void)id_index_copy(table, larger); /* what came in between */
	(void)os_advise(table->slots, id_index_bytes(table), MADV_DONTNEED);
}

/* One thread grows at half full; if it has not come back by three quarters, each does. */
static bool id_index_must_grow(struct id_index_table *table)
{
	uint64_t used = mt_load_relaxed(&table->used), slots = table->mask + 1;

	if (used < slots / 2)
		return false;
	return used >= slots / 4 * 3 || mt_fetch_add_relaxed(&table->growers, 1) == 0;
}

uint32_t id_index_insert(struct id_index *index, uint64_t key, uint32_t id)
{
	struct id_index_table *table = mt_load_acquire(&index->table);
	uint32_t winner;

	if (table == NULL) {
		struct id_index_table *fresh = id_index_new(index->first_slots);

		if (fresh == NULL)
			return id;
		if (mt_cas_acq_rel(&index->table, &table, fresh))
			table = fresh;
		else
			os_region_give_back(fresh->slots, id_index_bytes(fresh));
	}
	if (id_index_must_grow(table)) {
		id_index_grow(index, table);
		table = mt_load_acquire(&index->table);
	}
	winner = id_index_put(table, key, id);
	return winner != 0 ? winner : id;
}

void id_index_begin_again(struct id_index *index)
{
	struct id_index_table *table = mt_load_relaxed(&index->table);

	if (table == NULL || !table->is_wiped)
		return;
	table->used = 0;
	table->growers = 0;
	os_populate(table->slots, id_index_bytes(table));
}
