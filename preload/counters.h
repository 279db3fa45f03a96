/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.h - books allocations and frees on a site's counters.
 *
 *                 writer                                reader in another process
 *   alloc_*       added when the block is handed out    loaded second
 *   freed_*       added when it comes back              loaded first
 *
 * A block is counted before malloc() returns it, so before it can be freed; x86 stores and the release
 * fence below keep that order. A reader that loads freed first never sees more freed than allocated.
 *
 * Layer 2. The entry belongs to the shard. Without an entry (NULL: no room) only the shard's own sums go on,
 * and the loss is counted. What most events do is here, without a locked instruction or a call; the rest is
 * in counters.c.
 */
#ifndef PRELOAD_COUNTERS_H
#define PRELOAD_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/atomic.h"
#include "shard.h"
#include "site_peak.h"

/*
 * Where a caller may keep the size records that its last events used, by the last bits of the bucket: NULL or
 * a record of the same entry. A forked child begins with none.
 */
#define COUNTERS_SIDES 4u

/*
 * All that is not so common: no entry, a shared shard, limits that another thread has changed or that the event
 * crosses, a size that was not kept. And a block that stands for several of its size: weight of them.
 */
void counters_add_alloc_slow(struct shard *shard, struct mt_counters *counters, uint64_t size,
			     uint64_t weight, bool is_realloc, struct mt_side **sides);
void counters_add_free_slow(struct shard *shard, struct mt_counters *counters, uint64_t size,
			    uint64_t weight, bool is_temporary, bool is_inherited);

/* In a forked child, before its first event: a block that was alive at the fork. The shard is shard_at(0). */
void counters_add_inherited(struct shard *shard, struct mt_counters *counters, uint64_t size,
			    uint64_t weight);

/*
 * counters_add_side() - adds to the side record of a kind and bucket, which is made on first use.
 *
 * Return: the record; NULL when there is no room, which is counted.
 */
struct mt_side *counters_add_side(struct mt_counters *counters, bool is_shared,
				  enum mt_side_kind kind, uint8_t bucket, uint64_t count,
				  uint64_t bytes);

/* A handler that jumps out of an event leaves the word odd; the next event makes it right again. */
static inline uint32_t counters_begin(struct mt_counters *counters)
{
	uint32_t version = counters->version | 1;

	mt_store_relaxed(&counters->version, version);
	mt_fence_release();
	return version;
}

static inline void counters_end(struct mt_counters *counters, uint32_t version)
{
	mt_store_release(&counters->version, version + 1); /* partner: the reader's acquire */
}

/* Most sites allocate one size: its bucket stands in the entry, others get side records. */
static inline bool counters_add_size(const struct mt_counters *counters, uint64_t size,
				     struct mt_side *const *sides)
{
	uint8_t bucket = mt_size_bucket(size);
	struct mt_side *side;

	if (__builtin_expect(counters->size_bucket == bucket, 1))
		return true;
	side = sides == NULL ? NULL : sides[bucket % COUNTERS_SIDES];
	if (side == NULL || side->bucket != bucket)
		return false;
	mt_add_owned_i64(&side->count, 1);
	mt_add_owned_i64(&side->bytes, (int64_t)size);
	return true;
}

/* What an allocation adds, but for its size's bucket. An exclusive shard, by its owner. */
static __attribute__((always_inline)) inline void
counters_count_alloc(struct shard *shard, struct mt_counters *counters, uint64_t blocks,
		     uint64_t bytes, bool is_realloc)
{
	struct mt_shard *record = shard->record;
	uint32_t version;
	int64_t live;

	site_peak_before(counters);
	version = counters_begin(counters);
	mt_add_owned_u64(&counters->alloc_count, blocks);
	mt_add_owned_u64(&counters->alloc_bytes, bytes);
	if (is_realloc)
		mt_add_owned_u64(&counters->realloc_count, blocks);
	live = site_peak_own(counters);
	site_peak_raise_own(counters, live);
	counters_end(counters, version);
	mt_add_owned_u64(&record->alloc_count, blocks);
	mt_add_owned_u64(&record->alloc_bytes, bytes);
	mt_add_owned_i64(&record->live_bytes, (int64_t)bytes);
	site_peak_after(shard, record, counters, live);
}

static __attribute__((always_inline)) inline void counters_count_free(struct mt_counters *counters,
								      uint64_t blocks,
								      uint64_t bytes,
								      bool is_temporary)
{
	uint32_t version;

	site_peak_before(counters);
	version = counters_begin(counters);
	mt_add_owned_u64(&counters->free_count, blocks);
	mt_add_owned_u64(&counters->freed_bytes, bytes);
	if (is_temporary)
		mt_add_owned_u64(&counters->temporary_count, blocks);
	counters_end(counters, version);
}

static inline bool counters_is_common(const struct shard *shard, const struct mt_counters *counters)
{
	return __builtin_expect(counters != NULL && mt_load_relaxed(&shard->is_slow) == 0, 1);
}

/*
 * counters_add_alloc() - a block was handed out.
 * @is_realloc: the new block of a successful realloc of a block.
 * @sides: COUNTERS_SIDES places, see there; NULL for a caller that keeps none.
 */
static __attribute__((always_inline)) inline void counters_add_alloc(struct shard *shard,
								     struct mt_counters *counters,
								     uint64_t size, bool is_realloc,
								     struct mt_side **sides)
{
	if (counters_is_common(shard, counters) &&
	    __builtin_expect(counters_add_size(counters, size, sides), 1))
		counters_count_alloc(shard, counters, 1, size, is_realloc);
	else
		counters_add_alloc_slow(shard, counters, size, 1, is_realloc, sides);
}

/*
 * counters_add_free() - a block comes back.
 * @is_temporary: by the thread that got it, before its next allocation.
 * @is_inherited: it was alive when this process was forked.
 */
static __attribute__((always_inline)) inline void
counters_add_free(struct shard *shard, struct mt_counters *counters, uint64_t size,
		  bool is_temporary, bool is_inherited)
{
	if (counters_is_common(shard, counters) &&
	    __builtin_expect(!is_inherited && site_peak_fall_fast(shard, size), 1)) {
		counters_count_free(counters, 1, size, is_temporary);
		site_peak_after_free(counters);
	} else {
		counters_add_free_slow(shard, counters, size, 1, is_temporary, is_inherited);
	}
}

#endif
