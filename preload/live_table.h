/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_table.h - which blocks are alive, what they are and which stack made them. Private memory.
 *
 * Layer 2. Lock-free: no thread, handler, stopped thread or forked child ever waits for another. A child of
 * fork finds the table as it was at that instant, whatever other threads were doing.
 *
 * The common case is in line: a block of malloc whose group has a place, or holds it under the first mark that
 * looks like its own. Everything else is in live_table.c.
 */
#ifndef PRELOAD_LIVE_TABLE_H
#define PRELOAD_LIVE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "live_path.h"
#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"

/* Once per process. */
void live_table_init(void);

/* What outsiders need to find the table. */
uint64_t live_table_root(uint32_t *bytes);

enum live_insert {
	LIVE_INSERTED,
	LIVE_REPLACED, /* the address was in the table: *old is what it was, and is gone */
	LIVE_NO_ROOM,
};

/**
 * live_table_each() - visit every block. Exact while nothing else changes the table.
 */
void live_table_each(void (*visit)(const struct mt_live_block *block, void *context),
		     void *context);

/*
 * live_table_find() - a block of malloc that stays in the table. While others change the table there it may be
 * missed.
 */
bool live_table_find(uint64_t address, struct mt_live_block *block);

/* block: becomes the one that was replaced. */
enum live_insert live_table_insert_further(struct mt_live_block *block);
/* is_removed: the common case has removed *block from a stripe that may have been replaced before. */
bool live_table_remove_further(uint64_t address, bool is_api, struct mt_live_block *block,
			       bool is_removed);
/* One of so many blocks of a stripe was removed. */
void live_table_look(uint64_t address);

#define LIVE_LOOK_MARKS 0x1fu /* of a mark: all zero in one of 32 */

/**
 * live_table_insert() - note a block. Its address is of no block that another thread may insert or remove
 * at the same time: the allocator has just given it to this thread.
 */
static inline __attribute__((always_inline)) enum live_insert
live_table_insert(const struct mt_live_block *block, struct mt_live_block *old)
{
	uint64_t hash = mt_live_hash(block->address);
	const struct mt_pair *slot;
	struct mt_pair stripe;
	struct mt_live_block
		copy; /* else the compiler would keep *block in memory in the common case too */
	enum live_insert result;

	if (__builtin_expect(live_path_find_stripe(block->address, hash, &slot, &stripe) &&
				     block->address >> MT_LIVE_ADDRESS_BITS == 0 &&
				     block->size < MT_LIVE_SIZE_MAX &&
				     (block->flags & MT_LIVE_FLAG_API) == 0,
			     1)) {
		struct live_spot spot = live_spot_find(stripe.low, hash);
		uint64_t marks = mt_load_acquire(&live_marks(stripe.low)[spot.group]);
		uint64_t free = live_group_free(marks);

		if (__builtin_expect(free != 0 && live_group_matches(marks, spot.mark) == 0 &&
					     mt_load_relaxed(live_reach(stripe.low, spot.group)) ==
						     0,
				     1)) {
			uint64_t index = spot.group * MT_LIVE_GROUP + live_group_first(free);

			if (__builtin_expect(live_put(slot, stripe, index,
						      mt_live_pack(block, hash, block->size)),
					     1)) {
				mt_store_relaxed(live_mark(stripe.low, index), (uint8_t)spot.mark);
				return LIVE_INSERTED;
			}
		}
	}
	copy = *block;
	result = live_table_insert_further(&copy);
	*old = copy;
	return result;
}

/**
 * live_table_remove() - forget a block.
 *
 * Return: false = not in the table; *block is not set then.
 */
static inline __attribute__((always_inline)) bool live_table_remove(uint64_t address, bool is_api,
								    struct mt_live_block *block)
{
	uint64_t hash = mt_live_hash(address);
	const struct mt_pair *slot;
	struct mt_pair stripe;
	struct mt_live_block copy;
	bool is_removed = false;

	if (__builtin_expect(!is_api && live_path_find_stripe(address, hash, &slot, &stripe), 1)) {
		struct live_spot spot = live_spot_find(stripe.low, hash);
		struct mt_pair *place = live_entry(stripe.low, spot.group * MT_LIVE_GROUP), entry;
		uint8_t *mark = (uint8_t *)&live_marks(stripe.low)[spot.group];
		uint64_t matches;

		live_group_prefetch(place);
		matches = live_group_matches(mt_load_acquire((uint64_t *)(void *)mark), spot.mark);

		if (__builtin_expect(matches != 0, 1)) {
			place -= live_group_first(matches);
			mark += live_group_first(matches);
			entry = live_entry_load(place);
			entry.high &= ~MT_LIVE_FROZEN; /* the swap of a frozen entry fails */
			if (__builtin_expect(live_is_plain(entry.low, hash) &&
						     mt_cas_pair(place, entry,
								 mt_live_free(live_number(),
									      stripe.high)),
					     1)) {
				mt_store_relaxed(mark, 0);
				*block = mt_live_unpack_rest(entry);
				block->address = address;
				if (__builtin_expect((spot.mark & LIVE_LOOK_MARKS) == 0, 0))
					live_table_look(address);
				if (__builtin_expect(live_slot_is(slot, stripe.high), 1))
					return true;
				copy = *block;
				is_removed = true;
			}
		}
	}
	is_removed = live_table_remove_further(address, is_api, &copy, is_removed);
	*block = copy;
	return is_removed;
}

#endif
