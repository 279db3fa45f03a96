/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_table.c - the table of live blocks beyond the common case: full groups, API blocks, stripes being replaced.
 *
 * Every change of an entry is one compare and swap of all its 16 bytes. A stripe that is too full or too
 * empty is frozen entry by entry, copied into fresh memory and replaced by one compare and swap of its
 * slot (live_stripe.c, live_merge.c). Memory is used again at once. So a thread may be late: it acts on a stripe
 * that is not there any more, or on another one in the same memory. What follows from that:
 * - It puts a block into a stripe that was replaced: its swap fails, see live_put().
 * - It removes a block from a copy of it that may yet be dropped, or puts one in the place of an old one there:
 *   where the slot has changed afterwards, it looks again. A free entry that it leaves behind has the old tag:
 *   nothing is put there until the next copy.
 * - It sets or clears a mark: marks are hints. In memory that has been another stripe's a block that no mark leads
 *   to is looked for entry by entry before it is said not to be there.
 */
#include "live_table.h"

#include <stddef.h>

#include "live_large.h"
#include "live_merge.h"
#include "live_near.h"
#include "live_stripe.h"

__thread uint64_t live_number_next;
static uint64_t live_number_ranges;

uint64_t live_number_from_new_range(void)
{
	uint64_t range = mt_add_relaxed(&live_number_ranges, 2 * LIVE_NUMBER_VALID);

	/* a handler that does the same in between costs a range, no more */
	mt_store_relaxed(&live_number_next, range + LIVE_NUMBER_VALID + 1);
	return range + LIVE_NUMBER_VALID;
}

struct mt_live_root live_root = {
	.slots = {[0 ...(1u << MT_LIVE_ROOT_BITS) - 1] = {MT_LIVE_EMPTY, 0}},
};

void live_table_init(void)
{
	live_root.version = MT_LIVE_VERSION;
	live_root.large = live_large_address();
}

uint64_t live_table_root(uint32_t *bytes)
{
	*bytes = sizeof(live_root);
	return (uint64_t)(uintptr_t)&live_root;
}

/* What is looked for. */
struct live_wanted {
	uint64_t address, hash;
	bool is_api;
};

/* Where it is: place = NULL: nowhere. */
struct live_found {
	struct mt_pair *place;
	struct mt_pair entry;
	uint8_t *mark;
};

static bool live_try(const struct live_wanted *wanted, uint64_t low, uint64_t index,
		     struct live_found *found)
{
	found->place = live_entry(low, index);
	found->mark = live_mark(low, index);
	found->entry = live_entry_load(found->place);
	return mt_live_is_block(found->entry) &&
	       (found->entry.low ^ wanted->hash) >> MT_LIVE_HASH_SHIFT == 0 &&
	       ((found->entry.low >> MT_LIVE_FLAG_SHIFT & MT_LIVE_FLAG_API) != 0) ==
		       wanted->is_api &&
	       (!wanted->is_api || (found->entry.low & 7) == (wanted->address & 7));
}

/* By the marks, as far as the group reaches. */
static bool live_search_marks(uint64_t low, struct live_spot spot, const struct live_wanted *wanted,
			      struct live_found *found)
{
	uint32_t reach = mt_load_acquire(live_reach(low, spot.group));
	uint64_t group = spot.group;

	for (uint32_t i = 0; i <= reach; i++, group = live_next_group(low, group)) {
		uint64_t matches =
			live_group_matches(mt_load_acquire(&live_marks(low)[group]), spot.mark);

		for (; matches != 0; matches &= matches - 1)
			if (live_try(wanted, low, group * MT_LIVE_GROUP + live_group_first(matches),
				     found))
				return true;
	}
	return false;
}

/* By the entries, wherever the block may lie. */
static bool live_search_entries(uint64_t low, struct live_spot spot,
				const struct live_wanted *wanted, struct live_found *found)
{
	uint64_t group = spot.group;

	for (uint32_t i = 0; i < MT_LIVE_REACH; i++, group = live_next_group(low, group)) {
		const struct mt_pair *entry = live_entry(low, group * MT_LIVE_GROUP);

		for (uint32_t j = 0; j < MT_LIVE_GROUP; j++, entry--)
			if ((mt_load_relaxed(&entry->low) ^ wanted->hash) >> MT_LIVE_HASH_SHIFT ==
				    0 &&
			    live_try(wanted, low, group * MT_LIVE_GROUP + j, found))
				return true;
	}
	return false;
}

/* is_thorough: it is nowhere only if no entry holds it, even where marks may be wrong. */
static struct live_found live_search(const struct live_path *path, const struct live_wanted *wanted,
				     bool is_thorough)
{
	uint64_t low = path->value.low;
	struct live_spot spot = live_spot_find(low, path->hash);
	struct live_found found;

	if (live_search_marks(low, spot, wanted, &found) ||
	    (is_thorough && (path->value.high & MT_LIVE_REUSED) != 0 &&
	     live_search_entries(low, spot, wanted, &found)))
		return found;
	return (struct live_found){.place = NULL};
}

