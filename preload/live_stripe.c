/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_stripe.c - filling, freezing and replacing one stripe.
 *
 * Interleavings that the order of steps prevents:
 * - An entry put into the old stripe behind the copier's back: every place is frozen before the first one
 *   is read, and putting expects the empty entry with the stripe's tag.
 * - A spill that nobody finds: its bucket's count goes up before the entry is there, down after it is gone.
 * - A copy made from memory that is in new use: the slot is swapped together with the tag of the stripe
 *   that was copied; a stripe that is in its slot when the copy is done was not given back before.
 * - A late thread's change of a spill count in memory that is in new use: counts are swapped together with the
 *   tag (complemented, so that an entry of the new stripe is never taken for counts of the old one).
 */
#include "live_stripe.h"

#include "arena.h"
#include "live_memory.h"
#include "memtrace/atomic.h"
#include "os.h"

#define STRIPE_PAGE 4096u
#define STRIPE_SAMPLE_RATE 16 /* one of so many hashes has MT_LIVE_SAMPLE_MASK bits zero */
#define STRIPE_BITS_MAX 28u   /* hash bits the tree may use up; the low 32 choose the bucket */

static uint64_t stripe_tags;

static bool stripe_is_sampled(uint64_t hash)
{
	return (hash & MT_LIVE_SAMPLE_MASK) == 0;
}

static uint32_t stripe_buckets(uint32_t pages)
{
	uint32_t bytes = pages * STRIPE_PAGE - (uint32_t)sizeof(struct mt_live_stripe) -
			 MT_LIVE_REACH * MT_LIVE_BUCKET * (uint32_t)sizeof(struct mt_pair);

	/* the last pair of spill counts may be used in part */
	return (bytes - (uint32_t)sizeof(struct mt_pair)) /
	       (MT_LIVE_BUCKET * (uint32_t)sizeof(struct mt_pair) +
		(uint32_t)sizeof(struct mt_pair) / MT_LIVE_SPILLS);
}

/* Pages that hold so many entries at two thirds full, so that growth leaves at most 24 bytes a block. */
static uint32_t stripe_pages(uint64_t entries)
{
	uint32_t pages = 1;

	while (pages <= LIVE_RUN_PAGES_MAX &&
	       (uint64_t)stripe_buckets(pages) * MT_LIVE_BUCKET * 2 < entries * 3)
		pages++;
	return pages;
}

static struct mt_live_stripe *stripe_new(uint32_t pages, uint32_t level)
{
	struct mt_live_stripe *stripe = live_memory_take(LIVE_USE_STRIPE, pages);
	uint64_t tag = mt_add_relaxed(&stripe_tags, 1);
	struct mt_pair *entries, *spills;

	if (stripe == NULL)
		return NULL;
	mt_store_relaxed(&stripe->tag, tag);
	mt_store_relaxed(&stripe->bucket_count, stripe_buckets(pages));
	mt_store_relaxed(&stripe->pages, pages);
	mt_store_relaxed(&stripe->level, level);
	mt_store_relaxed(&stripe->sampled_count, 0);
	entries = live_stripe_entries(stripe);
	for (uint64_t i = 0; i < live_stripe_capacity(stripe); i++) {
		/* the tag first: memory may hold empty entries with an older one where it could not be cleared */
		mt_store_relaxed(&entries[i].high, tag);
		mt_store_release(&entries[i].low, 0);
	}
	spills = live_stripe_spills(stripe);
	for (uint32_t i = 0; i * MT_LIVE_SPILLS < stripe_buckets(pages); i++) {
		mt_store_relaxed(&spills[i].high, ~tag);
		mt_store_release(&spills[i].low, 0);
	}
	return stripe;
}

static void stripe_free(struct mt_live_stripe *stripe)
{
	live_memory_give(LIVE_USE_STRIPE, stripe, mt_load_relaxed(&stripe->pages));
}

/* Changes a bucket's count by one, in the stripe of that tag; false = it is not there any more. */
static bool stripe_spill(struct mt_live_stripe *stripe, uint64_t tag, uint64_t bucket, bool is_up)
{
	struct mt_pair *spills = &live_stripe_spills(stripe)[bucket / MT_LIVE_SPILLS];
	uint64_t one = UINT64_C(1) << bucket % MT_LIVE_SPILLS * 8;
	struct mt_pair old, fresh;

	do {
		uint8_t count;

		old = live_entry_load(spills);
		if (old.high != ~tag)
			return false;
		count = (uint8_t)(old.low / one);
		/* 255 stays: from there on it is not known how many there are */
		if (count == UINT8_MAX || (count == 0 && !is_up))
			return true;
		fresh = (struct mt_pair){is_up ? old.low + one : old.low - one, old.high};
	} while (!mt_cas_pair(spills, old, fresh));
	return true;
}

