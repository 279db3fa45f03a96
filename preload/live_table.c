/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_table.c - finding, inserting and removing live blocks.
 *
 * Every change of an entry is one compare and swap of all its 16 bytes. A stripe that is too full or too
 * empty is frozen entry by entry, copied into fresh memory and replaced by one compare and swap of its
 * slot (live_stripe.c); whoever meets a frozen entry does the same work instead of waiting for whoever
 * began it. Memory is used again at once: each stripe has a tag of its own, which stands in its slot and in
 * its empty entries, so that what a late thread still tries to do to the old stripe fails.
 */
#include "live_table.h"

#include <stddef.h>

#include "live_stripe.h"
#include "memtrace/atomic.h"
#include "trace_file.h"

static struct mt_live_root live_root;
static struct mt_live_large live_large[MT_LIVE_LARGE_MAX];

void live_table_init(void)
{
	live_root.version = MT_LIVE_VERSION;
	live_root.large = (uint64_t)(uintptr_t)live_large;
}

uint64_t live_table_root(uint32_t *bytes)
{
	*bytes = sizeof(live_root);
	return (uint64_t)(uintptr_t)&live_root;
}

/* Sizes that do not fit into an entry; when even these slots are full the size is cut. */
static void live_large_put(uint64_t key, uint64_t size)
{
	for (uint32_t i = 0; i < MT_LIVE_LARGE_MAX; i++) {
		uint64_t expected = 0;

		if (mt_cas_acq_rel(&live_large[i].address, &expected, key)) {
			mt_store_relaxed(&live_large[i].size, size);
			return;
		}
	}
}

static uint64_t live_large_find(uint64_t key)
{
	for (uint32_t i = 0; i < MT_LIVE_LARGE_MAX; i++)
		if (mt_load_relaxed(&live_large[i].address) == key)
			return mt_load_relaxed(&live_large[i].size);
	return MT_LIVE_SIZE_MAX;
}

static uint64_t live_large_take(uint64_t key)
{
	for (uint32_t i = 0; i < MT_LIVE_LARGE_MAX; i++) {
		if (mt_load_relaxed(&live_large[i].address) == key) {
			uint64_t size = mt_load_relaxed(&live_large[i].size);

			mt_store_release(&live_large[i].address, 0);
			return size;
		}
	}
	return MT_LIVE_SIZE_MAX;
}

/* The slot that holds the hash's stripe, and what is in it. */
static struct mt_pair *live_walk(uint64_t hash, struct mt_pair *value)
{
	struct mt_pair *slot = &live_root.slots[hash >> (64 - MT_LIVE_ROOT_BITS)];
	uint32_t level = MT_LIVE_ROOT_BITS;

	for (;;) {
		struct mt_pair *children;

		/* partner: the CAS that put a stripe or children here */
		value->low = mt_load_acquire(&slot->low);
		value->high = mt_load_acquire(&slot->high);
		if ((value->low & 1) == 0)
			return slot;
		children = (struct mt_pair *)(uintptr_t)(value->low - 1);
		slot = &children[hash << level >> (64 - MT_LIVE_FAN_BITS)];
		level += MT_LIVE_FAN_BITS;
	}
}

/* Whether the entry is this block's; the low address bits of an API block stand in its size. */
static bool live_is(struct mt_pair entry, uint64_t address, bool is_api)
{
	if (entry.low >> 19 != address >> 3)
		return false;
	if (((entry.low >> 16 & MT_LIVE_FLAG_API) != 0) != is_api)
		return false;
	return !is_api || (entry.high >> 29 & 7) == (address & 7);
}

/* Result of looking for an address in one stripe. */
struct live_search {
	struct mt_pair *found;	 /* NULL = not there */
	struct mt_pair entry;	 /* what stood there */
	struct mt_pair *empty;	 /* first free place; NULL = none */
	uint32_t empty_distance; /* buckets from its own */
	bool is_frozen;		 /* a frozen entry was met: the stripe is being replaced */
};

static void live_search_bucket(struct mt_live_stripe *stripe, uint64_t tag, uint64_t bucket,
			       uint32_t distance, uint64_t address, bool is_api,
			       struct live_search *search)
{
	struct mt_pair *entries = live_stripe_entries(stripe) + bucket * MT_LIVE_BUCKET;

	for (uint32_t i = 0; i < MT_LIVE_BUCKET; i++) {
		struct mt_pair entry = live_entry_load(&entries[i]);

		if (live_entry_is_frozen(entry))
			search->is_frozen = true;
		if (!mt_live_is_block(entry)) {
			/* one with another tag was left by a late thread: lost until the next copy */
			if (search->empty == NULL && entry.high == tag) {
				search->empty = &entries[i];
				search->empty_distance = distance;
			}
		} else if (search->found == NULL && live_is(entry, address, is_api)) {
			search->found = &entries[i];
			search->entry = entry;
		}
	}
}

