/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_near.c - blocks that lie some groups further than their own.
 */
#include "live_near.h"

#include "live_path.h"
#include "live_stripe.h"

/*
 * A small table is made looser than it has to be: as long as it is this small, a block that does not find a place
 * in its own group is reason enough to double the stripe.
 */
static void near_loosen(const struct mt_pair *slot, uint64_t low, uint64_t hash)
{
	uint32_t pages = live_stripe_pages(low);
	struct live_path path;

	if (pages >= LIVE_LOOSE_PAGES || slot < live_root.slots ||
	    slot >= live_root.slots + (1u << MT_LIVE_ROOT_BITS))
		return;
	path = live_path_find(hash);
	if (path.value.low == low)
		(void)live_stripe_replace(&path, pages < LIVE_LOOSE_PAGES / 2 ? 2 * pages
									      : LIVE_LOOSE_PAGES);
}

/* Which of the entries that match holds the block; UINT64_MAX: none. */
static uint64_t near_holds(uint64_t low, uint64_t group, uint64_t matches, uint64_t hash)
{
	for (; matches != 0; matches &= matches - 1) {
		uint64_t index = group * MT_LIVE_GROUP + live_group_first(matches);

		if (live_is_malloced(mt_load_relaxed(&live_entry(low, index)->low), hash))
			return index;
	}
	return UINT64_MAX;
}

/* The first free entry; UINT64_MAX: none in reach, or the block is there already. */
static uint64_t near_free(uint64_t low, struct live_spot spot, uint64_t hash, uint8_t *distance)
{
	uint8_t reach = mt_load_acquire(live_reach(low, spot.group));
	uint64_t group = spot.group, index = UINT64_MAX;

	for (uint8_t i = 0; i < MT_LIVE_REACH; i++, group = live_next_group(low, group)) {
		uint64_t marks = mt_load_acquire(&live_marks(low)[group]);
		uint64_t free = live_group_free(marks);
		uint64_t matches = live_group_matches(marks, spot.mark);

		if (matches != 0 && near_holds(low, group, matches, hash) != UINT64_MAX)
			return UINT64_MAX;
		if (free != 0 && index == UINT64_MAX) {
			index = group * MT_LIVE_GROUP + live_group_first(free);
			*distance = i;
		}
		if (i >= reach && index != UINT64_MAX)
			break;
	}
	return index;
}

bool live_near_insert(const struct mt_live_block *block, uint64_t hash)
{
	const struct mt_pair *slot;
	struct live_spot spot;
	struct mt_pair stripe;
	uint64_t index;
	uint8_t distance = 0;

	if (!live_path_find_stripe(block->address, hash, &slot, &stripe))
		return false;
	spot = live_spot_find(stripe.low, hash);
	index = near_free(stripe.low, spot, hash, &distance);
	if (index == UINT64_MAX ||
	    !live_put(slot, stripe, index, mt_live_pack(block, hash, block->size)))
		return false;
	mt_store_relaxed(live_mark(stripe.low, index), (uint8_t)spot.mark);
	if (distance > 0) {
		live_stripe_raise_reach(stripe.low, spot.group, distance);
		near_loosen(slot, stripe.low, hash);
	}
	return true;
}

bool live_near_remove(uint64_t address, uint64_t hash, struct mt_live_block *block,
		      bool *is_removed)
{
	const struct mt_pair *slot;
	struct live_spot spot;
	struct mt_pair stripe;
	uint64_t group;
	uint8_t reach;

	if (!live_path_find_stripe(address, hash, &slot, &stripe))
		return false;
	spot = live_spot_find(stripe.low, hash);
	reach = mt_load_acquire(live_reach(stripe.low, spot.group));
	group = spot.group;
	for (uint32_t i = 0; i <= reach; i++, group = live_next_group(stripe.low, group)) {
		uint64_t marks = mt_load_acquire(&live_marks(stripe.low)[group]);
		uint64_t matches = live_group_matches(marks, spot.mark);
		uint64_t index;
		struct mt_pair entry;

		if (matches == 0)
			continue;
		index = near_holds(stripe.low, group, matches, hash);
		if (index == UINT64_MAX)
			continue;
		entry = live_entry_load(live_entry(stripe.low, index));
		entry.high &= ~MT_LIVE_FROZEN; /* the swap of a frozen entry fails */
		if (!live_is_plain(entry.low, hash) ||
		    !mt_cas_pair(live_entry(stripe.low, index), entry,
				 mt_live_free(live_number(), stripe.high)))
			return false;
		mt_store_relaxed(live_mark(stripe.low, index), 0);
		*block = mt_live_unpack_rest(entry);
		block->address = address;
		*is_removed = true;
		return live_slot_is(slot, stripe.high);
	}
	return false;
}
