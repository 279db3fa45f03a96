/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_map.h - finds the index that belongs to a digest.
 */
#ifndef BASE_DIGEST_MAP_H
#define BASE_DIGEST_MAP_H

#include <stddef.h>

#include "base/digest.h"

#define DIGEST_MAP_NONE ((size_t)-1)

struct digest_map_slot {
	struct digest key;
	size_t value; /* DIGEST_MAP_NONE = empty */
};

/* All zero is an empty map. */
struct digest_map {
	struct digest_map_slot *slots;
	size_t capacity; /* power of two */
	size_t count;
};

/**
 * digest_map_find() - the value of a key.
 *
 * Return: DIGEST_MAP_NONE if it is not there.
 */
size_t digest_map_find(const struct digest_map *map, struct digest key);

/**
 * digest_map_value() - where the value of a key is kept until another key is put; NULL if it is not
 * there.
 */
size_t *digest_map_value(struct digest_map *map, struct digest key);

/**
 * digest_map_put() - add a key that is not there yet.
 *
 * Return: 0 or -ENOMEM.
 */
int digest_map_put(struct digest_map *map, struct digest key, size_t value);

void digest_map_fini(struct digest_map *map);

#endif
