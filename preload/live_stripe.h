/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_stripe.h - one stripe of the table of live blocks, and how it is replaced by a larger or smaller one.
 *
 * Layer 2, private to live_table.c and live_stripe.c.
 */
#ifndef PRELOAD_LIVE_STRIPE_H
#define PRELOAD_LIVE_STRIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"

static inline struct mt_pair *live_stripe_entries(struct mt_live_stripe *stripe)
{
	return (struct mt_pair *)(void *)(stripe + 1);
}

static inline uint64_t live_stripe_capacity(const struct mt_live_stripe *stripe)
{
	return ((uint64_t)mt_load_relaxed(&stripe->bucket_count) + MT_LIVE_REACH) * MT_LIVE_BUCKET;
}

static inline struct mt_pair *live_stripe_spills(struct mt_live_stripe *stripe)
{
	return live_stripe_entries(stripe) + live_stripe_capacity(stripe);
}

/* Entries of a bucket that lie behind it. */
static inline uint8_t live_stripe_spilled(struct mt_live_stripe *stripe, uint64_t bucket)
{
	/* partner: the swap in stripe_spill() before an entry was put there */
	uint64_t counts = mt_load_acquire(&live_stripe_spills(stripe)[bucket / MT_LIVE_SPILLS].low);

	return (uint8_t)(counts >> bucket % MT_LIVE_SPILLS * 8);
}

/* Multiplication instead of division: any number of buckets, and the order of hashes is kept. */
static inline uint64_t live_stripe_bucket(const struct mt_live_stripe *stripe, uint64_t hash)
{
	return (hash & 0xffffffff) * mt_load_relaxed(&stripe->bucket_count) >> 32;
}

/* The two words may be of different moments: whoever acts on them swaps both, which then fails. */
static inline struct mt_pair live_entry_load(const struct mt_pair *entry)
{
	struct mt_pair value;

	value.low = mt_load_acquire(&entry->low);
	value.high = mt_load_acquire(&entry->high);
	return value;
}

static inline bool live_entry_is_frozen(struct mt_pair entry)
{
	if (entry.low <= MT_LIVE_EMPTY_FROZEN)
		return entry.low == MT_LIVE_EMPTY_FROZEN;
	return (entry.high & MT_LIVE_FROZEN) != 0;
}

/* Whether the stripe is still the one that the slot was seen to hold. */
static inline bool live_stripe_is(struct mt_live_stripe *stripe, struct mt_pair *slot,
				  struct mt_pair value)
{
	return mt_load_acquire(&stripe->tag) == value.high &&
	       mt_load_acquire(&slot->low) == value.low &&
	       mt_load_acquire(&slot->high) == value.high;
}

/*
 * live_stripe_replace() - freeze a stripe and put one (or eight) of the right size in its place; also makes
 * the first stripe of an empty slot. Any number of threads may do this at once: one of them wins.
 * @least_pages: of the new one; 0 = as its entries need. More than a stripe can have: eight are made.
 *
 * Return: false = no memory.
 */
bool live_stripe_replace(struct mt_pair *slot, struct mt_pair value, uint32_t least_pages);

/* Puts an entry into a free place, distance buckets behind its own; false = the place is gone. */
bool live_stripe_put(struct mt_pair *slot, struct mt_pair value, uint64_t hash,
		     struct mt_pair *place, uint32_t distance, struct mt_pair entry);

/* An entry was removed from a bucket. */
void live_stripe_removed(struct mt_pair *slot, struct mt_pair value, uint64_t hash,
			 uint64_t bucket);

#endif