/* Looks in the block's own bucket and, as far as that has entries behind it or is full, in the next ones. */
static void live_search(struct mt_live_stripe *stripe, uint64_t tag, uint64_t hash,
			uint64_t address, bool is_api, struct live_search *search)
{
	uint64_t bucket = live_stripe_bucket(stripe, hash);
	bool is_spilled = live_stripe_spilled(stripe, bucket) != 0;

	*search = (struct live_search){.found = NULL};
	live_search_bucket(stripe, tag, bucket, 0, address, is_api, search);
	for (uint32_t i = 1; i <= MT_LIVE_REACH && search->found == NULL; i++) {
		if (!is_spilled && search->empty != NULL)
			return;
		live_search_bucket(stripe, tag, bucket + i, i, address, is_api, search);
	}
}

bool live_table_remove(uint64_t address, bool is_api, struct mt_live_block *block)
{
	uint64_t hash = mt_live_hash(address, is_api);
	bool is_removed = false;

	for (;;) {
		struct mt_pair value, *slot = live_walk(hash, &value);
		struct mt_live_stripe *stripe = (struct mt_live_stripe *)(uintptr_t)value.low;
		struct live_search search;

		if (stripe == NULL)
			return is_removed;
		live_search(stripe, value.high, hash, address, is_api, &search);
		if (search.is_frozen) {
			if (live_stripe_is(stripe, slot, value) &&
			    !live_stripe_replace(slot, value, 0))
				return is_removed; /* no memory: the block stays, as a known loss */
			continue;
		}
		if (search.found == NULL) {
			if (live_stripe_is(stripe, slot, value))
				return is_removed;
			continue;
		}
		if (!mt_cas_pair(search.found, search.entry, (struct mt_pair){0, value.high}))
			continue;
		live_stripe_removed(slot, value, hash,
				    (uint64_t)(search.found - live_stripe_entries(stripe)) /
					    MT_LIVE_BUCKET);
		*block = mt_live_unpack(search.entry);
		if (block->size == MT_LIVE_SIZE_MAX)
			block->size = live_large_take(mt_live_large_key(address, is_api));
		is_removed = true;
		if (live_stripe_is(stripe, slot, value))
			return true;
		/*
		 * The stripe was replaced meanwhile. Frozen entries do not change, so this was the old stripe
		 * before the freeze, or its memory in new use with the same entry in the same place: a copy
		 * that may yet be dropped. Look again.
		 */
	}
}

enum live_insert live_table_insert(const struct mt_live_block *block, struct mt_live_block *old)
{
	bool is_api = (block->flags & MT_LIVE_FLAG_API) != 0;
	uint64_t hash = mt_live_hash(block->address, is_api);
	struct mt_pair fresh = mt_live_pack(block);
	enum live_insert result = LIVE_INSERTED;

	if (block->address >> 48 != 0)
		return LIVE_NO_ROOM;
	for (;;) {
		struct mt_pair value, *slot = live_walk(hash, &value);
		struct mt_live_stripe *stripe = (struct mt_live_stripe *)(uintptr_t)value.low;
		struct live_search search;

		if (stripe == NULL) {
			if (!live_stripe_replace(slot, value, 0))
				return LIVE_NO_ROOM;
			continue;
		}
		live_search(stripe, value.high, hash, block->address, is_api, &search);
		if (search.is_frozen || (search.found == NULL && search.empty == NULL)) {
			uint32_t least_pages =
				search.is_frozen ? 0 : mt_load_relaxed(&stripe->pages) + 1;

			if (live_stripe_is(stripe, slot, value) &&
			    !live_stripe_replace(slot, value, least_pages))
				return LIVE_NO_ROOM;
			continue;
		}
		if (search.found == NULL) {
			if (!live_stripe_put(slot, value, hash, search.empty, search.empty_distance,
					     fresh))
				continue;
			break;
		}
		if (!mt_cas_pair(search.found, search.entry, fresh))
			continue;
		if (result == LIVE_INSERTED) {
			*old = mt_live_unpack(search.entry);
			if (old->size == MT_LIVE_SIZE_MAX)
				old->size =
					live_large_take(mt_live_large_key(old->address, is_api));
			result = LIVE_REPLACED;
		}
		/* as in live_table_remove(): this may have been a copy that is dropped */
		if (live_stripe_is(stripe, slot, value))
			break;
	}
	if (mt_live_unpack(fresh).size == MT_LIVE_SIZE_MAX)
		live_large_put(mt_live_large_key(block->address, is_api), block->size);
	return result;
}

static void live_visit(struct mt_pair value,
		       void (*visit)(const struct mt_live_block *block, void *context),
		       void *context)
{
	struct mt_live_stripe *stripe =
		(struct mt_live_stripe *)(uintptr_t)(value.low & ~UINT64_C(1));

	if (value.low & 1) {
		for (uint32_t i = 0; i < 1u << MT_LIVE_FAN_BITS; i++)
			live_visit(((struct mt_pair *)(void *)stripe)[i], visit, context);
		return;
	}
	for (uint64_t i = 0; stripe != NULL && i < live_stripe_capacity(stripe); i++) {
		struct mt_pair entry = live_entry_load(&live_stripe_entries(stripe)[i]);
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

void live_table_each(void (*visit)(const struct mt_live_block *block, void *context), void *context)
{
	for (uint32_t i = 0; i < 1u << MT_LIVE_ROOT_BITS; i++)
		live_visit(live_root.slots[i], visit, context);
}
