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
#include <stdlib.h>
#include <sys/random.h>

struct hash_index {
	uint32_t *slots; /* 0 = empty */
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
	return slots * sizeof(uint32_t);
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
	index->mask = bytes / sizeof(uint32_t) - 1;
	index->slots = calloc(1, bytes);
	return index->slots != NULL ? 0 : -ENOMEM;
}

static inline void hash_index_fini(struct hash_index *index)
{
	free(index->slots);
	index->slots = NULL;
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
 * hash_index_slot() - where the record is, or where its id belongs.
 *
 * Return: a slot that holds the id of an equal record, or 0: the caller may then store the id there.
 */
static inline uint32_t *hash_index_slot(const struct hash_index *index, uint64_t hash,
					hash_equal *is_equal, const void *context)
{
	size_t i = hash & index->mask;

	while (index->slots[i] != 0 && !is_equal(context, index->slots[i]))
		i = (i + 1) & index->mask;
	return &index->slots[i];
}

#endif
