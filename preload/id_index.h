/* SPDX-License-Identifier: Apache-2.0 */
/*
 * id_index.h - finds the id of a record by its 64-bit key. Private memory; the records are elsewhere.
 *
 * Layer 2. Lock-free, grows, never forgets on purpose. An id inserted while the index grows may be
 * forgotten: its owner then makes a second, equal record, which every reader treats as the same.
 */
#ifndef PRELOAD_ID_INDEX_H
#define PRELOAD_ID_INDEX_H

#include <stdint.h>

struct id_index_table;

struct id_index {
	struct id_index_table *table;
	uint64_t (*key_of)(uint32_t id); /* reads the key back from the record */
	uint32_t first_slots;		 /* a power of two of at least 512 */
};

/* Id stored for key; 0 = none. */
uint32_t id_index_find(struct id_index *index, uint64_t key);

/*
 * id_index_insert() - publish a record that is written already.
 *
 * Return: the id that is found for key from now on: id, or the one of a thread that was faster.
 */
uint32_t id_index_insert(struct id_index *index, uint64_t key, uint32_t id);

#endif
