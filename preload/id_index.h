/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_index.h - finds the id of a record by its 64-bit key. Private memory; the records are elsewhere.
 *
 * Layer 2. Lock-free, grows, never forgets on purpose. An id inserted while the index grows may be
 * forgotten: its owner then makes a second, equal record, which every reader treats as the same. The keys stand
 * in the index itself: a search is one cache line as a rule.
 *
 * A child of fork finds nothing in it, or everything where the system cannot wipe memory: id_index_begin_again(), and
 * insert anew.
 */
#ifndef PRELOAD_ID_INDEX_H
#define PRELOAD_ID_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/atomic.h"

struct id_index_table {
	uint64_t mask;	  /* slots - 1 */
	uint64_t used;	  /* slots taken */
	uint64_t growers; /* threads that have started to make a larger one */
	uint32_t shift;	  /* of a hash, to its slot */
	bool is_wiped;	  /* the slots, in a child of fork */
	/* low: key + 1, 0 = free; high: id. Written at once, and never again */
	struct mt_pair *slots;
};

struct id_index {
	struct id_index_table *table;
	uint32_t first_slots; /* a power of two of at least 512 */
};

/* One key is not possible: UINT64_MAX. */
static inline uint64_t id_index_slot(const struct id_index_table *table, uint64_t key)
{
	return (key ^ key >> 32) * UINT64_C(0x9e3779b97f4a7c15) >> table->shift;
}

/* Id stored for key; 0 = none. */
static inline uint32_t id_index_find(const struct id_index *index, uint64_t key)
{
	/* partner: the CAS that put the table there */
	const struct id_index_table *table = mt_load_acquire(&index->table);
	uint64_t slot;

	if (__builtin_expect(table == NULL, 0))
		return 0;
	slot = id_index_slot(table, key);
	for (uint64_t i = 0; i <= table->mask; i++) {
		const struct mt_pair *pair = &table->slots[(slot + i) & table->mask];
		/* partner: the CAS in id_index_put(); the record was written before it */
		uint64_t found = mt_load_acquire(&pair->low);

		if (found == key + 1)
			return (uint32_t)mt_load_relaxed(&pair->high);
		if (found == 0)
			return 0;
	}
	return 0;
}

/*
 * id_index_insert() - publish a record that is written already.
 *
 * Return: the id that is found for key from now on: id, or the one of a thread that was faster.
 */
uint32_t id_index_insert(struct id_index *index, uint64_t key, uint32_t id);

/* In a child of fork, before anything else: takes the pages at once that many insertions are about to need. */
void id_index_begin_again(struct id_index *index);

#endif