/* Makes the slot of a path one with a stripe, if it is not; false = no memory. */
static bool live_settle(const struct live_path *path)
{
	return path->value.low & MT_LIVE_CLOSED ? live_merge(path) : live_stripe_replace(path, 0);
}

static uint64_t live_size(const struct mt_live_block *block)
{
	if (block->size != MT_LIVE_SIZE_MAX)
		return block->size;
	return live_large_take(
		mt_live_large_key(block->address, (block->flags & MT_LIVE_FLAG_API) != 0));
}

bool live_table_remove_further(uint64_t address, bool is_api, struct mt_live_block *block,
			       bool is_removed)
{
	struct live_wanted wanted = {address, mt_live_hash(address), is_api};

	if (!mt_live_has_address(address))
		return false;
	if (!is_api && !is_removed && live_near_remove(address, wanted.hash, block, &is_removed))
		return true;
	for (;;) {
		struct live_path path = live_path_find(wanted.hash);
		struct live_found found;

		if (path.value.low & MT_LIVE_EMPTY && !(path.value.low & MT_LIVE_CLOSED))
			return is_removed;
		if (!live_is_stripe(path.value.low)) {
			if (!live_settle(&path))
				return is_removed; /* no memory: the block stays, as a known loss */
			continue;
		}
		found = live_search(&path, &wanted, true);
		if (found.place == NULL) {
			if (live_slot_is(path.slot, path.value.high))
				return is_removed;
			continue;
		}
		if (found.entry.high & MT_LIVE_FROZEN) {
			if (live_slot_is(path.slot, path.value.high) && !live_settle(&path))
				return is_removed;
			continue;
		}
		if (!mt_cas_pair(found.place, found.entry,
				 mt_live_free(live_number(), path.value.high)))
			continue;
		mt_store_relaxed(found.mark, 0);
		if (!is_removed) {
			*block = mt_live_unpack_rest(found.entry);
			block->address = address;
			block->size = live_size(block);
			is_removed = true;
		}
		if (live_slot_is(path.slot, path.value.high))
			return true;
		/* the stripe was replaced meanwhile: that may have been a copy that is dropped. Look again. */
	}
}

bool live_table_find(uint64_t address, struct mt_live_block *block)
{
	struct live_wanted wanted = {address, mt_live_hash(address), false};
	struct live_path path = live_path_find(wanted.hash);
	struct live_found found = {.place = NULL};
	struct mt_pair again;

	if (mt_live_has_address(address) && live_is_stripe(path.value.low))
		found = live_search(&path, &wanted, true);
	if (found.place == NULL)
		return false;
	again = live_entry_load(found.place);
	if (again.low != found.entry.low || again.high != found.entry.high ||
	    !live_slot_is(path.slot, path.value.high))
		return false;
	*block = mt_live_unpack(found.entry);
	if (block->size == MT_LIVE_SIZE_MAX)
		block->size = live_large_find(mt_live_large_key(address, false));
	return true;
}

enum live_result { LIVE_PUT, LIVE_FULL, LIVE_FROZEN };

/* Into a free entry of a group. */
static enum live_result live_put_into(const struct live_path *path, uint64_t group, uint32_t mark,
				      struct mt_pair fresh)
{
	uint64_t low = path->value.low;
	uint64_t free = live_group_free(mt_load_acquire(&live_marks(low)[group]));

	for (; free != 0; free &= free - 1) {
		uint64_t index = group * MT_LIVE_GROUP + live_group_first(free);

		if (live_put(path->slot, path->value, index, fresh)) {
			mt_store_relaxed(live_mark(low, index), (uint8_t)mark);
			return LIVE_PUT;
		}
		if (mt_load_relaxed(&live_entry(low, index)->high) & MT_LIVE_FROZEN)
			return LIVE_FROZEN;
		/* it is taken, its mark not set yet; or left behind with another tag */
	}
	return LIVE_FULL;
}

/* Into the first free entry from its own group on. */
static enum live_result live_put_near(const struct live_path *path, struct mt_pair fresh)
{
	struct live_spot spot = live_spot_find(path->value.low, path->hash);
	enum live_result result = LIVE_FULL;
	uint64_t group = spot.group;

	for (uint8_t i = 0; i < MT_LIVE_REACH && result == LIVE_FULL; i++) {
		result = live_put_into(path, group, spot.mark, fresh);
		if (result == LIVE_PUT)
			live_stripe_raise_reach(path->value.low, spot.group, i);
		group = live_next_group(path->value.low, group);
	}
	return result;
}

/* Insertion in progress. */
struct live_insertion {
	struct live_wanted wanted;
	struct mt_pair fresh;
	bool is_put; /* in the place of an older block; the stripe may be no more */
	enum live_insert result;
	struct mt_live_block old;
};

