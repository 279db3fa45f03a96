/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_index.c - open addressing over words of {hash, id}; one CAS publishes an id.
 *
 * Growing: one thread (more, if that one is stopped) copies the words into a table of twice the size, puts it
 * in place by one CAS and then copies what was inserted meanwhile. The old table's pages are given back,
 * its addresses stay valid: a late reader finds zeros there, that is, nothing.
 */
#define _GNU_SOURCE
#include "id_index.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>

#include "memtrace/atomic.h"
#include "os.h"

struct id_index_table {
	uint64_t mask;	  /* slots - 1 */
	uint64_t used;	  /* slots taken */
	uint64_t growers; /* threads that have started to make a larger one */
	uint64_t pad[5];
	uint64_t slots[]; /* hash << 32 | id; 0 = free */
};

static uint32_t id_index_hash(uint64_t key)
{
	key *= UINT64_C(0x9e3779b97f4a7c15);
	key ^= key >> 32;
	key *= UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(key >> 32);
}

static size_t id_index_bytes(uint64_t slots)
{
	return (sizeof(struct id_index_table) + slots * 8 + 4095) & ~(size_t)4095;
}

static struct id_index_table *id_index_new(uint64_t slots)
{
	struct id_index_table *table = os_map(id_index_bytes(slots));

	if (table != NULL)
		table->mask = slots - 1;
	return table;
}

static uint32_t id_index_lookup(const struct id_index *index, const struct id_index_table *table,
				uint64_t key, uint32_t hash)
{
	for (uint64_t i = 0; i <= table->mask; i++) {
		/* partner: the CAS in id_index_put(); the record was written before it */
		uint64_t slot = mt_load_acquire(&table->slots[(hash + i) & table->mask]);

		if (slot == 0)
			return 0;
		if (slot >> 32 == hash && index->key_of((uint32_t)slot) == key)
			return (uint32_t)slot;
	}
	return 0;
}

uint32_t id_index_find(struct id_index *index, uint64_t key)
{
	const struct id_index_table *table = mt_load_acquire(&index->table);

	return table == NULL ? 0 : id_index_lookup(index, table, key, id_index_hash(key));
}

/* Returns the id that stands for the word's key in this table; 0 = table full. */
static uint32_t id_index_put(const struct id_index *index, struct id_index_table *table,
			     uint64_t key, uint64_t word)
{
	uint32_t hash = (uint32_t)(word >> 32);

	for (uint64_t i = 0; i <= table->mask; i++) {
		uint64_t *place = &table->slots[(hash + i) & table->mask];
		uint64_t slot = mt_load_acquire(place);

		if (slot == 0 && mt_cas_acq_rel(place, &slot, word)) {
			(void)mt_add_relaxed(&table->used, 1);
			return (uint32_t)word;
		}
		if (slot >> 32 == hash && index->key_of((uint32_t)slot) == key)
			return (uint32_t)slot;
	}
	return 0;
}

static void id_index_copy(const struct id_index *index, const struct id_index_table *from,
			  struct id_index_table *to)
{
	for (uint64_t i = 0; i <= from->mask; i++) {
		uint64_t slot = mt_load_acquire(&from->slots[i]);

		if (slot != 0)
			(void)id_index_put(index, to, index->key_of((uint32_t)slot), slot);
	}
}

static void id_index_grow(struct id_index *index, struct id_index_table *table)
{
	struct id_index_table *larger = id_index_new((table->mask + 1) * 2);
	struct id_index_table *expected = table;

	if (larger == NULL)
		return;
	id_index_copy(index, table, larger);
	if (!mt_cas_acq_rel(&index->table, &expected, larger)) {
		os_unmap(larger, id_index_bytes(larger->mask + 1));
		return;
	}
	id_index_copy(index, table, larger); /* what came in between */
	(void)os_advise((char *)table + 4096, id_index_bytes(table->mask + 1) - 4096,
			MADV_DONTNEED);
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
			os_unmap(fresh, id_index_bytes(index->first_slots));
	}
	if (id_index_must_grow(table)) {
		id_index_grow(index, table);
		table = mt_load_acquire(&index->table);
	}
	winner = id_index_put(index, table, key, (uint64_t)id_index_hash(key) << 32 | id);
	return winner != 0 ? winner : id;
}
