/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_sites.c - the counters of a new snapshot: one entry per site, side records for what most lack.
 */
#include "memtrace/sampling.h"
#include "model/pack.h"

/* Index that the next entry of a section will get. */
static uint32_t next_index(const struct pack *pack, enum mt_section_type type, size_t entry_size)
{
	return (uint32_t)(pack->sections[type].bytes / entry_size);
}

/* Adds a record in front of the chain that starts at first; returns the new first. */
static uint32_t add_side(struct pack *pack, uint32_t first, struct mt_side record)
{
	uint32_t index = next_index(pack, MT_SECTION_SIDE, sizeof(record));

	record.next = first;
	pack_add(pack, MT_SECTION_SIDE, &record, sizeof(record));
	return index;
}

/* The bucket of most allocations needs no record: it is what the others leave. */
static uint32_t add_sizes(struct pack *pack, const struct site *site, uint8_t *main_bucket)
{
	const struct site_size *sizes = &pack->snapshot->sizes[site->size_first];
	uint32_t largest = 0, first = 0;

	if (site->size_count == 0)
		return 0;
	for (uint32_t i = 1; i < site->size_count; i++)
		largest = sizes[i].count > sizes[largest].count ? i : largest;
	*main_bucket = sizes[largest].bucket;
	for (uint32_t i = site->size_count; i-- > 0;) {
		if (i != largest)
			first = add_side(pack, first,
					 (struct mt_side){.kind = MT_SIDE_SIZE,
							  .bucket = sizes[i].bucket,
							  .count = (int64_t)sizes[i].count});
	}
	return first;
}

static uint32_t add_inherited(struct pack *pack, const struct counters *counters, uint32_t first)
{
	if (counters->inherited_free_count != 0 || counters->inherited_freed_bytes != 0)
		first = add_side(pack, first,
				 (struct mt_side){.kind = MT_SIDE_INHERITED_FREED,
						  .count = counters->inherited_free_count,
						  .bytes = counters->inherited_freed_bytes});
	if (counters->inherited_blocks != 0 || counters->inherited_bytes != 0)
		first = add_side(pack, first,
				 (struct mt_side){.kind = MT_SIDE_INHERITED,
						  .count = counters->inherited_blocks,
						  .bytes = counters->inherited_bytes});
	return first;
}

/* A variance in the two words of the format. */
static uint32_t add_split(struct pack *pack, uint32_t first, enum mt_side_kind kind, uint8_t of,
			  double sum)
{
	uint64_t low_bits = (UINT64_C(1) << MT_SAMPLE_SPLIT) - 1;
	__int128 value = (__int128)sum;

	if (value <= 0 || value >> MT_SAMPLE_SPLIT > INT64_MAX)
		return first;
	return add_side(pack, first,
			(struct mt_side){.kind = (uint8_t)kind,
					 .bucket = of,
					 .count = (int64_t)(value & low_bits),
					 .bytes = (int64_t)(value >> MT_SAMPLE_SPLIT)});
}

static uint32_t add_estimate(struct pack *pack, const struct estimate *estimate, uint32_t first)
{
	for (uint8_t i = MT_SAMPLED_COUNT; estimate != NULL && i-- > 0;) {
		const struct estimate_part *part = &estimate->parts[i];

		if (!(part->blocks > 0))
			continue;
		first = add_split(pack, first, MT_SIDE_COVARIANCE, i, part->covariance);
		first = add_split(pack, first, MT_SIDE_VARIANCE_BYTES, i, part->byte_variance);
		first = add_split(pack, first, MT_SIDE_VARIANCE_COUNT, i, part->block_variance);
		first = add_side(pack, first,
				 (struct mt_side){.kind = MT_SIDE_RECORDED,
						  .bucket = i,
						  .count = (int64_t)part->blocks,
						  .bytes = (int64_t)part->bytes});
	}
	return first;
}

static void add_site(struct pack *pack, const struct site *site)
{
	const struct counters *counters = &site->counters;
	uint32_t node = pack->node_ids[site->node];
	uint32_t index = next_index(pack, MT_SECTION_SITES, sizeof(struct mt_site));
	struct mt_site record = {
		.node = node,
		.counters = index,
		.epoch = site->first_epoch,
		.live_bytes = counters->live_bytes,
		.peak_bytes = counters->peak_live_bytes,
	};
	struct mt_counters entry = {
		.node = node,
		.site = index,
		.alloc_count = (uint64_t)counters->alloc_count,
		.alloc_bytes = (uint64_t)counters->alloc_bytes,
		.free_count = (uint64_t)counters->free_count,
		.freed_bytes = (uint64_t)counters->freed_bytes,
		.realloc_count = (uint64_t)counters->realloc_count,
		.temporary_count = (uint64_t)counters->temporary_count,
		.at_peak_bytes = counters->at_peak_live_bytes,
		.peak_number = pack->snapshot->process.peak_number,
		.peak_bytes = counters->peak_live_bytes,
		.published_bytes = counters->live_bytes,
		.flags = (uint8_t)((site->is_approximate ? MT_COUNTERS_APPROXIMATE : 0) |
				   (site->is_peak_bound ? MT_COUNTERS_PEAK_BOUND : 0)),
	};

	entry.side = add_sizes(pack, site, &entry.size_bucket);
	entry.side = add_inherited(pack, counters, entry.side);
	entry.side = add_estimate(pack, snapshot_estimate(pack->snapshot, site), entry.side);
	pack_add(pack, MT_SECTION_SITES, &record, sizeof(record));
	pack_add(pack, MT_SECTION_COUNTERS, &entry, sizeof(entry));
}

void pack_sites(struct pack *pack)
{
	size_t count = pack->snapshot->site_count + 1;

	pack_place(pack, MT_SECTION_SITES, count, sizeof(struct mt_site));
	pack_place(pack, MT_SECTION_COUNTERS, count, sizeof(struct mt_counters));
	pack_add(pack, MT_SECTION_SITES, NULL, sizeof(struct mt_site));
	pack_add(pack, MT_SECTION_COUNTERS, NULL, sizeof(struct mt_counters));
	pack_add(pack, MT_SECTION_SIDE, NULL, sizeof(struct mt_side));
	for (size_t i = 0; i < pack->snapshot->site_count; i++)
		add_site(pack, &pack->snapshot->sites[i]);
}