/* Freezes the stripe, or finds it frozen, and puts a copy in its place. Return: done, for want of memory. */
static bool live_insert_replace(const struct live_path *path, uint32_t least_pages,
				struct live_insertion *insertion)
{
	if (!live_slot_is(path->slot, path->value.high) || live_stripe_replace(path, least_pages))
		return false;
	insertion->result = LIVE_NO_ROOM;
	return true;
}

/* The address is in the table: by this insertion, or it was before. Return: done. */
static bool live_insert_found(const struct live_path *path, const struct live_found *found,
			      struct live_insertion *insertion)
{
	bool is_ours = insertion->is_put && found->entry.low == insertion->fresh.low &&
		       (found->entry.high & ~MT_LIVE_FROZEN) == insertion->fresh.high;

	if (is_ours && live_slot_is(path->slot, path->value.high))
		return true;
	if (found->entry.high & MT_LIVE_FROZEN)
		return live_insert_replace(path, 0, insertion);
	if (is_ours || !mt_cas_pair(found->place, found->entry, insertion->fresh))
		return false;
	if (!insertion->is_put) {
		insertion->old = mt_live_unpack(found->entry);
		insertion->old.size = live_size(&insertion->old);
		insertion->result = LIVE_REPLACED;
		insertion->is_put = true;
	}
	/* as with a removal: this may have been a copy that is dropped */
	return live_slot_is(path->slot, path->value.high);
}

static bool live_insert_step(struct live_insertion *insertion)
{
	struct live_path path = live_path_find(insertion->wanted.hash);
	struct live_found found;
	uint32_t pages;

	if (!live_is_stripe(path.value.low)) {
		if (live_settle(&path))
			return false;
		insertion->result = LIVE_NO_ROOM;
		return true;
	}
	/* an old block of this address is all but never there; one just put there must not be missed */
	found = live_search(&path, &insertion->wanted, insertion->is_put);
	if (found.place != NULL)
		return live_insert_found(&path, &found, insertion);
	if (!live_slot_is(path.slot, path.value.high))
		return false;
	pages = live_stripe_pages(path.value.low);
	switch (live_put_near(&path, insertion->fresh)) {
	case LIVE_PUT:
		return true;
	case LIVE_FULL:
		return live_insert_replace(&path, pages + 1 + pages / 8, insertion);
	case LIVE_FROZEN:
		break;
	}
	return live_insert_replace(&path, 0, insertion);
}

enum live_insert live_table_insert_further(struct mt_live_block *block)
{
	bool is_api = (block->flags & MT_LIVE_FLAG_API) != 0;
	bool is_large = block->size >= MT_LIVE_SIZE_MAX;
	struct live_insertion insertion = {
		.wanted = {block->address, mt_live_hash(block->address), is_api},
		.result = LIVE_INSERTED,
	};

	insertion.fresh = mt_live_pack(block, insertion.wanted.hash,
				       is_large ? MT_LIVE_SIZE_MAX : block->size);
	if (!mt_live_has_address(block->address))
		return LIVE_NO_ROOM;
	if (!is_api && !is_large && live_near_insert(block, insertion.wanted.hash))
		return LIVE_INSERTED;
	while (!live_insert_step(&insertion))
		continue;
	if (insertion.result != LIVE_NO_ROOM && is_large)
		live_large_put(mt_live_large_key(block->address, is_api), block->size);
	if (insertion.result == LIVE_REPLACED)
		*block = insertion.old;
	return insertion.result;
}

void live_table_look(uint64_t address)
{
	uint64_t hash = mt_live_hash(address);
	struct live_path path = live_path_find(hash);

	if (live_is_stripe(path.value.low))
		live_merge_look(&path, live_spot_find(path.value.low, path.hash).group);
}

static void live_visit_stripe(uint64_t low,
			      void (*visit)(const struct mt_live_block *block, void *context),
			      void *context)
{
	for (uint32_t i = 0; i < mt_live_groups(low) * MT_LIVE_GROUP; i++) {
		struct mt_pair entry = live_entry_load(live_entry(low, i));
		struct mt_live_block block = mt_live_unpack(entry);

		if (!mt_live_is_block(entry))
			continue;
		if (block.size == MT_LIVE_SIZE_MAX)
			block.size = live_large_find(
				mt_live_large_key(block.address,
						  (block.flags & MT_LIVE_FLAG_API) != 0));
		visit(&block, context);
	}
}

static void live_visit(struct mt_pair value,
		       void (*visit)(const struct mt_live_block *block, void *context),
		       void *context)
{
	if (value.low & MT_LIVE_NODE)
		for (uint32_t i = 0; i < MT_LIVE_FAN; i++)
			live_visit(live_slot_load(&live_node_slots(value.low)[i]), visit, context);
	else if ((value.low & MT_LIVE_EMPTY) == 0)
		live_visit_stripe(value.low & ~MT_LIVE_CLOSED, visit, context);
}

void live_table_each(void (*visit)(const struct mt_live_block *block, void *context), void *context)
{
	for (uint32_t i = 0; i < 1u << MT_LIVE_ROOT_BITS; i++)
		live_visit(live_slot_load(&live_root.slots[i]), visit, context);
}
