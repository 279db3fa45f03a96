/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squeeze_site.c - sums the counters of one site while their owners keep adding.
 */
#include "squeeze_site.h"

#include <stddef.h>
#include <string.h>

#include "memtrace/atomic.h"
#include "site_peak.h"
#include "trace_file.h"

#define SQUEEZE_TRIES 3u

/* A copy of an entry in which all fields are of one moment; false = it changed at each try. */
static bool squeeze_read(const struct mt_counters *from, struct mt_counters *copy)
{
	for (uint32_t i = 0; i < SQUEEZE_TRIES; i++) {
		uint32_t version = mt_load_acquire(&from->version); /* partner: counters_end() */

		copy->free_count = mt_load_acquire(&from->free_count);
		copy->freed_bytes = mt_load_acquire(&from->freed_bytes);
		copy->alloc_count = mt_load_relaxed(&from->alloc_count);
		copy->alloc_bytes = mt_load_relaxed(&from->alloc_bytes);
		copy->realloc_count = mt_load_relaxed(&from->realloc_count);
		copy->temporary_count = mt_load_relaxed(&from->temporary_count);
		copy->at_peak_bytes = mt_load_relaxed(&from->at_peak_bytes);
		copy->peak_number = mt_load_relaxed(&from->peak_number);
		copy->peak_bytes = mt_load_relaxed(&from->peak_bytes);
		copy->size_bucket = mt_load_relaxed(&from->size_bucket);
		copy->base_bytes = from->base_bytes;
		mt_fence_acquire();
		if (version % 2 == 0 && version == mt_load_relaxed(&from->version))
			return true;
	}
	return false;
}

static void squeeze_add_sample(const struct mt_side *side, struct squeeze_site *sum)
{
	uint32_t kind = (uint32_t)side->kind - MT_SIDE_RECORDED;

	if (kind >= SQUEEZE_SAMPLE_KINDS || side->bucket >= MT_SAMPLED_COUNT)
		return;
	sum->has_samples = true;
	sum->samples[kind][side->bucket].count += mt_load_relaxed(&side->count);
	sum->samples[kind][side->bucket].bytes += mt_load_relaxed(&side->bytes);
}

static void squeeze_add_size(struct squeeze_site *sum, uint32_t bucket, uint64_t count)
{
	sum->sizes[bucket] += count;
	if (sum->size_end <= bucket)
		sum->size_end = bucket + 1;
}

static void squeeze_add_sides(const struct mt_counters *from, const struct mt_counters *copy,
			      struct squeeze_site *sum)
{
	uint64_t rest = copy->alloc_count;

	for (uint32_t id = mt_load_acquire(&from->side); id != 0;) {
		const struct mt_side *side = trace_file_entry(TRACE_SIDE, id);
		uint64_t count = (uint64_t)mt_load_relaxed(&side->count);

		if (side->kind == MT_SIDE_INHERITED) {
			sum->inherited.count += side->count;
			sum->inherited.bytes += side->bytes;
		} else if (side->kind == MT_SIDE_INHERITED_FREED) {
			sum->inherited_freed.count += side->count;
			sum->inherited_freed.bytes += side->bytes;
		} else if (side->kind == MT_SIDE_SIZE && side->bucket < SQUEEZE_BUCKETS) {
			count = count < rest ? count : rest;
			squeeze_add_size(sum, side->bucket, count);
			rest -= count;
		} else {
			squeeze_add_sample(side, sum);
		}
		id = side->next;
	}
	if (copy->size_bucket < SQUEEZE_BUCKETS)
		squeeze_add_size(sum, copy->size_bucket, rest);
}

static void squeeze_add(const struct mt_counters *from, struct squeeze_site *sum)
{
	const struct mt_process *process = trace_file.process;
	struct mt_counters copy, *to = &sum->counters;
	int64_t live;

	if (!squeeze_read(from, &copy) && (from->flags & MT_COUNTERS_SHARED) == 0)
		to->flags |= MT_COUNTERS_APPROXIMATE;
	live = copy.base_bytes + (int64_t)(copy.alloc_bytes - copy.freed_bytes);
	to->alloc_count += copy.alloc_count;
	to->alloc_bytes += copy.alloc_bytes;
	to->free_count += copy.free_count;
	to->freed_bytes += copy.freed_bytes;
	to->realloc_count += copy.realloc_count;
	to->temporary_count += copy.temporary_count;
	to->at_peak_bytes += copy.peak_number == to->peak_number && !site_peak_is_now()
				     ? copy.at_peak_bytes
				     : live;
	to->peak_bytes = copy.peak_number < process->peak_reset_number ? live : copy.peak_bytes;
	to->published_bytes +=
		live; /* what is live now, for the peak of sites with several entries */
	squeeze_add_sides(from, &copy, sum);
}

void squeeze_site_sum(const struct mt_site *site, struct squeeze_site *sum)
{
	uint32_t entries = 0;
	int64_t peak;

	memset(sum, 0, sizeof(*sum));
	sum->counters.peak_number = mt_load_relaxed(&trace_file.process->peak_number);
	for (uint32_t id = mt_load_acquire(&site->counters); id != 0; entries++) {
		const struct mt_counters *from = trace_file_entry(TRACE_COUNTERS, id);

		squeeze_add(from, sum);
		id = from->next;
	}
	if (entries == 0)
		return;
	sum->counters.node = site->node;
	sum->counters.size_bucket = UINT8_MAX;
	if (entries == 1)
		return;
	peak = mt_load_relaxed(&site->peak_bytes);
	if (peak < sum->counters.published_bytes)
		peak = sum->counters.published_bytes;
	if (peak < sum->counters.at_peak_bytes)
		peak = sum->counters.at_peak_bytes;
	sum->counters.peak_bytes = peak;
	sum->counters.flags |= MT_COUNTERS_PEAK_BOUND;
}
