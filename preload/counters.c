/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.c - books allocations and frees on a stack's counters.
 *
 *                 writer                                reader in another process
 *   alloc_*       added when the block is handed out    loaded second
 *   freed_*       added when it comes back              loaded first
 *
 * A block is counted before malloc() returns it, so before it can be freed; x86 stores and the release
 * fence below keep that order. A reader that loads freed first never sees more freed than allocated.
 */
#include "counters.h"

#include <stddef.h>

#include "memtrace/atomic.h"
#include "site_peak.h"
#include "trace_file.h"

static void counters_add(bool is_shared, uint64_t *counter, uint64_t value)
{
	if (is_shared)
		(void)mt_add_relaxed(counter, value);
	else
		mt_add_owned_u64(counter, value);
}

/* A handler that jumps out of an event leaves the word odd; the next event makes it right again. */
static void counters_begin(struct mt_counters *counters, bool is_shared)
{
	if (is_shared)
		return;
	mt_store_relaxed(&counters->version, counters->version | 1);
	mt_fence_release();
}

static void counters_end(struct mt_counters *counters, bool is_shared)
{
	if (!is_shared) /* partner: the reader's acquire of version */
		mt_store_release(&counters->version, (counters->version | 1) + 1);
}

/* The side record of a kind and bucket, made on first use; NULL when there is no room. */
static struct mt_side *counters_side(struct mt_counters *counters, enum mt_side_kind kind,
				     uint8_t bucket)
{
	uint32_t first = mt_load_acquire(&counters->side), id;
	struct mt_side *side;

	for (id = first; id != 0; id = side->next) {
		side = trace_file_entry(TRACE_SIDE, id);
		if (side->kind == kind && side->bucket == bucket)
			return side;
	}
	id = trace_file_claim(TRACE_SIDE, 1);
	if (id == 0)
		return NULL;
	side = trace_file_entry(TRACE_SIDE, id);
	side->bucket = bucket;
	side->kind = (uint8_t)kind;
	do
		side->next = first;
	while (!mt_cas_acq_rel(&counters->side, &first, id)); /* partner: readers' acquire */
	return side;
}

static void counters_add_side(struct mt_counters *counters, bool is_shared, enum mt_side_kind kind,
			      uint8_t bucket, uint64_t bytes)
{
	struct mt_side *side = counters_side(counters, kind, bucket);

	if (side == NULL) {
		trace_file_drop(MT_DROP_SIDE);
		return;
	}
	counters_add(is_shared, (uint64_t *)&side->count, 1);
	counters_add(is_shared, (uint64_t *)&side->bytes, bytes);
}

/* Most stacks allocate one size: its bucket stands in the entry, others get side records. */
static void counters_add_size(struct mt_counters *counters, bool is_shared, uint64_t size)
{
	uint8_t bucket = mt_size_bucket(size), own = mt_load_relaxed(&counters->size_bucket);

	if (own == UINT8_MAX && mt_cas_relaxed(&counters->size_bucket, &own, bucket))
		return;
	if (own != bucket)
		counters_add_side(counters, is_shared, MT_SIDE_SIZE, bucket, size);
}

void counters_add_alloc(struct shard *shard, struct mt_counters *counters, uint64_t size,
			bool is_realloc)
{
	bool is_shared = shard->is_shared;

	counters_add(is_shared, &shard->record->alloc_count, 1);
	counters_add(is_shared, &shard->record->alloc_bytes, size);
	counters_add(is_shared, &shard->record->event_count, 1);
	if (counters == NULL) {
		trace_file_drop(MT_DROP_COUNTERS);
		return;
	}
	counters_begin(counters, is_shared);
	site_peak_fold(counters);
	counters_add_size(counters, is_shared, size);
	counters_add(is_shared, &counters->alloc_count, 1);
	counters_add(is_shared, &counters->alloc_bytes, size);
	if (is_realloc)
		counters_add(is_shared, &counters->realloc_count, 1);
	site_peak_after(counters);
	counters_end(counters, is_shared);
	site_peak_add(shard, (int64_t)size);
}

void counters_add_free(struct shard *shard, struct mt_counters *counters, uint64_t size,
		       bool is_temporary, bool is_inherited)
{
	bool is_shared = shard->is_shared;

	counters_add(is_shared, &shard->record->event_count, 1);
	if (counters == NULL) {
		trace_file_drop(MT_DROP_COUNTERS);
		return;
	}
	counters_begin(counters, is_shared);
	site_peak_fold(counters);
	counters_add(is_shared, &counters->free_count, 1);
	counters_add(is_shared, &counters->freed_bytes, size);
	if (is_temporary)
		counters_add(is_shared, &counters->temporary_count, 1);
	if (is_inherited)
		counters_add_side(counters, is_shared, MT_SIDE_INHERITED_FREED, 0, size);
	site_peak_after(counters);
	counters_end(counters, is_shared);
	site_peak_add(shard, -(int64_t)size);
}

void counters_add_inherited(struct shard *shard, struct mt_counters *counters, uint64_t size)
{
	if (counters == NULL) {
		trace_file_drop(MT_DROP_COUNTERS);
		return;
	}
	counters_add_side(counters, true, MT_SIDE_INHERITED, 0, size);
	counters->base_bytes += (int64_t)size;
	site_peak_after(counters);
	site_peak_add(shard, (int64_t)size);
}
