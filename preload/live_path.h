/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_path.h - the way from an address to the place in the table of live blocks where its block belongs.
 *
 * Layer 2, private to live_*; in line because every event goes this way.
 *
 * Slots are read tag first. While a slot still has that tag, what was read after it belongs to it: a tag
 * stands in one slot only, for as long as its stripe is in use.
 */
#ifndef PRELOAD_LIVE_PATH_H
#define PRELOAD_LIVE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live_group.h"
#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"

extern struct mt_live_root live_root __attribute__((visibility("hidden")));

struct live_path {
	struct mt_pair *slot;
	struct mt_pair value; /* of the slot: a stripe, or MT_LIVE_EMPTY or MT_LIVE_CLOSED */
	uint64_t hash;
	uint64_t way;	/* its bits not used up, from the top */
	uint32_t level; /* bits used up */
	struct mt_pair
		*parent; /* slot of the eight that slot is one of; NULL: slot is in the root */
	struct mt_pair parent_value;
};

/* Where in its stripe a block belongs. */
struct live_spot {
	uint64_t group;
	uint32_t mark;
};

static inline struct mt_pair live_slot_load(const struct mt_pair *slot)
{
	struct mt_pair value;

	/* partner of both: the swap that put a stripe or a node here */
	value.high = mt_load_acquire(&slot->high);
	value.low = mt_load_acquire(&slot->low);
	return value;
}

static inline bool live_slot_is(const struct mt_pair *slot, uint64_t tag)
{
	return mt_load_acquire(&slot->high) == tag;
}

static inline struct mt_pair *live_node_slots(uint64_t low)
{
	return (struct mt_pair *)(uintptr_t)mt_live_node_address(low);
}

static inline uint64_t *live_marks(uint64_t low)
{
	return (uint64_t *)(uintptr_t)mt_live_stripe_address(low);
}

/* Of one entry. */
static inline uint8_t *live_mark(uint64_t low, uint64_t index)
{
	return (uint8_t *)live_marks(low) + index;
}

/* How far the blocks of a group have been put. */
static inline uint8_t *live_reach(uint64_t low, uint64_t group)
{
	return (uint8_t *)(live_marks(low) + mt_live_groups(low)) + group;
}

static inline struct mt_pair *live_entry(uint64_t low, uint64_t index)
{
	return (struct mt_pair *)(void *)live_marks(low) - 1 - index;
}

static inline uint64_t live_next_group(uint64_t low, uint64_t group)
{
	return group + 1 == mt_live_groups(low) ? 0 : group + 1;
}

static inline bool live_is_stripe(uint64_t low)
{
	return (low & (MT_LIVE_NODE | MT_LIVE_CLOSED | MT_LIVE_EMPTY)) == 0;
}

/* A closed node is not gone through: its slots may be of elsewhere while it still says so. */
static inline bool live_is_open_node(uint64_t low)
{
	return (low & (MT_LIVE_NODE | MT_LIVE_CLOSED)) == MT_LIVE_NODE;
}

/* One step down; false = the eight slots were replaced, and what they held may be of elsewhere. */
static inline bool live_path_descend(struct live_path *path)
{
	struct mt_pair *slot =
		live_node_slots(path->value.low) + (path->way >> (64 - MT_LIVE_FAN_BITS));
	struct mt_pair value = live_slot_load(slot);

	if (!live_slot_is(path->slot, path->value.high))
		return false;
	path->parent = path->slot;
	path->parent_value = path->value;
	path->slot = slot;
	path->value = value;
	path->way <<= MT_LIVE_FAN_BITS;
	path->level += MT_LIVE_FAN_BITS;
	return true;
}

/*
 * glibc's threads have heaps of their own, each in 64 MiB of addresses: threads that do not hand blocks to each
 * other so write to stripes of their own as a rule, and not to the cache lines of others.
 */
static inline struct mt_pair *live_root_slot(uint64_t address)
{
	uint64_t region = address >> MT_LIVE_REGION_BITS;

	return &live_root.slots[(region ^ region >> MT_LIVE_ROOT_BITS) % (1u << MT_LIVE_ROOT_BITS)];
}

