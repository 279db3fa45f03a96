/* SPDX-License-Identifier: Apache-2.0 */
/*
 * digest_map.c - open addressing with linear steps, at most half full; keys are never removed.
 */
#include "base/digest_map.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#define CAPACITY_FIRST 64

static struct digest_map_slot *map_slot(const struct digest_map *map, struct digest key)
{
	size_t mask = map->capacity - 1;
	size_t at = (size_t)key.low & mask;

	while (map->slots[at].value != DIGEST_MAP_NONE && !digest_equal(map->slots[at].key, key))
		at = (at + 1) & mask;
	return &map->slots[at];
}

static int map_grow(struct digest_map *map)
{
	struct digest_map bigger = {.capacity = map->capacity ? map->capacity * 2 : CAPACITY_FIRST};
	size_t i;

	if (bigger.capacity > SIZE_MAX / sizeof(*bigger.slots))
		return -ENOMEM;
	bigger.slots = malloc(bigger.capacity * sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (i = 0; i < bigger.capacity; i++)
		bigger.slots[i].value = DIGEST_MAP_NONE;
	for (i = 0; i < map->capacity; i++)
		if (map->slots[i].value != DIGEST_MAP_NONE)
			*map_slot(&bigger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	map->slots = bigger.slots;
	map->capacity = bigger.capacity;
	return 0;
}

size_t digest_map_find(const struct digest_map *map, struct digest key)
{
	return map->count ? map_slot(map, key)->value : DIGEST_MAP_NONE;
}

size_t *digest_map_value(struct digest_map *map, struct digest key)
{
	struct digest_map_slot *slot = map->count ? map_slot(map, key) : NULL;

	return slot && slot->value != DIGEST_MAP_NONE ? &slot->value : NULL;
}

int digest_map_put(struct digest_map *map, struct digest key, size_t value)
{
	struct digest_map_slot *slot;

	if (map->count >= map->capacity / 2) {
		int status = map_grow(map);

		if (status)
			return status;
	}
	slot = map_slot(map, key);
	slot->key = key;
	slot->value = value;
	map->count++;
	return 0;
}

void digest_map_fini(struct digest_map *map)
{
	free(map->slots);
	*map = (struct digest_map){0};
}
