/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freed_table.c - the blocks that were freed last.
 *
 * A place is four words, the last one a sum over the others. Writers store them one by one, in no order that
 * matters: what two threads, or a thread and its signal handler, have written into each other does not fit its sum
 * and counts as not there. So no place needs an owner, and a thread that stops half-way costs that one block.
 */
#include "freed_table.h"

#include <stddef.h>

#include "memtrace/atomic.h"
#include "os.h"

struct freed_place {
	uint64_t address, size;
	uint64_t nodes; /* of the allocation << 32 | of the free */
	uint64_t sum;
};

#define FREED_FACTOR UINT64_C(0x9e3779b97f4a7c15) /* 2^64 by the golden section */

static struct freed_place *freed_places;
static uint64_t freed_generation; /* part of each sum: raising it makes all of them wrong */

static uint64_t freed_mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * FREED_FACTOR;
	return hash ^ hash >> 29;
}

static uint64_t freed_sum(const struct freed_place *place)
{
	uint64_t sum = freed_mix(mt_load_relaxed(&freed_generation) + 1, place->address);

	return freed_mix(freed_mix(sum, place->size), place->nodes) | 1; /* never that of zeros */
}

static struct freed_place *freed_place_of(uint64_t address)
{
	uint64_t hash = (address >> 3) * FREED_FACTOR;

	return &freed_places[hash >> 32 & (FREED_TABLE_BLOCKS - 1)];
}

static bool freed_read(struct freed_place *from, struct freed_block *block)
{
	const struct freed_place place = {mt_load_relaxed(&from->address),
					  mt_load_relaxed(&from->size),
					  mt_load_relaxed(&from->nodes),
					  mt_load_relaxed(&from->sum)};

	if (place.sum != freed_sum(&place))
		return false;
	*block = (struct freed_block){place.address, place.size, (uint32_t)(place.nodes >> 32),
				      (uint32_t)place.nodes};
	return true;
}

bool freed_table_init(void)
{
	freed_places = os_map(FREED_TABLE_BLOCKS * sizeof(*freed_places));
	return freed_places != NULL;
}

void freed_table_put(const struct freed_block *block)
{
	struct freed_place *to = freed_place_of(block->address);
	struct freed_place place = {block->address, block->size,
				    (uint64_t)block->alloc_node << 32 | block->freed_node, 0};

	place.sum = freed_sum(&place);
	mt_store_relaxed(&to->address, place.address);
	mt_store_relaxed(&to->size, place.size);
	mt_store_relaxed(&to->nodes, place.nodes);
	mt_store_relaxed(&to->sum, place.sum);
}

void freed_table_forget_all(void)
{
	(void)mt_add_relaxed(&freed_generation, 1);
}

bool freed_table_find(uint64_t address, struct freed_block *block)
{
	return freed_read(freed_place_of(address), block) && block->address == address;
}

bool freed_table_find_around(uint64_t address, struct freed_block *block)
{
	for (uint32_t i = 0; i < FREED_TABLE_BLOCKS; i++) {
		struct freed_place *place = &freed_places[i];

		if (address - mt_load_relaxed(&place->address) - 1 <
			    mt_load_relaxed(&place->size) &&
		    freed_read(place, block) && address > block->address &&
		    address - block->address < block->size)
			return true;
	}
	return false;
}
