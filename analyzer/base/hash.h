/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash.h - an index of records that live in somebody else's array: open addressing, ids only.
 *
 * The caller keeps the records and compares them; the index holds their ids, which are never 0. Files are
 * input from strangers, so the hash is seeded per process: nobody can choose records that collide.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>

#include "base/pages.h"

struct hash_index {
	uint64_t *slots; /* id, and above it the upper half of its hash; 0 = empty */
	size_t mask;
	uint64_t seed;
};

/* Whether the record with this id is the one looked for. */
typedef int hash_equal(const void *context, uint32_t id);

/* Bytes that hash_index_init() allocates for so many records. */
static inline size_t hash_index_bytes(size_t record_count)
{
	size_t slots = 16;

	while (slots / 2 < record_count)
		slots *= 2;
	return slots * sizeof(uint64_t);
}

/**
 * hash_index_init() - room for at most record_count records, never grown.
 *
 * Return: 0 or -ENOMEM; free with hash_index_fini().
 */
static inline int hash_index_init(struct hash_index *index, size_t record_count)
{
	size_t bytes = hash_index_bytes(record_count);

	if (getrandom(&index->seed, sizeof(index->seed), GRND_NONBLOCK) < 0)
		index->seed =
			(uint64_t)(uintptr_t)index; /* stack address: still not the file's choice */
	index->mask = bytes / sizeof(uint64_t) - 1;
	index->slots = pages_alloc(bytes);
	return index->slots != NULL ? 0 : -ENOMEM;
}

static inline void hash_index_fini(struct hash_index *index)
{
	pages_free(index->slots, (index->mask + 1) * sizeof(uint64_t));
	index->slots = NULL;
}

/* Has the slot that a look-up begins with on its way to the processor when that comes. */
static inline void hash_index_prefetch(const struct hash_index *index, uint64_t hash)
{
	__builtin_prefetch(&index->slots[hash & index->mask], 1);
}

/* Mixes one word into a hash; start from index->seed. */
static inline uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash ^= word;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 32;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 29;
}

/**
 * hash_index_intern() - the id of an equal record, which is @id from now on if there is none yet.
 * @id: 0 = only look.
 *
 * Records are compared only where half of their hashes is equal, so that few others are looked into.
 *
 * Return: 0 if there is none and @id is 0.
 */
static inline uint32_t hash_index_intern(const struct hash_index *index, uint64_t hash,
					 hash_equal *is_equal, const void *context, uint32_t id)
{
	const uint64_t id_mask = UINT32_MAX;
	size_t i = hash & index->mask;
	uint64_t slot;

	while ((slot = index->slots[i]) != 0) {
		if (((slot ^ hash) & ~id_mask) == 0 && is_equal(context, (uint32_t)slot))
			return (uint32_t)slot;
		i = (i + 1) & index->mask;
	}
	if (id != 0)
		index->slots[i] = (hash & ~id_mask) | id;
	return id;
}

#endif
