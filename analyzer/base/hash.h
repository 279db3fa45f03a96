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
	uint32_t *slots; /* id, and in the bits that no id needs those of its hash; 0 = empty */
	size_t mask;
	uint32_t id_mask;
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
	index->id_mask = index->mask < UINT32_MAX ? (uint32_t)index->mask : UINT32_MAX;
	index->slots = pages_alloc(bytes);
	return index->slots != NULL ? 0 : -ENOMEM;
}

static inline void hash_index_fini(struct hash_index *index)
{
	pages_free(index->slots, (index->mask + 1) * sizeof(uint32_t));
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

/* What is kept in the spare bits of a slot, so that few other records are looked into. */
static inline uint32_t hash_index_tag(const struct hash_index *index, uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~index->id_mask;
}

/* Whether a slot is where a search ends: it is empty, or of an equal record. */
static inline int hash_index_ends(const struct hash_index *index, uint32_t slot, uint32_t tag,
				  hash_equal *is_equal, const void *context)
{
	return slot == 0 ||
	       ((slot & ~index->id_mask) == tag && is_equal(context, slot & index->id_mask));
}

/* The id in a slot where a search ended; an empty one takes this id. */
static inline uint32_t hash_index_take(const struct hash_index *index, size_t at, uint32_t tag,
				       uint32_t id)
{
	uint32_t *slot = &index->slots[at];

	if (*slot == 0 && id != 0)
		*slot = tag | id;
	return *slot & index->id_mask;
}

/**
 * hash_index_intern() - the id of an equal record, which is @id from now on if there is none yet.
 * @id: at most as many as hash_index_init() was told; 0 = only look.
 *
 * Return: 0 if there is none and @id is 0.
 */
static inline uint32_t hash_index_intern(const struct hash_index *index, uint64_t hash,
					 hash_equal *is_equal, const void *context, uint32_t id)
{
	uint32_t tag = hash_index_tag(index, hash);
	size_t at = hash & index->mask;

	while (!hash_index_ends(index, index->slots[at], tag, is_equal, context))
		at = (at + 1) & index->mask;
	return hash_index_take(index, at, tag, id);
}

#define HASH_NEAR_SLOTS 8

/**
 * hash_index_intern_near() - the same for records that mostly come in an order of their own.
 * @near: where to look first. Records that are asked for one after the other should be near each other.
 *
 * A file that has too many records near one place gains nothing by it: the others go where their hash says.
 * Where the first places are full they stay so, hence a record is never in both.
 */
static inline uint32_t hash_index_intern_near(const struct hash_index *index, size_t near,
					      uint64_t hash, hash_equal *is_equal,
					      const void *context, uint32_t id)
{
	uint32_t tag = hash_index_tag(index, hash);
	size_t i, at;

	for (i = 0; i < HASH_NEAR_SLOTS; i++) {
		at = (near + i) & index->mask;
		if (hash_index_ends(index, index->slots[at], tag, is_equal, context))
			return hash_index_take(index, at, tag, id);
	}
	return hash_index_intern(index, hash, is_equal, context, id);
}

#endif