static uint64_t stripe_entry_hash(struct mt_pair entry)
{
	struct mt_live_block block = mt_live_unpack(entry);

	return mt_live_hash(block.address, (block.flags & MT_LIVE_FLAG_API) != 0);
}

/* Into a stripe that nobody else knows yet; false = no place within reach. */
static bool stripe_add(struct mt_live_stripe *stripe, struct mt_pair entry)
{
	uint64_t hash = stripe_entry_hash(entry);
	uint64_t bucket = live_stripe_bucket(stripe, hash);
	struct mt_pair *entries = live_stripe_entries(stripe) + bucket * MT_LIVE_BUCKET;

	for (uint32_t i = 0; i < (MT_LIVE_REACH + 1) * MT_LIVE_BUCKET; i++) {
		if (mt_load_relaxed(&entries[i].low) != 0)
			continue;
		mt_store_relaxed(&entries[i].low, entry.low);
		mt_store_relaxed(&entries[i].high, entry.high & ~MT_LIVE_FROZEN);
		if (i >= MT_LIVE_BUCKET)
			(void)stripe_spill(stripe, mt_load_relaxed(&stripe->tag), bucket, true);
		mt_store_relaxed(&stripe->sampled_count,
				 mt_load_relaxed(&stripe->sampled_count) + stripe_is_sampled(hash));
		return true;
	}
	return false;
}

/* After this nothing in the stripe changes any more; returns how many blocks it holds. */
static uint64_t stripe_freeze(struct mt_live_stripe *stripe, uint64_t tag)
{
	struct mt_pair *entries = live_stripe_entries(stripe);
	uint64_t capacity = live_stripe_capacity(stripe), blocks = 0;

	for (uint64_t i = 0; i < capacity && mt_load_relaxed(&stripe->tag) == tag; i++) {
		struct mt_pair entry = live_entry_load(&entries[i]);

		while (!live_entry_is_frozen(entry)) {
			struct mt_pair frozen = entry;

			if (mt_live_is_block(entry))
				frozen.high |= MT_LIVE_FROZEN;
			else
				frozen = (struct mt_pair){MT_LIVE_EMPTY_FROZEN, tag};
			if (mt_cas_pair(&entries[i], entry, frozen))
				entry = frozen;
			else if (mt_load_relaxed(&stripe->tag) != tag)
				return 0;
			else
				entry = live_entry_load(&entries[i]);
		}
		blocks += mt_live_is_block(entry);
	}
	return blocks;
}

/* Copies the blocks of a frozen stripe that go into child `part` (of the fan) or all of them (part < 0). */
static struct mt_live_stripe *stripe_copy(struct mt_live_stripe *from, uint32_t pages, int part)
{
	uint32_t from_level = mt_load_relaxed(&from->level);
	uint32_t level = from_level + (part < 0 ? 0 : MT_LIVE_FAN_BITS);
	struct mt_live_stripe *to;

	if (pages > LIVE_RUN_PAGES_MAX)
		pages = LIVE_RUN_PAGES_MAX;
again:
	to = stripe_new(pages, level);
	if (to == NULL)
		return NULL;
	for (uint64_t i = 0; i < live_stripe_capacity(from); i++) {
		struct mt_pair entry = live_entry_load(&live_stripe_entries(from)[i]);

		if (!mt_live_is_block(entry) ||
		    (part >= 0 && (int)(stripe_entry_hash(entry) << from_level >>
					(64 - MT_LIVE_FAN_BITS)) != part))
			continue;
		if (stripe_add(to, entry))
			continue;
		stripe_free(to);
		if (pages == LIVE_RUN_PAGES_MAX)
			return NULL;
		pages++;
		goto again;
	}
	return to;
}

/* A copy failed: for want of memory, or because others replaced the stripe while it was being read? */
static bool stripe_was_replaced(const struct mt_pair *slot, struct mt_pair value)
{
	return mt_load_acquire(&slot->low) != value.low ||
	       mt_load_acquire(&slot->high) != value.high;
}

static void stripe_free_children(struct mt_pair *children)
{
	for (uint32_t i = 0; i < 1u << MT_LIVE_FAN_BITS; i++)
		if (children[i].low != 0)
			stripe_free((struct mt_live_stripe *)(uintptr_t)children[i].low);
}

