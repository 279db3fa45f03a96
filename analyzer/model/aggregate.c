/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.c - adds every site to the rows it belongs to.
 *
 * By site and by thread nothing is symbolized unless a filter asks for names: keys come from
 * addresses.
 */
#include "model/aggregate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

/* How long before it is needed the place of a row is asked for. */
#define SITES_AHEAD 16

struct build {
	const struct aggregation *aggregation;
	struct row_set *set;
	struct stack stack;
	bool is_filtering;
	uint32_t
		*frame_rows; /* by serial number of a frame: number of its row + 1; 0 = not known */
	size_t frame_capacity;
	uint32_t site_serial; /* counts sites over all snapshots, from 1 */
};

/* The site that is being added. */
struct visit {
	const struct snapshot *snapshot;
	const struct site *site;
	struct digest key; /* by site */
	int64_t weight;	   /* in the column that stacks are compared by */
};

static bool is_by_frame(enum group_by by)
{
	return by != GROUP_SITE && by != GROUP_THREAD;
}

static bool needs_frames(const struct aggregation *how)
{
	return is_by_frame(how->by) || !filter_is_empty(how->filter);
}

/* Of equal weight: the one that holds more, then the one that took more. */
static bool is_larger_stack(const struct row_stack *a, const struct row_stack *b)
{
	if (a->live_bytes != b->live_bytes)
		return a->live_bytes > b->live_bytes;
	return a->alloc_bytes > b->alloc_bytes;
}

/* Whether a stack comes before another: a greater one, or of equal weight the larger one. */
static bool is_before(const struct row_stack *stack, const struct row_stack *other, bool is_greater)
{
	return is_greater || (stack->weight == other->weight && is_larger_stack(stack, other));
}

static int row_offer_stack(struct row_set *set, struct row *row, const struct row_stack *stack)
{
	const struct row_stack most = row_stack_shown(row), least = row_set_least(set, row);
	bool is_most = is_before(stack, &most, stack->weight > most.weight);
	bool is_least = is_before(stack, &least, stack->weight < least.weight);

	if (row->last_site == 0 || is_most)
		row_show_stack(row, stack);
	if (row->last_site == 0)
		return 0;
	/* the one shown until now may have been both */
	if (is_least || is_most)
		return row_set_put_least(set, row, is_least ? stack : &least);
	return 0;
}

static int64_t site_weight(const struct build *build, const struct visit *visit)
{
	const struct row_set *changes = build->aggregation->changes;
	const struct figures figures = {visit->site->counters, 1};
	const struct row *row;

	if (!changes)
		return field_value(build->set->sort, &figures);
	row = row_set_find(changes, visit->key);
	return row ? field_delta(build->set->sort, &row->series[0], &row->figures) : 0;
}

static int build_remember(struct build *build, uint32_t serial, size_t row)
{
	if (serial >= build->frame_capacity) {
		size_t capacity = 2 * (size_t)serial + 1024, bytes = sizeof(*build->frame_rows);
		uint32_t *rows = pages_grow(build->frame_rows, build->frame_capacity * bytes,
					    capacity * bytes);

		if (!rows)
			return -ENOMEM;
		build->frame_rows = rows;
		build->frame_capacity = capacity;
	}
	build->frame_rows[serial] = (uint32_t)row + 1;
	return 0;
}

/* The row of a frame. Few frames are in many stacks: what names one is looked up once. */
static int row_of_frame(struct build *build, const struct frame *frame, struct row **out)
{
	const struct aggregation *how = build->aggregation;
	uint32_t serial = frame->serial, known = 0;
	int status;

	if (serial < build->frame_capacity)
		known = build->frame_rows[serial];
	if (known) {
		*out = &build->set->rows[known - 1];
		return 0;
	}
	status = row_set_get(build->set, group_frame_key(how->rules, how->by, frame), out);
	if (!status && serial)
		status = build_remember(build, serial, (size_t)(*out - build->set->rows));
	return status;
}

static int build_add(struct build *build, const struct visit *visit, struct row *row,
		     const struct frame *frame, size_t frame_index)
{
	const struct site *site = visit->site;
	const struct figures figures = {site->counters, 1};
	const struct row_stack stack = {
		.snapshot = visit->snapshot,
		.node = site->node,
		.frame = frame,
		.frame_index = (uint32_t)frame_index,
		.weight = visit->weight,
		.live_bytes = site->counters.live_bytes,
		.alloc_bytes = site->counters.alloc_bytes,
	};
	int status;

	if (row->last_site == build->site_serial)
		return 0;
	status = row_offer_stack(build->set, row, &stack);
	row->is_peak_bound |= row->last_site != 0 || site->is_peak_bound;
	row->is_approximate |= site->is_approximate;
	row->last_site = build->site_serial;
	figures_add(&row->figures, &figures);
	if (!status)
		status = row_set_add_estimate(build->set, &row->estimates, 0,
					      snapshot_estimate(visit->snapshot, site));
	return status;
}

