/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_totals.c - the figures of the whole process, and whether what the file says twice agrees.
 */
#include <errno.h>
#include <inttypes.h>

#include "model/load.h"

/* Losses that make a figure of the report wrong; the other drop counters stand for coarser information. */
static const enum mt_drop lossy[] = {
	MT_DROP_EVENTS, MT_DROP_BLOCKS, MT_DROP_SITES, MT_DROP_COUNTERS, MT_DROP_EARLY,
};

static int64_t clamp(uint64_t value)
{
	return value > INT64_MAX / 16 ? INT64_MAX / 16 : (int64_t)value;
}

static void sum_rows(struct snapshot *snapshot)
{
	int64_t *totals = snapshot->totals;

	for (size_t i = 0; i < snapshot->site_count; i++) {
		const struct counters *counters = &snapshot->sites[i].counters;

		totals[MT_TOTAL_ALLOC_COUNT] += counters->alloc_count;
		totals[MT_TOTAL_FREE_COUNT] += counters->free_count;
		totals[MT_TOTAL_ALLOC_BYTES] += counters->alloc_bytes;
		totals[MT_TOTAL_FREED_BYTES] += counters->freed_bytes;
		totals[MT_TOTAL_LIVE_BLOCKS] += counters->live_blocks;
		totals[MT_TOTAL_LIVE_BYTES] += counters->live_bytes;
		totals[MT_TOTAL_REALLOC_COUNT] += counters->realloc_count;
		totals[MT_TOTAL_TEMPORARY_COUNT] += counters->temporary_count;
	}
}

static int check_totals(struct load *load)
{
	static const enum mt_total of_rows[] = {
		MT_TOTAL_ALLOC_COUNT,	MT_TOTAL_FREE_COUNT,	  MT_TOTAL_ALLOC_BYTES,
		MT_TOTAL_FREED_BYTES,	MT_TOTAL_LIVE_BLOCKS,	  MT_TOTAL_LIVE_BYTES,
		MT_TOTAL_REALLOC_COUNT, MT_TOTAL_TEMPORARY_COUNT,
	};
	const struct snapshot *snapshot = load->snapshot;

	for (size_t i = 0; i < sizeof(of_rows) / sizeof(of_rows[0]); i++) {
		enum mt_total total = of_rows[i];

		if (snapshot->process.totals[total] != snapshot->totals[total])
			return reader_refuse(&load->reader,
					     "damaged: total %d is %" PRId64
					     ", its rows sum to %" PRId64,
					     (int)total, snapshot->process.totals[total],
					     snapshot->totals[total]);
	}
	return 0;
}

/* Shards count every allocation a second time. While the process runs the two are read apart. */
static int compare_shards(struct load *load)
{
	struct reader_table table;
	uint64_t alloc_count = 0;
	int result =
		reader_table(&load->reader, MT_SECTION_SHARDS, sizeof(struct mt_shard), &table);

	if (result < 0)
		return result;
	for (size_t i = 0; i < table.count; i++) {
		struct mt_shard shard;

		reader_entry(&table, i, &shard, sizeof(shard));
		alloc_count += shard.alloc_count;
	}
	if (table.count > 0 && !load->is_running)
		load->snapshot->unaccounted_count =
			clamp(alloc_count) - load->snapshot->totals[MT_TOTAL_ALLOC_COUNT];
	reader_table_free(&load->reader, &table);
	return 0;
}

int load_totals(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	const struct mt_process *process = &snapshot->process;
	int64_t *totals = snapshot->totals;
	uint64_t dropped = 0;

	sum_rows(snapshot);
	for (size_t i = 0; i < sizeof(lossy) / sizeof(lossy[0]); i++)
		dropped += snapshot->drops[lossy[i]];
	totals[MT_TOTAL_DROPPED_COUNT] = clamp(dropped);
	totals[MT_TOTAL_FOREIGN_FREE_COUNT] = clamp(process->foreign_free_count);
	totals[MT_TOTAL_UNSEEN_FREE_COUNT] = clamp(process->unseen_free_count);
	totals[MT_TOTAL_PEAK_LIVE_BYTES] = process->peak_live_bytes;
	if (totals[MT_TOTAL_PEAK_LIVE_BYTES] < totals[MT_TOTAL_LIVE_BYTES])
		totals[MT_TOTAL_PEAK_LIVE_BYTES] = totals[MT_TOTAL_LIVE_BYTES];
	return load->reader.is_live ? compare_shards(load) : check_totals(load);
}
