/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.c - joins rows of several inputs by key and says what became of each.
 */
#include "model/diff.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/wrap.h"

/* How long before it is needed the place of a row is asked for. */
#define ROWS_AHEAD 16

static int join_row(struct row_set *set, const struct row *part, struct row **out)
{
	int status = row_set_get(set, part->key, out);

	return status ? status : row_set_add_series(set, *out);
}

static bool is_nothing(const struct row *row)
{
	static const struct counters nothing;

	return memcmp(&row->figures.counters, &nothing, sizeof(nothing)) == 0;
}

/* Of equal stacks that of the latest input in which something of the row was live. */
static int join_stacks(struct row_set *set, struct row *row, const struct row_set *part_set,
		       const struct row *part)
{
	const struct row_stack part_most = row_stack_shown(part);
	const struct row_stack part_least = row_set_least(part_set, part);
	const struct row_stack least = row_set_least(set, row);
	bool is_first = !row->snapshot, has_changes = set->has_changes;
	bool is_latest = is_first || part->figures.counters.live_blocks != 0;
	int64_t above = has_changes ? wrap_subtract(part_most.weight, row->weight) : 0;
	int64_t below = has_changes ? wrap_subtract(least.weight, part_least.weight) : 0;
	bool takes_most = is_first || above > 0 || (above == 0 && is_latest);
	bool takes_least = is_first || below > 0 || (below == 0 && is_latest);

	if (takes_most)
		row_show_stack(row, &part_most);
	/* what is shown stands for both until they differ */
	if (takes_most && takes_least && !row->least && !part->least)
		return 0;
	if (!takes_most && !takes_least)
		return 0;
	return row_set_put_least(set, row, takes_least ? &part_least : &least);
}

static int join_set(struct row_set *set, const struct row_set *part, size_t input)
{
	int status = row_set_reserve(set, set->count + part->count);
	size_t i;

	for (i = 0; i < part->count && !status; i++) {
		struct row *row;

		if (i + ROWS_AHEAD < part->count)
			row_set_expect(set, part->rows[i + ROWS_AHEAD].key);
		if (is_nothing(&part->rows[i]))
			continue;
		status = join_row(set, &part->rows[i], &row);
		if (status)
			break;
		row->series[input] = part->rows[i].figures;
		row->is_approximate |= part->rows[i].is_approximate;
		row->is_peak_bound |= part->rows[i].is_peak_bound;
		status = join_stacks(set, row, part, &part->rows[i]);
		if (!status)
			status = row_set_add_estimate(set, &row->estimates, input,
						      part->rows[i].estimates);
	}
	if (!status)
		status = row_set_add_estimate(set, &set->estimates, input, part->estimates);
	set->series[input] = part->total;
	set->is_filtered |= part->is_filtered;
	return status;
}

/* Blocks of no bytes count too: a site may hold many. */
static enum change change_of(const struct counters *first, const struct counters *last)
{
	bool was_live = first->live_blocks != 0 || first->live_bytes != 0;
	bool is_live = last->live_blocks != 0 || last->live_bytes != 0;

	if (was_live != is_live)
		return is_live ? CHANGE_NEW : CHANGE_GONE;
	if (first->live_bytes != last->live_bytes)
		return first->live_bytes < last->live_bytes ? CHANGE_GROWN : CHANGE_SHRUNK;
	if (first->live_blocks != last->live_blocks)
		return first->live_blocks < last->live_blocks ? CHANGE_GROWN : CHANGE_SHRUNK;
	return CHANGE_SAME;
}

/* Of a row that shrank the stack that shrank most, else the one that grew most. */
static void choose_stack(const struct row_set *set, struct row *row)
{
	const struct row_stack least = row_set_least(set, row);

	if (field_delta(set->sort, &row->series[0], &row->figures) < 0)
		row_show_stack(row, &least);
}

static void row_finish(struct row *row, size_t input_count)
{
	size_t i;

	row->figures = row->series[input_count - 1];
	row->change = change_of(&row->series[0].counters, &row->figures.counters);
	for (i = 1; i < input_count; i++) {
		int64_t before = row->series[i - 1].counters.live_bytes;
		int64_t after = row->series[i].counters.live_bytes;

		row->grown_count += after > before;
		row->shrunk_count += after < before;
	}
}

int diff_rows(const struct row_set *const *sets, size_t count, struct row_set **out)
{
	struct row_set *set = calloc(1, sizeof(*set));
	int status = -ENOMEM;
	size_t i;

	if (!set)
		return -ENOMEM;
	set->by = sets[0]->by;
	set->is_cumulative = sets[0]->is_cumulative;
	set->input_count = count;
	set->sort = sets[0]->sort;
	set->has_changes = sets[0]->has_changes;
	set->series = calloc(count, sizeof(*set->series));
	if (set->series)
		status = 0;
	for (i = 0; i < count && !status; i++)
		status = join_set(set, sets[i], i);
	if (status) {
		row_set_free(set);
		return status;
	}
	set->total = set->series[count - 1];
	for (i = 0; i < set->count; i++) {
		row_finish(&set->rows[i], count);
		choose_stack(set, &set->rows[i]);
	}
	*out = set;
	return 0;
}
