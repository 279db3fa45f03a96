/* SPDX-License-Identifier: Apache-2.0 */
/*
 * integrity.c - totals of the inputs, and whether sites and totals tell the same.
 */
#include "render/integrity.h"

#include <string.h>

#include "base/wrap.h"

static const char *const total_names[MT_TOTAL_COUNT] = {
	[MT_TOTAL_ALLOC_COUNT] = "alloc_count",
	[MT_TOTAL_FREE_COUNT] = "free_count",
	[MT_TOTAL_ALLOC_BYTES] = "alloc_bytes",
	[MT_TOTAL_FREED_BYTES] = "freed_bytes",
	[MT_TOTAL_LIVE_BLOCKS] = "live_blocks",
	[MT_TOTAL_LIVE_BYTES] = "live_bytes",
	[MT_TOTAL_PEAK_LIVE_BYTES] = "peak_live_bytes",
	[MT_TOTAL_REALLOC_COUNT] = "realloc_count",
	[MT_TOTAL_TEMPORARY_COUNT] = "temporary_count",
	[MT_TOTAL_FOREIGN_FREE_COUNT] = "foreign_free_count",
	[MT_TOTAL_UNSEEN_FREE_COUNT] = "unseen_free_count",
	[MT_TOTAL_DROPPED_COUNT] = "dropped_count",
};

const char *total_name(enum mt_total total)
{
	return total_names[total];
}

static void add_totals(int64_t totals[MT_TOTAL_COUNT], const struct snapshot *snapshot)
{
	size_t i;

	for (i = 0; i < MT_TOTAL_COUNT; i++)
		totals[i] = wrap_add(totals[i], snapshot->totals[i]);
}

void totals_of(const struct view *view, size_t input, int64_t totals[MT_TOTAL_COUNT])
{
	size_t i;

	memset(totals, 0, MT_TOTAL_COUNT * sizeof(totals[0]));
	if (view->kind == VIEW_DIFF) {
		add_totals(totals, view->snapshots[input]);
		return;
	}
	for (i = 0; i < view->snapshot_count; i++)
		add_totals(totals, view->snapshots[i]);
}

/* What sites and totals do not agree on, in bytes. */
static int64_t unbalanced_bytes(const struct snapshot *snapshot)
{
	uint64_t held = 0, live = 0, difference;
	size_t i;

	for (i = 0; i < snapshot->site_count; i++) {
		const struct counters *counters = &snapshot->sites[i].counters;

		held += (uint64_t)counters->inherited_bytes + (uint64_t)counters->alloc_bytes -
			(uint64_t)counters->freed_bytes;
		live += (uint64_t)counters->live_bytes;
	}
	difference = held - live;
	return difference ? (int64_t)difference
			  : (int64_t)(held - (uint64_t)snapshot->totals[MT_TOTAL_LIVE_BYTES]);
}

static void add_snapshot(struct integrity *integrity, const struct snapshot *snapshot)
{
	const struct {
		int64_t *to;
		int64_t value;
	} sums[] = {
		{&integrity->event_count, snapshot->totals[MT_TOTAL_ALLOC_COUNT]},
		{&integrity->event_count, snapshot->totals[MT_TOTAL_FREE_COUNT]},
		{&integrity->dropped_count, snapshot->totals[MT_TOTAL_DROPPED_COUNT]},
		{&integrity->unseen_free_count, snapshot->totals[MT_TOTAL_UNSEEN_FREE_COUNT]},
		{&integrity->foreign_free_count, snapshot->totals[MT_TOTAL_FOREIGN_FREE_COUNT]},
		{&integrity->truncated_stack_count,
		 (int64_t)snapshot->drops[MT_DROP_TRUNCATED_STACKS]},
		{&integrity->broken_stack_count, (int64_t)snapshot->drops[MT_DROP_BROKEN_STACKS]},
		{&integrity->unbalanced_bytes, unbalanced_bytes(snapshot)},
	};
	size_t i;

	for (i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		*sums[i].to = wrap_add(*sums[i].to, sums[i].value);
	for (i = 0; i < snapshot->site_count; i++)
		integrity->approximate_site_count += snapshot->sites[i].is_approximate;
}

void integrity_of(const struct view *view, struct integrity *integrity)
{
	size_t i = view->kind == VIEW_DIFF ? view->snapshot_count - 1 : 0;

	*integrity = (struct integrity){.census = stack_reader_census(view->reader)};
	for (; i < view->snapshot_count; i++)
		add_snapshot(integrity, view->snapshots[i]);
}
