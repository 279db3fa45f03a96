/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row_order.c - order, choice and concentration of rows.
 *
 * Rows are large and there may be a million of them: they are ranked by one number each, and looked into
 * only where that is the same. Where few are shown, only these are put in order.
 */
#define _GNU_SOURCE 1 /* qsort_r() */
#include <errno.h>
#include <stdlib.h>

#include "model/row.h"

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

#define ORDER_FIELDS 4

/* The columns that order rows, the weightiest first. */
struct order {
	const struct row *rows;
	const struct field *fields[ORDER_FIELDS];
};

static int compare_rows(const struct order *order, const struct row *a, const struct row *b)
{
	size_t i;
	int result = 0;

	for (i = 0; i < ORDER_FIELDS && !result; i++)
		result = compare_by(a, b, order->fields[i]);
	if (!result && a->frame_index != b->frame_index)
		return a->frame_index < b->frame_index ? -1 : 1;
	return result ? result : digest_compare(a->key, b->key);
}

/* A row by its number; of two that weigh differently the heavier comes first. */
struct ranked {
	uint64_t weight;
	size_t number;
};

static struct ranked rank(const struct order *order, size_t number)
{
	const struct row *row = &order->rows[number];
	int64_t value = row_value(row, order->fields[0]);

	/* with the sign bit turned, unsigned numbers are in the order of signed ones */
	return (struct ranked){
		row->series ? magnitude(value) : (uint64_t)value ^ UINT64_C(1) << 63,
		number,
	};
}

static int compare_ranked(const void *left, const void *right, void *context)
{
	const struct ranked *a = left, *b = right;
	const struct order *order = context;

	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	return compare_rows(order, &order->rows[a->number], &order->rows[b->number]);
}

/* Lets the element at a place sink in a heap that has the last of its rows on top. */
static void heap_sink(struct ranked *heap, size_t count, size_t at, struct order *order)
{
	struct ranked sinking = heap[at];
	size_t child;

	for (; (child = 2 * at + 1) < count; at = child) {
		if (child + 1 < count && compare_ranked(&heap[child + 1], &heap[child], order) > 0)
			child++;
		if (compare_ranked(&heap[child], &sinking, order) <= 0)
			break;
		heap[at] = heap[child];
	}
	heap[at] = sinking;
}

/* Fills chosen with the first `count` of all rows. */
static void choose_first(struct ranked *chosen, size_t count, size_t row_count, struct order *order)
{
	size_t i;

	for (i = 0; i < count; i++)
		chosen[i] = rank(order, i);
	for (i = count / 2; i-- > 0;)
		heap_sink(chosen, count, i, order);
	for (i = count; i < row_count; i++) {
		struct ranked candidate = rank(order, i);

		if (compare_ranked(&candidate, &chosen[0], order) >= 0)
			continue;
		chosen[0] = candidate;
		heap_sink(chosen, count, 0, order);
	}
}

/* Puts the chosen rows to the front; those in their way go where these were. */
static int bring_forward(struct row_set *set, const struct ranked *chosen, size_t count)
{
	struct row *front = malloc(count * sizeof(*front));
	bool *stays = calloc(count, sizeof(*stays));
	size_t i, hole = 0;

	if (!front || !stays) {
		free(front);
		free(stays);
		return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		front[i] = set->rows[chosen[i].number];
		if (chosen[i].number < count)
			stays[chosen[i].number] = true;
	}
	for (i = 0; i < count; i++) {
		if (stays[i])
			continue;
		while (chosen[hole].number < count)
			hole++;
		set->rows[chosen[hole++].number] = set->rows[i];
	}
	for (i = 0; i < count; i++)
		set->rows[i] = front[i];
	free(front);
	free(stays);
	return 0;
}

/* The same where all rows were chosen, without memory for another set of them. */
static void permute(struct row_set *set, struct ranked *chosen)
{
	size_t i;

	for (i = 0; i < set->count; i++) {
		struct row first = set->rows[i];
		size_t at = i;

		while (chosen[at].number != i) {
			size_t from = chosen[at].number;

			set->rows[at] = set->rows[from];
			chosen[at].number = at;
			at = from;
		}
		set->rows[at] = first;
		chosen[at].number = at;
	}
}

int row_set_sort_first(struct row_set *set, const struct field *field, size_t count)
{
	struct order order = {
		set->rows,
		{field, field_by_name("live_bytes"), field_by_name("live_blocks"),
		 field_by_name("alloc_bytes")},
	};
	struct ranked *chosen;
	int status = 0;

	if (count > set->count / 4)
		count = set->count;
	if (count == 0)
		return 0;
	chosen = calloc(count, sizeof(*chosen));
	if (!chosen)
		return -ENOMEM;
	choose_first(chosen, count, set->count, &order);
	qsort_r(chosen, count, sizeof(*chosen), compare_ranked, &order);
	if (count == set->count)
		permute(set, chosen);
	else
		status = bring_forward(set, chosen, count);
	free(chosen);
	return status;
}

int row_set_sort(struct row_set *set, const struct field *field)
{
	return row_set_sort_first(set, field, set->count);
}

static bool is_small(const struct row_set *set, const struct row *row, uint64_t min_live_bytes)
{
	size_t i;

	for (i = 0; row->series && i < set->input_count; i++)
		if (row->series[i].counters.live_bytes >= (int64_t)min_live_bytes)
			return false;
	return row->figures.counters.live_bytes < (int64_t)min_live_bytes;
}

static void sum_estimates(struct row_set *set)
{
	size_t i, k;

	for (k = 0; k < set->input_count; k++) {
		const struct estimate before = set->estimates[k];

		set->estimates[k] = (struct estimate){
			.escaped_blocks = before.escaped_blocks,
			.escaped_bytes = before.escaped_bytes,
		};
		for (i = 0; i < set->count; i++)
			if (set->rows[i].estimates)
				estimate_add(&set->estimates[k], &set->rows[i].estimates[k]);
	}
}

/* Rows by whole stacks or first frames: each site is in one of them. Inclusive ones overlap. */
static void sum_rows(struct row_set *set)
{
	size_t i, k;

	if (set->is_cumulative)
		return;
	if (set->estimates)
		sum_estimates(set);
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
		if (is_small(set, &set->rows[i], min_live_bytes))
			set->is_filtered = true;
		else
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

/* Keeps the largest parts, the largest first; zeros behind them. */
static void keep_largest(uint64_t largest[CONCENTRATION_ROWS], uint64_t part)
{
	size_t i;

	if (part <= largest[CONCENTRATION_ROWS - 1])
		return;
	for (i = CONCENTRATION_ROWS - 1; i > 0 && largest[i - 1] < part; i--)
		largest[i] = largest[i - 1];
	largest[i] = part;
}

struct concentration row_set_concentration(const struct row_set *set, const struct field *field,
					   bool is_decrease)
{
	uint64_t largest[CONCENTRATION_ROWS] = {0};
	struct concentration result = {0};
	unsigned __int128 sum = 0, part = 0;
	size_t i;

	for (i = 0; i < set->count; i++) {
		uint64_t value = row_part(&set->rows[i], field, is_decrease);

		sum += value;
		keep_largest(largest, value);
	}
	for (i = 0; i < CONCENTRATION_ROWS && largest[i] > 0; i++) {
		if (part * 100 >= sum * CONCENTRATION_PERCENT)
			break;
		part += largest[i];
		result.row_count++;
	}
	if (sum > 0)
		result.percent = (unsigned int)(part * 100 / sum);
	return result;
}