static bool visit_passes(const struct build *build)
{
	const struct aggregation *how = build->aggregation;
	const struct stack *stack = &build->stack;

	if (how->is_cumulative)
		return filter_passes_stack(how->filter, stack);
	return filter_passes(how->filter, stack->frames[0], stack->thread);
}

static int add_by_frame(struct build *build, const struct visit *visit, bool *is_added)
{
	const struct aggregation *how = build->aggregation;
	const struct stack *stack = &build->stack;
	size_t i, count = how->is_cumulative ? stack->count : 1;
	int status = 0;

	for (i = 0; i < count && !status; i++) {
		const struct frame *frame = stack->frames[i];
		struct row *row;

		if (build->is_filtering && !filter_passes(how->filter, frame, stack->thread))
			continue;
		*is_added = true;
		status = row_of_frame(build, frame, &row);
		if (!status)
			status = build_add(build, visit, row, frame, i);
	}
	return status;
}

static int add_whole(struct build *build, const struct visit *visit, bool *is_added)
{
	const struct aggregation *how = build->aggregation;
	struct digest key = visit->key;
	struct row *row;
	int status;

	if (build->is_filtering && !visit_passes(build))
		return 0;
	*is_added = true;
	if (how->by == GROUP_THREAD)
		key = digest_text((struct digest){GROUP_THREAD, 0},
				  stack_thread(visit->snapshot, visit->site->node));
	status = row_set_get(build->set, key, &row);
	return status ? status : build_add(build, visit, row, NULL, 0);
}

static int build_site(struct build *build, const struct visit *visit)
{
	const struct aggregation *how = build->aggregation;
	const struct figures figures = {visit->site->counters, 1};
	bool is_added = false, is_chosen = true;
	int status = 0;

	if (how->choose)
		status = how->choose(how->context, visit->snapshot, visit->site, &is_chosen);
	if (status || !is_chosen)
		return status;
	build->site_serial++;
	if (needs_frames(how))
		status = stack_read(how->reader, visit->snapshot, visit->site->node, &build->stack);
	if (status)
		return status;
	status = is_by_frame(how->by) ? add_by_frame(build, visit, &is_added)
				      : add_whole(build, visit, &is_added);
	if (!is_added) {
		build->set->is_filtered = true;
		return status;
	}
	figures_add(&build->set->total, &figures);
	if (!status)
		status = row_set_add_estimate(build->set, &build->set->estimates, 0,
					      snapshot_estimate(visit->snapshot, visit->site));
	return status;
}

static int build_snapshot(struct build *build, const struct snapshot *snapshot)
{
	const struct aggregation *how = build->aggregation;
	struct estimate unseen = estimate_unseen(snapshot->header.sample_bytes);
	struct visit visit = {.snapshot = snapshot};
	struct digest *keys = NULL;
	int status = 0;
	size_t i;

	if (snapshot->header.sample_bytes > 0)
		status = row_set_add_estimate(build->set, &build->set->estimates, 0, &unseen);
	if (needs_frames(how))
		stack_reader_expect(how->reader, snapshot);
	if (!status && (how->by == GROUP_SITE || how->changes))
		status = group_site_keys(how->rules, how->reader, snapshot, &keys);
	if (!status && how->by == GROUP_SITE)
		status = row_set_reserve(build->set, build->set->count + snapshot->site_count);
	for (i = 0; i < snapshot->site_count && !status; i++) {
		if (how->by == GROUP_SITE && i + SITES_AHEAD < snapshot->site_count)
			row_set_expect(build->set, keys[i + SITES_AHEAD]);
		visit.site = &snapshot->sites[i];
		if (keys)
			visit.key = keys[i];
		visit.weight = site_weight(build, &visit);
		status = build_site(build, &visit);
	}
	group_site_keys_free(keys, snapshot);
	return status;
}

int aggregate(const struct aggregation *aggregation, const struct snapshot *const *snapshots,
	      size_t count, struct row_set **out)
{
	struct build build = {
		.aggregation = aggregation,
		.is_filtering = !filter_is_empty(aggregation->filter),
	};
	int status = 0;
	size_t i;

	build.set = calloc(1, sizeof(*build.set));
	if (!build.set)
		return -ENOMEM;
	build.set->by = aggregation->by;
	build.set->is_cumulative = aggregation->is_cumulative;
	build.set->sort = aggregation->sort;
	if (!build.set->sort)
		build.set->sort = field_by_name("live_bytes");
	build.set->has_changes = aggregation->changes != NULL;
	build.set->input_count = 1;
	for (i = 0; i < count && !status; i++)
		status = build_snapshot(&build, snapshots[i]);
	stack_fini(&build.stack);
	pages_free(build.frame_rows, build.frame_capacity * sizeof(*build.frame_rows));
	if (status) {
		row_set_free(build.set);
		return status;
	}
	*out = build.set;
	return 0;
}
