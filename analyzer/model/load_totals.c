/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_totals.c - the figures of the whole process, and whether what the file says twice agrees.
 */
#include <errno.h>
#include <inttypes.h>

#include "model/load.h"

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

/*
 * What the sites lack of what the shards counted, without what is explained: events whose counters had no
 * room are counted by shards alone, and each thread may have been stopped between the two.
 */
static int64_t unexplained(const struct snapshot *snapshot, int64_t difference, int64_t shard_count)
{
	int64_t without_room = clamp(snapshot->drops[MT_DROP_COUNTERS]);

	if (difference > 0)
		difference -= difference < without_room ? difference : without_room;
	return difference >= -shard_count && difference <= shard_count ? 0 : difference;
}

int load_shards(struct load *load)
{
	struct reader_table table;
	int result =
		reader_table(&load->reader, MT_SECTION_SHARDS, sizeof(struct mt_shard), &table);

	if (result < 0)
		return result;
	load->shards.count = table.count;
	for (size_t i = 0; i < table.count; i++) {
		struct mt_shard shard;

		reader_entry(&table, i, &shard, sizeof(shard));
		load->shards.used_count += shard.alloc_count != 0;
		load->shards.alloc_count += shard.alloc_count;
		load->shards.live_bytes += (uint64_t)shard.live_bytes;
		if (load->shards.peak_bytes < shard.peak_bytes)
			load->shards.peak_bytes = shard.peak_bytes;
	}
	reader_table_free(&load->reader, &table);
	return 0;
}

/*
 * What a live file's process record may not know yet: while one shard has all events (hold_bytes is 0), the
 * shards say what is live and what the peak was.
 */
int load_peak(struct load *load)
{
	struct mt_process *process = &load->snapshot->process;
	int64_t live = (int64_t)load->shards.live_bytes, peak = load->shards.peak_bytes;

	if (load->shards.count == 0)
		return 0;
	if (live > LOAD_MAGNITUDE_MAX || live < -LOAD_MAGNITUDE_MAX || peak > LOAD_MAGNITUDE_MAX)
		return reader_refuse(&load->reader,
				     "damaged: shards say %" PRId64 " live bytes, %" PRId64
				     " at the peak",
				     live, peak);
	if (process->peak_live_bytes < peak)
		process->peak_live_bytes = peak;
	if (process->hold_bytes != 0)
		return 0;
	process->live_bytes = live;
	load->is_at_peak = live >= process->peak_live_bytes;
	return 0;
}

/* Shards count every allocation a second time. While the process runs the two are read apart. */
static void compare_shards(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	int64_t counted = clamp(load->shards.alloc_count);

	if (load->shards.count > 0 && !load->is_running)
		snapshot->unaccounted_count =
			unexplained(snapshot, counted - snapshot->totals[MT_TOTAL_ALLOC_COUNT],
				    (int64_t)load->shards.used_count);
}

int load_totals(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	const struct mt_process *process = &snapshot->process;
	int64_t *totals = snapshot->totals;
	uint64_t dropped = 0;

	sum_rows(snapshot);
	for (uint32_t i = 0; i < MT_DROP_COUNT; i++)
		dropped += mt_drop_is_loss(i) ? snapshot->drops[i] : 0;
	totals[MT_TOTAL_DROPPED_COUNT] = clamp(dropped);
	totals[MT_TOTAL_FOREIGN_FREE_COUNT] = clamp(process->foreign_free_count);
	totals[MT_TOTAL_UNSEEN_FREE_COUNT] = clamp(process->unseen_free_count);
	totals[MT_TOTAL_PEAK_LIVE_BYTES] = process->peak_live_bytes;
	if (totals[MT_TOTAL_PEAK_LIVE_BYTES] < totals[MT_TOTAL_LIVE_BYTES])
		totals[MT_TOTAL_PEAK_LIVE_BYTES] = totals[MT_TOTAL_LIVE_BYTES];
	if (!load->reader.is_live)
		return check_totals(load);
	compare_shards(load);
	return 0;
}