static inline struct live_path live_path_find(uint64_t hash)
{
	uint64_t address = mt_live_unhash(hash);
	struct live_path path;

	for (;;) {
		path = (struct live_path){.slot = live_root_slot(address),
					  .hash = hash,
					  .way = mt_live_way(address, hash)};
		path.value = live_slot_load(path.slot);
		while (live_is_open_node(path.value.low))
			if (!live_path_descend(&path))
				break;
		if (!live_is_open_node(path.value.low))
			return path;
	}
}

/* The same without what only few need; false = it does not lead to a stripe, or it changed on the way. */
static inline __attribute__((always_inline)) bool live_path_find_stripe(uint64_t address,
									uint64_t hash,
									const struct mt_pair **slot,
									struct mt_pair *value)
{
	uint64_t way = mt_live_way(address, hash);

	*slot = live_root_slot(address);
	*value = live_slot_load(*slot);
	while (__builtin_expect(!live_is_stripe(value->low), 0)) {
		const struct mt_pair *child =
			live_node_slots(value->low) + (way >> (64 - MT_LIVE_FAN_BITS));
		uint64_t tag = value->high;

		if (!live_is_open_node(value->low))
			return false;
		*value = live_slot_load(child);
		if (!live_slot_is(*slot, tag))
			return false;
		*slot = child;
		way <<= MT_LIVE_FAN_BITS;
	}
	return true;
}

/*
 * Multiplication instead of division: any number of groups, and the order of hashes is kept, so that a copy is
 * written from its start to its end.
 */
static inline struct live_spot live_spot_find(uint64_t low, uint64_t hash)
{
	unsigned __int128 product = (unsigned __int128)hash * mt_live_groups(low);

	return (struct live_spot){(uint64_t)(product >> 64),
				  MT_LIVE_MARK | (uint32_t)((uint64_t)product >> 57)};
}

/* Entries of a group are two lines of the cache: they come at the same time as its marks, not after them. */
static inline __attribute__((always_inline)) void live_group_prefetch(const struct mt_pair *first)
{
	__builtin_prefetch(first, 1);
	__builtin_prefetch(first - MT_LIVE_GROUP / 2, 1);
}

/* The two words may be of different moments: whoever acts on them swaps both, which then fails. */
static inline __attribute__((always_inline)) struct mt_pair
live_entry_load(const struct mt_pair *entry)
{
	struct mt_pair value;

	value.low = mt_load_acquire(&entry->low);
	value.high = mt_load_acquire(&entry->high);
	return value;
}

/*
 * Puts a block into an entry, if that is free and the slot still has the stripe's tag; false = it is not in the
 * table. No look at the slot is needed afterwards: what is swapped was read while the stripe was in use, and each
 * free entry has its own number. It is there until the swap only if the entry has not been anything else
 * meanwhile, so it was not frozen, and whoever replaces the stripe finds the block.
 */
static inline __attribute__((always_inline)) bool
live_put(const struct mt_pair *slot, struct mt_pair stripe, uint64_t index, struct mt_pair fresh)
{
	struct mt_pair *entry = live_entry(stripe.low, index);
	struct mt_pair old = live_entry_load(entry);

	return old.high == stripe.high && !mt_live_is_block(old) &&
	       live_slot_is(slot, stripe.high) && mt_cas_pair(entry, old, fresh);
}

/*
 * Numbers of free entries. Each thread takes them from a range of its own: those with LIVE_NUMBER_VALID set, from
 * there up to where it no longer is.
 */
#define LIVE_NUMBER_VALID (UINT64_C(1) << 20)

extern __thread uint64_t live_number_next __attribute__((visibility("hidden")));

uint64_t live_number_from_new_range(void);

static inline __attribute__((always_inline)) uint64_t live_number(void)
{
	/* one instruction: a handler of this thread gets another one */
	uint64_t number = mt_fetch_add_owned_u64(&live_number_next, 1);

	return __builtin_expect((number & LIVE_NUMBER_VALID) != 0, 1)
		       ? number
		       : live_number_from_new_range();
}

/* Whether an entry's low is of a block with this hash that is not the program's own. */
static inline bool live_is_malloced(uint64_t entry_low, uint64_t hash)
{
	return (entry_low ^ hash) >> (MT_LIVE_FLAG_SHIFT + 3) == 0;
}

/* Whether an entry's low is of a block with this hash that is neither the program's own nor large. */
static inline bool live_is_plain(uint64_t entry_low, uint64_t hash)
{
	return (entry_low ^ hash) >> (MT_LIVE_FLAG_SHIFT + 2) == 0;
}

#endif
