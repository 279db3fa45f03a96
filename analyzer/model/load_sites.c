/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_sites.c - sums the entries of each stack over shards and side records: one site per stack.
 */
#include <errno.h>
#include <inttypes.h>

#include "model/load.h"

/* Entries lie in the order of their first events: each is asked for some nodes before its turn. */
#define NODES_AHEAD 24u

/* Allocations by bucket; of a bucket without its bit the count is left from an earlier site. */
struct size_buckets {
	unsigned __int128 used;
	uint64_t counts[SIZE_BUCKET_COUNT];
};

struct site_sum {
	struct load *load;
	struct site site;
	uint64_t *magnitude; /* of the whole file so far */
	struct estimate_sums *estimate;
	struct size_buckets *buckets;
	uint64_t bucketed;	  /* of the current entry: allocations that size records count */
	int64_t inherited_bytes;  /* of the current entry */
	int64_t site_peak_bytes;  /* what mt_site says */
	int64_t entry_peak_bytes; /* what the first entry says, if it still counts */
	uint32_t entry_count;
	bool is_peak_fresh; /* some entry had an event since the last reset of the peak */
	bool is_damaged;
};

/* Adds up; what is out of all proportion marks the sum as damaged instead of overflowing. */
static void add(struct site_sum *sum, int64_t *to, int64_t value)
{
	uint64_t size = value < 0 ? -(uint64_t)value : (uint64_t)value;

	if (size > LOAD_MAGNITUDE_MAX || *sum->magnitude + size > LOAD_MAGNITUDE_MAX) {
		sum->is_damaged = true;
		return;
	}
	*sum->magnitude += size;
	*to += value;
}

static void add_bucket(struct size_buckets *buckets, uint8_t bucket, uint64_t count)
{
	unsigned __int128 bit = (unsigned __int128)1 << bucket;

	if (!(buckets->used & bit))
		buckets->counts[bucket] = 0;
	buckets->used |= bit;
	buckets->counts[bucket] += count;
}

static void add_side(struct site_sum *sum, const struct mt_side *record)
{
	struct counters *counters = &sum->site.counters;

	switch (record->kind) {
	case MT_SIDE_SIZE:
		if (record->bucket < SIZE_BUCKET_COUNT && record->count >= 0) {
			add_bucket(sum->buckets, record->bucket, (uint64_t)record->count);
			sum->bucketed += (uint64_t)record->count;
		}
		break;
	case MT_SIDE_INHERITED:
		add(sum, &counters->inherited_blocks, record->count);
		add(sum, &counters->inherited_bytes, record->bytes);
		add(sum, &sum->inherited_bytes, record->bytes);
		break;
	case MT_SIDE_INHERITED_FREED:
		add(sum, &counters->inherited_free_count, record->count);
		add(sum, &counters->inherited_freed_bytes, record->bytes);
		break;
	default: /* of samples, or of a later version */
		load_estimate_add(sum->estimate, record);
		break;
	}
}

/* Every record belongs to one entry, so a second visit is a loop or a crossing. */
static int walk_side(struct site_sum *sum, uint32_t id)
{
	struct load *load = sum->load;

	while (id != 0) {
		struct mt_side record;

		if (id >= load->side.count || load->side_seen[id]) {
			if (load->is_running)
				return 0; /* added after the table was copied */
			return reader_refuse(&load->reader,
					     "damaged: side record %" PRIu32 " of %zu %s", id,
					     load->side.count,
					     id < load->side.count ? "occurs twice" : "expected");
		}
		load->side_seen[id] = 1;
		reader_entry(&load->side, id, &record, sizeof(record));
		add_side(sum, &record);
		id = record.next;
	}
	return 0;
}

static void add_sizes(struct site_sum *sum, const struct mt_counters *entry)
{
	if (entry->size_bucket < SIZE_BUCKET_COUNT && entry->alloc_count > sum->bucketed)
		add_bucket(sum->buckets, entry->size_bucket, entry->alloc_count - sum->bucketed);
}

/* Bytes of this entry at the process's peak, and since when its own peak counts. */
static void add_peak(struct site_sum *sum, const struct mt_counters *entry, int64_t live_bytes)
{
	const struct mt_process *process = &sum->load->snapshot->process;
	struct counters *counters = &sum->site.counters;
	int64_t at_peak_bytes = live_bytes;

	if (!sum->load->is_at_peak && entry->peak_number >= process->peak_number)
		at_peak_bytes = entry->at_peak_bytes;
	add(sum, &counters->at_peak_live_bytes, at_peak_bytes);
	if (entry->peak_number < process->peak_reset_number)
		return;
	sum->is_peak_fresh = true;
	if (sum->entry_count == 1)
		sum->entry_peak_bytes = entry->peak_bytes;
}

static void add_site_record(struct site_sum *sum, const struct mt_counters *entry)
{
	struct mt_site record;

	if (entry->site == 0 || entry->site >= sum->load->sites.count)
		return;
	reader_entry(&sum->load->sites, entry->site, &record, sizeof(record));
	if (record.peak_bytes > sum->site_peak_bytes)
		sum->site_peak_bytes = record.peak_bytes;
	if (sum->entry_count == 1 || record.epoch < sum->site.first_epoch)
		sum->site.first_epoch = record.epoch;
}

