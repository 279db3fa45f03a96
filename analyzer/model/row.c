/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.c - order, choice and concentration of rows.
 */
#define _GNU_SOURCE 1 /* qsort_r() */
#include "model/row.h"

#include <errno.h>
#include <stdlib.h>

void row_set_free(struct row_set *set)
{
	size_t i;

	if (!set)
		return;
	for (i = 0; i < set->count; i++)
		free(set->rows[i].series);
	free(set->rows);
	free(set->series);
	digest_map_fini(&set->index);
	free(set);
}

int row_set_get(struct row_set *set, struct digest key, struct row **out)
{
	size_t at = digest_map_find(&set->index, key);

	if (at != DIGEST_MAP_NONE) {
		*out = &set->rows[at];
		return 0;
	}
	if (set->count == set->capacity) {
		size_t capacity = set->capacity ? set->capacity * 2 : 256;
		struct row *rows = realloc(set->rows, capacity * sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		set->rows = rows;
		set->capacity = capacity;
	}
	set->rows[set->count] = (struct row){.key = key};
	*out = &set->rows[set->count];
	return digest_map_put(&set->index, key, set->count++);
}

void row_show_stack(struct row *row, const struct row_stack *stack)
{
	row->snapshot = stack->snapshot;
	row->node = stack->node;
	row->frame = stack->frame;
	row->frame_index = stack->frame_index;
}

const char *change_name(enum change change)
{
	static const char *const names[] = {
		[CHANGE_SAME] = "same",	    [CHANGE_NEW] = "new",   [CHANGE_GROWN] = "grown",
		[CHANGE_SHRUNK] = "shrunk", [CHANGE_GONE] = "gone",
	};

	return names[change];
}

/* The change in a diff, the value in a report. */
static int64_t row_value(const struct row *row, const struct field *field)
{
	if (row->series)
		return field_delta(field, &row->series[0], &row->figures);
	return field_value(field, &row->figures);
}

/* Unsigned, because -2^63 has no positive counterpart. */
static uint64_t magnitude(int64_t value)
{
	return value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
}

static int compare_values(int64_t a, int64_t b)
{
	return a == b ? 0 : a > b ? -1 : 1;
}

static int compare_by(const struct row *a, const struct row *b, const struct field *field)
{
	int64_t left = row_value(a, field), right = row_value(b, field);

	if (a->series && magnitude(left) != magnitude(right))
		return magnitude(left) > magnitude(right) ? -1 : 1;
	if (left != right)
		return compare_values(left, right);
	return compare_values(field_value(field, &a->figures), field_value(field, &b->figures));
}

static int compare_rows(const void *left, const void *right, void *context)
{
	const struct row *a = left, *b = right;
	int order = compare_by(a, b, context);

	if (!order)
		order = compare_by(a, b, field_by_name("live_bytes"));
	if (!order)
		order = compare_by(a, b, field_by_name("live_blocks"));
	if (!order)
		order = compare_by(a, b, field_by_name("alloc_bytes"));
	if (!order && a->frame_index != b->frame_index)
		return a->frame_index < b->frame_index ? -1 : 1;
	return order ? order : digest_compare(a->key, b->key);
}

void row_set_sort(struct row_set *set, const struct field *field)
{
	if (set->count > 1)
		qsort_r(set->rows, set->count, sizeof(*set->rows), compare_rows, (void *)field);
}

static bool is_small(const struct row_set *set, const struct row *row, uint64_t min_live_bytes)
{
	size_t i;

	for (i = 0; row->series && i < set->input_count; i++)
		if (row->series[i].counters.live_bytes >= (int64_t)min_live_bytes)
			return false;
	return row->figures.counters.live_bytes < (int64_t)min_live_bytes;
}

/* Rows by whole stacks or first frames: each site is in one of them. Inclusive ones overlap. */
static void sum_rows(struct row_set *set)
{
	size_t i, k;

	if (set->is_cumulative)
		return;
	set->total = (struct figures){0};
	for (k = 0; set->series && k < set->input_count; k++)
		set->series[k] = (struct figures){0};
	for (i = 0; i < set->count; i++) {
		figures_add(&set->total, &set->rows[i].figures);
		for (k = 0; set->series && k < set->input_count; k++)
			figures_add(&set->series[k], &set->rows[i].series[k]);
	}
}

void row_set_drop_small(struct row_set *set, uint64_t min_live_bytes)
{
	size_t i, kept = 0;

	if (min_live_bytes == 0)
		return;
	if (min_live_bytes > INT64_MAX)
		min_live_bytes = INT64_MAX;
	for (i = 0; i < set->count; i++) {
		if (is_small(set, &set->rows[i], min_live_bytes)) {
			free(set->rows[i].series);
			set->is_filtered = true;
			continue;
		}
		set->rows[kept++] = set->rows[i];
	}
	if (kept < set->count) {
		set->count = kept;
		sum_rows(set);
	}
}

#define CONCENTRATION_PERCENT 80
#define CONCENTRATION_ROWS 10

/* What a row adds to growth, or to decrease. */
static uint64_t row_part(const struct row *row, const struct field *field, bool is_decrease)
{
	int64_t value = row_value(row, field);

	return (value < 0) == is_decrease ? magnitude(value) : 0;
}

struct concentration row_set_concentration(const struct row_set *set, const struct field *field,
					   bool is_decrease)
{
	struct concentration result = {0};
	unsigned __int128 sum = 0, part = 0;
	size_t i;

	for (i = 0; i < set->count; i++)
		sum += row_part(&set->rows[i], field, is_decrease);
	for (i = 0; i < set->count && result.row_count < CONCENTRATION_ROWS; i++) {
		uint64_t value = row_part(&set->rows[i], field, is_decrease);

		if (value == 0 || part * 100 >= sum * CONCENTRATION_PERCENT)
			continue;
		part += value;
		result.row_count++;
	}
	if (sum > 0)
		result.percent = (unsigned int)(part * 100 / sum);
	return result;
}