/* Eight stripes in the place of one that has become too large. The slots themselves are never given back. */
static bool stripe_split(struct mt_live_stripe *stripe, struct mt_pair *slot, struct mt_pair value,
			 uint64_t blocks)
{
	struct mt_pair *children = arena_alloc(sizeof(*children) << MT_LIVE_FAN_BITS);

	if (children == NULL)
		return false;
	for (int i = 0; i < 1 << MT_LIVE_FAN_BITS; i++) {
		struct mt_live_stripe *child =
			stripe_copy(stripe, stripe_pages(blocks >> MT_LIVE_FAN_BITS), i);

		if (child == NULL) {
			stripe_free_children(children);
			return stripe_was_replaced(slot, value);
		}
		children[i] = (struct mt_pair){(uint64_t)(uintptr_t)child, child->tag};
	}
	if (mt_cas_pair(slot, value, (struct mt_pair){(uint64_t)(uintptr_t)children | 1, 0}))
		stripe_free(stripe);
	else
		stripe_free_children(children);
	return true;
}

bool live_stripe_replace(struct mt_pair *slot, struct mt_pair value, uint32_t least_pages)
{
	struct mt_live_stripe *stripe = (struct mt_live_stripe *)(uintptr_t)value.low, *fresh;
	uint64_t blocks;
	uint32_t pages;
	bool may_split;

	if (stripe == NULL) {
		fresh = stripe_new(1, MT_LIVE_ROOT_BITS);
	} else {
		may_split = mt_load_relaxed(&stripe->level) < STRIPE_BITS_MAX;
		blocks = stripe_freeze(stripe, value.high);
		pages = stripe_pages(blocks);
		if (pages < least_pages)
			pages = least_pages;
		if (pages > LIVE_RUN_PAGES_MAX && may_split)
			return stripe_split(stripe, slot, value, blocks);
		fresh = stripe_copy(stripe, pages, -1);
		/* the blocks lie so unevenly that even the largest stripe does not take them */
		if (fresh == NULL && pages > LIVE_RUN_PAGES_MAX / 2 && may_split &&
		    !stripe_was_replaced(slot, value))
			return stripe_split(stripe, slot, value, blocks);
	}
	if (fresh == NULL)
		return stripe_was_replaced(slot, value);
	if (mt_cas_pair(slot, value, (struct mt_pair){(uint64_t)(uintptr_t)fresh, fresh->tag})) {
		if (stripe != NULL)
			stripe_free(stripe);
	} else {
		stripe_free(fresh);
	}
	return true;
}

bool live_stripe_put(struct mt_pair *slot, struct mt_pair value, uint64_t hash,
		     struct mt_pair *place, uint32_t distance, struct mt_pair entry)
{
	struct mt_live_stripe *stripe = (struct mt_live_stripe *)(uintptr_t)value.low;
	uint64_t bucket = live_stripe_bucket(stripe, hash);
	int64_t sampled;

	if (distance > 0 && !stripe_spill(stripe, value.high, bucket, true))
		return false;
	if (!mt_cas_pair(place, (struct mt_pair){0, value.high}, entry)) {
		if (distance > 0)
			(void)stripe_spill(stripe, value.high, bucket, false);
		return false;
	}
	if (!stripe_is_sampled(hash))
		return true;
	sampled = mt_add_relaxed(&stripe->sampled_count, 1);
	if (sampled * STRIPE_SAMPLE_RATE * 100 >
	    (int64_t)mt_load_relaxed(&stripe->bucket_count) * MT_LIVE_BUCKET * 85)
		(void)live_stripe_replace(slot, value, 0);
	return true;
}

void live_stripe_removed(struct mt_pair *slot, struct mt_pair value, uint64_t hash, uint64_t bucket)
{
	struct mt_live_stripe *stripe = (struct mt_live_stripe *)(uintptr_t)value.low;
	uint64_t own = live_stripe_bucket(stripe, hash);
	int64_t sampled;

	if (bucket != own)
		(void)stripe_spill(stripe, value.high, own, false);
	if (!stripe_is_sampled(hash))
		return;
	sampled = mt_add_relaxed(&stripe->sampled_count, -1);
	if (mt_load_relaxed(&stripe->pages) > 1 &&
	    sampled * STRIPE_SAMPLE_RATE * 100 <
		    (int64_t)mt_load_relaxed(&stripe->bucket_count) * MT_LIVE_BUCKET * 25)
		(void)live_stripe_replace(slot, value, 0);
}