static int add_entry(struct site_sum *sum, const struct mt_counters *entry)
{
	struct counters *counters = &sum->site.counters;
	uint64_t live_bytes = entry->alloc_bytes - entry->freed_bytes;
	int result;

	sum->entry_count++;
	sum->bucketed = 0;
	sum->inherited_bytes = 0;
	result = walk_side(sum, entry->side);
	if (result < 0)
		return result;
	add(sum, &counters->alloc_count, (int64_t)entry->alloc_count);
	add(sum, &counters->alloc_bytes, (int64_t)entry->alloc_bytes);
	add(sum, &counters->free_count, (int64_t)entry->free_count);
	add(sum, &counters->freed_bytes, (int64_t)entry->freed_bytes);
	add(sum, &counters->realloc_count, (int64_t)entry->realloc_count);
	add(sum, &counters->temporary_count, (int64_t)entry->temporary_count);
	add_sizes(sum, entry);
	add_site_record(sum, entry);
	add_peak(sum, entry, (int64_t)(live_bytes + (uint64_t)sum->inherited_bytes));
	sum->site.is_approximate |= (entry->flags & MT_COUNTERS_APPROXIMATE) != 0;
	sum->site.is_peak_bound |= (entry->flags & MT_COUNTERS_PEAK_BOUND) != 0;
	return 0;
}

/* The site's own peak. What it has now and had at the process's peak it has certainly had. */
static int64_t peak_of(const struct site_sum *sum)
{
	const struct counters *counters = &sum->site.counters;
	int64_t peak_bytes = counters->live_bytes > 0 ? counters->live_bytes : 0;
	int64_t recorded = sum->entry_count > 1 ? sum->site_peak_bytes : sum->entry_peak_bytes;

	if (!sum->is_peak_fresh)
		return peak_bytes;
	if (recorded > peak_bytes)
		peak_bytes = recorded;
	if (counters->at_peak_live_bytes > peak_bytes)
		peak_bytes = counters->at_peak_live_bytes;
	return peak_bytes;
}

static void finish(struct site_sum *sum)
{
	struct counters *counters = &sum->site.counters;

	counters->live_blocks =
		counters->inherited_blocks + counters->alloc_count - counters->free_count;
	counters->live_bytes =
		counters->inherited_bytes + counters->alloc_bytes - counters->freed_bytes;
	add(sum, &counters->peak_live_bytes, peak_of(sum));
	if (sum->entry_count > 1)
		sum->site.is_peak_bound |= sum->load->snapshot->process.hold_bytes != 0;
}

static uint8_t lowest_bit(unsigned __int128 bits)
{
	uint64_t low = (uint64_t)bits;

	return (uint8_t)(low != 0 ? __builtin_ctzll(low)
				  : 64 + __builtin_ctzll((uint64_t)(bits >> 64)));
}

static void keep_sizes(struct site_sum *sum)
{
	struct snapshot *snapshot = sum->load->snapshot;
	unsigned __int128 left = sum->buckets->used;

	sum->site.size_first = (uint32_t)snapshot->size_count;
	for (; left != 0; left &= left - 1) {
		uint8_t bucket = lowest_bit(left);

		if (sum->buckets->counts[bucket] == 0)
			continue;
		snapshot->sizes[snapshot->size_count++] =
			(struct site_size){bucket, sum->buckets->counts[bucket]};
		sum->site.size_count++;
	}
}

static bool is_used(const struct site *site)
{
	const struct counters *counters = &site->counters;

	return counters->alloc_count != 0 || counters->free_count != 0 ||
	       counters->inherited_blocks != 0 || counters->inherited_bytes != 0;
}

static int sum_stack(struct load *load, uint32_t node, struct size_buckets *buckets,
		     struct estimate_sums *estimate, uint64_t *magnitude)
{
	struct snapshot *snapshot = load->snapshot;
	struct site_sum sum = {.load = load,
			       .site.node = node,
			       .magnitude = magnitude,
			       .buckets = buckets,
			       .estimate = estimate};
	int result = 0;

	buckets->used = 0;
	load_estimate_begin(load, estimate);
	for (uint32_t id = load->entry_first[node]; result == 0 && id != 0;
	     id = load->entry_next[id])
		result = add_entry(&sum, &load->entries[id]);
	if (result < 0)
		return result;
	finish(&sum);
	if (sum.is_damaged)
		return reader_refuse(&load->reader, "damaged: counters beyond 2^61");
	if (!is_used(&sum.site))
		return 0;
	keep_sizes(&sum);
	load_estimate_keep(load, estimate, &sum.site);
	snapshot->sites[snapshot->site_count++] = sum.site;
	return 0;
}

int load_sites(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	struct size_buckets buckets;
	struct estimate_sums estimate;
	uint64_t magnitude = 0;
	size_t stack_count = 0, entry_count = 0;
	int result = 0;

	for (size_t node = 1; node < snapshot->node_count; node++) {
		stack_count += load->entry_first[node] != 0;
		for (uint32_t id = load->entry_first[node]; id != 0; id = load->entry_next[id])
			entry_count++;
	}
	snapshot->sites = load_keep(load, stack_count, sizeof(*snapshot->sites));
	snapshot->sizes = load_keep(load, entry_count + load->side.count, sizeof(*snapshot->sizes));
	if (snapshot->sites == NULL || snapshot->sizes == NULL)
		return -EBADMSG;
	result = load_estimates(load, stack_count);
	for (size_t node = 1; result == 0 && node < snapshot->node_count; node++) {
		if (node + NODES_AHEAD < snapshot->node_count)
			__builtin_prefetch(&load->entries[load->entry_first[node + NODES_AHEAD]]);
		if (load->entry_first[node] != 0)
			result = sum_stack(load, (uint32_t)node, &buckets, &estimate, &magnitude);
	}
	return result;
}
