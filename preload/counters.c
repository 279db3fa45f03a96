/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.c - events that are booked with locked additions, and what few events need.
 */
#include "counters.h"

#include "trace_file.h"

static void counters_add(bool is_shared, uint64_t *counter, uint64_t value)
{
	if (is_shared)
		(void)mt_add_relaxed(counter, value);
	else
		mt_add_owned_u64(counter, value);
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

struct mt_side *counters_add_side(struct mt_counters *counters, bool is_shared,
				  enum mt_side_kind kind, uint8_t bucket, uint64_t count,
				  uint64_t bytes)
{
	struct mt_side *side = counters_side(counters, kind, bucket);

	if (side == NULL) {
		trace_file_drop(MT_DROP_SIDE);
		return NULL;
	}
	counters_add(is_shared, (uint64_t *)&side->count, count);
	counters_add(is_shared, (uint64_t *)&side->bytes, bytes);
	return side;
}

static void counters_add_size_own(struct mt_counters *counters, uint64_t size, uint64_t weight,
				  struct mt_side **sides)
{
	uint8_t bucket = mt_size_bucket(size);
	struct mt_side *side;

	if (weight == 1 && counters_add_size(counters, size, sides))
		return;
	if (counters->size_bucket == UINT8_MAX)
		mt_store_relaxed(&counters->size_bucket, bucket);
	if (counters->size_bucket == bucket)
		return;
	side = counters_add_side(counters, false, MT_SIDE_SIZE, bucket, weight, weight * size);
	if (sides != NULL)
		sides[bucket % COUNTERS_SIDES] = side;
}

static void counters_add_size_shared(struct mt_counters *counters, uint64_t size, uint64_t weight)
{
	uint8_t bucket = mt_size_bucket(size), own = mt_load_relaxed(&counters->size_bucket);

	if (own == UINT8_MAX && mt_cas_relaxed(&counters->size_bucket, &own, bucket))
		return;
	if (own != bucket)
		(void)counters_add_side(counters, true, MT_SIDE_SIZE, bucket, weight,
					weight * size);
}

static void counters_add_alloc_shared(struct shard *shard, struct mt_counters *counters,
				      uint64_t blocks, uint64_t bytes, bool is_realloc)
{
	site_peak_share();
	site_peak_before_shared(counters);
	(void)mt_add_relaxed(&counters->alloc_count, blocks);
	(void)mt_add_relaxed(&counters->alloc_bytes, bytes);
	if (is_realloc)
		(void)mt_add_relaxed(&counters->realloc_count, blocks);
	site_peak_after_shared(counters);
	(void)mt_add_relaxed(&shard->record->alloc_count, blocks);
	(void)mt_add_relaxed(&shard->record->alloc_bytes, bytes);
	site_peak_add_shared(shard, (int64_t)bytes);
}

void counters_add_alloc_slow(struct shard *shard, struct mt_counters *counters, uint64_t size,
			     uint64_t weight, bool is_realloc, struct mt_side **sides)
{
	uint64_t bytes = weight * size;

	if (!shard->is_shared && mt_load_relaxed(&shard->is_slow) != 0)
		site_peak_resync(shard);
	if (counters == NULL) {
		counters_add(shard->is_shared, &shard->record->alloc_count, weight);
		counters_add(shard->is_shared, &shard->record->alloc_bytes, bytes);
		trace_file_drop(MT_DROP_COUNTERS);
	} else if (shard->is_shared) {
		counters_add_size_shared(counters, size, weight);
		counters_add_alloc_shared(shard, counters, weight, bytes, is_realloc);
	} else {
		counters_add_size_own(counters, size, weight, sides);
		counters_count_alloc(shard, counters, weight, bytes, is_realloc);
	}
}

static void counters_add_free_shared(struct shard *shard, struct mt_counters *counters,
				     uint64_t blocks, uint64_t bytes, bool is_temporary)
{
	site_peak_share();
	site_peak_before_shared(counters);
	(void)mt_add_relaxed(&counters->free_count, blocks);
	(void)mt_add_relaxed(&counters->freed_bytes, bytes);
	if (is_temporary)
		(void)mt_add_relaxed(&counters->temporary_count, blocks);
	site_peak_after_shared(counters);
	site_peak_add_shared(shard, -(int64_t)bytes);
}

static void counters_add_free_own(struct shard *shard, struct mt_counters *counters,
				  uint64_t blocks, uint64_t bytes, bool is_temporary)
{
	site_peak_fall(shard, (int64_t)bytes);
	counters_count_free(counters, blocks, bytes, is_temporary);
	site_peak_after_free(counters);
}

void counters_add_free_slow(struct shard *shard, struct mt_counters *counters, uint64_t size,
			    uint64_t weight, bool is_temporary, bool is_inherited)
{
	uint64_t bytes = weight * size;

	if (!shard->is_shared && mt_load_relaxed(&shard->is_slow) != 0)
		site_peak_resync(shard);
	if (counters == NULL) {
		trace_file_drop(MT_DROP_COUNTERS);
		return;
	}
	if (is_inherited)
		(void)counters_add_side(counters, shard->is_shared, MT_SIDE_INHERITED_FREED, 0,
					weight, bytes);
	if (shard->is_shared)
		counters_add_free_shared(shard, counters, weight, bytes, is_temporary);
	else
		counters_add_free_own(shard, counters, weight, bytes, is_temporary);
}

void counters_add_inherited(struct shard *shard, struct mt_counters *counters, uint64_t size,
			    uint64_t weight)
{
	uint64_t bytes = weight * size;
	int64_t live;

	if (counters == NULL) {
		trace_file_drop(MT_DROP_COUNTERS);
		return;
	}
	(void)counters_add_side(counters, false, MT_SIDE_INHERITED, 0, weight, bytes);
	mt_add_owned_i64(&counters->base_bytes, (int64_t)bytes);
	live = site_peak_own(counters);
	site_peak_raise_own(counters, live);
	mt_add_owned_i64(&shard->record->live_bytes, (int64_t)bytes);
	site_peak_after(shard, shard->record, counters, live);
}
