/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_tree.c - finds the parents of forked processes among inputs and takes copies out.
 */
#include "model/process_tree.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/size_text.h"

static bool has_parent(const struct snapshot *const *snapshots, size_t count,
		       const struct snapshot *child)
{
	size_t i;

	if (child->header.fork_generation == 0)
		return false;
	for (i = 0; i < count; i++)
		if (snapshots[i] != child && snapshots[i]->header.pid == child->header.parent_pid)
			return true;
	return false;
}

bool tree_is_replaced(const struct snapshot *const *snapshots, size_t count,
		      const struct snapshot *snapshot)
{
	size_t i;

	if (snapshot->state != SNAPSHOT_EXECED)
		return false;
	for (i = 0; i < count; i++)
		if (snapshots[i]->state != SNAPSHOT_EXECED)
			return true;
	return false;
}

static void add_part(struct tree_part *sum, int64_t blocks, int64_t bytes)
{
	sum->blocks += blocks;
	sum->bytes += bytes;
}

struct tree_parts tree_parts_of(const struct snapshot *const *snapshots, size_t count)
{
	struct tree_parts parts = {{0, 0}, {0, 0}};
	size_t i, k;

	for (i = 0; i < count; i++) {
		bool is_child = has_parent(snapshots, count, snapshots[i]);
		bool is_replaced = tree_is_replaced(snapshots, count, snapshots[i]);

		for (k = 0; k < snapshots[i]->site_count; k++) {
			const struct counters *from = &snapshots[i]->sites[k].counters;
			int64_t blocks = from->inherited_blocks - from->inherited_free_count;
			int64_t bytes = from->inherited_bytes - from->inherited_freed_bytes;

			if (!is_child)
				blocks = bytes = 0;
			add_part(&parts.inherited, blocks, bytes);
			if (is_replaced)
				add_part(&parts.replaced, from->live_blocks - blocks,
					 from->live_bytes - bytes);
		}
	}
	return parts;
}

/* live = inherited + allocated - freed holds before and after. */
static void drop_inherited(struct counters *counters)
{
	counters->live_blocks -= counters->inherited_blocks - counters->inherited_free_count;
	counters->live_bytes -= counters->inherited_bytes - counters->inherited_freed_bytes;
	counters->free_count -= counters->inherited_free_count;
	counters->freed_bytes -= counters->inherited_freed_bytes;
	counters->inherited_blocks = counters->inherited_bytes = 0;
	counters->inherited_free_count = counters->inherited_freed_bytes = 0;
}

/* Of samples: which of those that are live were inherited is not known, so their share goes. */
static void drop_inherited_estimate(struct estimate *estimate, double kept)
{
	struct estimate_part *live = &estimate->parts[ESTIMATE_LIVE];
	const struct estimate_part before = *live;

	*live = (struct estimate_part){0};
	estimate_part_add(live, &before, kept);
	estimate->parts[ESTIMATE_INHERITED] = (struct estimate_part){0};
}

static void drop_inherited_site(struct snapshot *snapshot, size_t site)
{
	struct counters *counters = &snapshot->sites[site].counters;
	double before = (double)counters->live_blocks;

	drop_inherited(counters);
	if (snapshot->estimates && before > 0)
		drop_inherited_estimate(&snapshot->estimates[site],
					(double)counters->live_blocks / before);
}

/* The totals that are sums of sites. */
static void recount(struct snapshot *snapshot)
{
	int64_t *totals = snapshot->totals;
	size_t i;

	totals[MT_TOTAL_LIVE_BLOCKS] = totals[MT_TOTAL_LIVE_BYTES] = 0;
	totals[MT_TOTAL_FREE_COUNT] = totals[MT_TOTAL_FREED_BYTES] = 0;
	snapshot->estimate = estimate_unseen(snapshot->header.sample_bytes);
	for (i = 0; i < snapshot->site_count; i++) {
		const struct counters *counters = &snapshot->sites[i].counters;

		totals[MT_TOTAL_LIVE_BLOCKS] += counters->live_blocks;
		totals[MT_TOTAL_LIVE_BYTES] += counters->live_bytes;
		totals[MT_TOTAL_FREE_COUNT] += counters->free_count;
		totals[MT_TOTAL_FREED_BYTES] += counters->freed_bytes;
		if (snapshot->estimates)
			estimate_add(&snapshot->estimate, &snapshot->estimates[i]);
	}
}

void tree_drop_inherited(struct snapshot *const *snapshots, size_t count)
{
	size_t i, k;

	for (i = 0; i < count; i++) {
		if (!has_parent((const struct snapshot *const *)snapshots, count, snapshots[i]))
			continue;
		for (k = 0; k < snapshots[i]->site_count; k++)
			drop_inherited_site(snapshots[i], k);
		recount(snapshots[i]);
	}
}

static void note_part(const struct tree_part *part, const char *what, bool is_left_out,
		      struct findings *findings)
{
	struct finding *finding;

	if (part->blocks == 0 || findings->count == FINDING_MAX)
		return;
	finding = &findings->list[findings->count++];
	finding->kind = FINDING_NOTE;
	(void)snprintf(finding->text, sizeof(finding->text), "%s: %s in %" PRId64 " %s %s",
		       is_left_out ? "left out" : "counted in", size_text(part->bytes).text,
		       part->blocks, part->blocks == 1 ? "block" : "blocks", what);
}

void tree_note(const struct tree_parts *parts, bool is_left_out, struct findings *findings)
{
	note_part(&parts->inherited, "that children inherited at fork, copies of their parents'",
		  is_left_out, findings);
	note_part(&parts->replaced, "of programs that exec replaced, which are gone", is_left_out,
		  findings);
}
