/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling.c - finds the figures of rows and totals, and what stands behind them.
 */
#include "render/sampling.h"

#include <stdio.h>
#include <string.h>

#include "render/integrity.h"
#include "render/number_text.h"

/* Figures and what is known of them, where a total has to be put together. */
struct sum {
	struct figures figures;
	struct estimate estimate;
};

uint64_t sampling_bytes(const struct view *view)
{
	uint64_t bytes = 0;
	size_t i;

	for (i = 0; i < view->snapshot_count; i++)
		if (view->snapshots[i]->header.sample_bytes > bytes)
			bytes = view->snapshots[i]->header.sample_bytes;
	return bytes;
}

bool sampling_has(const struct view *view, const struct field *field)
{
	return interval_has(field) && sampling_bytes(view) > 0;
}

/* Only in one process what was there before and is still there cancels out. */
static bool is_one_process(const struct view *view, size_t first, size_t last)
{
	return diff_is_one_process(view->snapshots[first], view->snapshots[last]);
}

static struct estimated of_input(const struct view *view, const struct row *row, size_t input)
{
	const struct figures *figures = row ? row->series : view->rows->series;
	const struct estimate *estimates = row ? row->estimates : view->rows->estimates;

	if (!figures)
		figures = row ? &row->figures : &view->rows->total;
	return (struct estimated){&figures[input], estimates ? &estimates[input] : NULL};
}

struct interval sampling_of_row(const struct view *view, const struct row *row,
				const struct field *field)
{
	const struct estimated last = of_input(view, row, view->rows->input_count - 1);

	return interval_of(field, &last);
}

static struct interval of_change(const struct view *view, const struct row *row,
				 const struct field *field, size_t first, size_t last)
{
	const struct estimated before = of_input(view, row, first);
	const struct estimated after = of_input(view, row, last);

	return interval_of_change(field, &before, &after, is_one_process(view, first, last));
}

struct interval sampling_of_row_change(const struct view *view, const struct row *row,
				       const struct field *field)
{
	return of_change(view, row, field, 0, view->rows->input_count - 1);
}

struct interval sampling_of_step(const struct view *view, const struct row *row,
				 const struct field *field, size_t input)
{
	return of_change(view, row, field, input - 1, input);
}

const struct field *sampling_total_field(enum mt_total total)
{
	const struct field *field = field_by_name(total_name(total));

	return field && interval_has(field) ? field : NULL;
}

static struct figures figures_of(const int64_t totals[MT_TOTAL_COUNT])
{
	return (struct figures){
		.counters =
			{
				.alloc_count = totals[MT_TOTAL_ALLOC_COUNT],
				.free_count = totals[MT_TOTAL_FREE_COUNT],
				.alloc_bytes = totals[MT_TOTAL_ALLOC_BYTES],
				.freed_bytes = totals[MT_TOTAL_FREED_BYTES],
				.live_blocks = totals[MT_TOTAL_LIVE_BLOCKS],
				.live_bytes = totals[MT_TOTAL_LIVE_BYTES],
				.peak_live_bytes = totals[MT_TOTAL_PEAK_LIVE_BYTES],
				.realloc_count = totals[MT_TOTAL_REALLOC_COUNT],
				.temporary_count = totals[MT_TOTAL_TEMPORARY_COUNT],
			},
	};
}

struct interval sampling_of_snapshot(const struct snapshot *snapshot, const struct field *field)
{
	const struct figures figures = figures_of(snapshot->totals);
	const struct estimated estimated = {&figures, &snapshot->estimate};

	return interval_of(field, &estimated);
}

static struct sum sum_of(const struct view *view, size_t input)
{
	int64_t totals[MT_TOTAL_COUNT];
	struct sum sum = {0};
	size_t i;

	totals_of(view, input, totals);
	sum.figures = figures_of(totals);
	for (i = 0; i < view->snapshot_count; i++)
		if (view->kind != VIEW_DIFF || i == input)
			estimate_add(&sum.estimate, &view->snapshots[i]->estimate);
	return sum;
}

struct interval sampling_of_total(const struct view *view, const struct field *field)
{
	const struct sum sum = sum_of(view, view->snapshot_count - 1);
	const struct estimated last = {&sum.figures, &sum.estimate};

	return interval_of(field, &last);
}

struct interval sampling_of_total_change(const struct view *view, const struct field *field)
{
	const struct sum before = sum_of(view, 0), after = sum_of(view, view->snapshot_count - 1);
	const struct estimated first = {&before.figures, &before.estimate};
	const struct estimated last = {&after.figures, &after.estimate};

	return interval_of_change(field, &first, &last,
				  is_one_process(view, 0, view->snapshot_count - 1));
}

/* number: how a limit is written, number_text_field() or number_text_change(). */
static struct sampling_text limits_text(const struct field *field, struct interval interval,
					struct number_text (*number)(const struct field *, int64_t))
{
	struct sampling_text out;

	(void)snprintf(out.text, sizeof(out.text), " [%s, %s]", number(field, interval.low).text,
		       number(field, interval.high).text);
	return out;
}

struct sampling_text sampling_text(const struct view *view, const struct row *row,
				   const struct field *field)
{
	if (!sampling_has(view, field))
		return (struct sampling_text){""};
	return limits_text(field, sampling_of_row(view, row, field), number_text_field);
}

struct sampling_text sampling_text_change(const struct view *view, const struct row *row,
					  const struct field *field)
{
	if (!sampling_has(view, field))
		return (struct sampling_text){""};
	return limits_text(field, sampling_of_row_change(view, row, field), number_text_change);
}

/* One column of the sum over all rows, as it stands in a row. */
static size_t put_sum(const struct view *view, const struct field *field, char *text, size_t bytes)
{
	const struct figures *first = view->rows->series, *last = &view->rows->total;
	int written;

	if (view->kind == VIEW_DIFF)
		written = snprintf(text, bytes, " %s %s%s", field->label,
				   number_text_change(field, field_delta(field, first, last)).text,
				   sampling_text_change(view, NULL, field).text);
	else
		written = snprintf(text, bytes, " %s %s%s", field->label,
				   number_text_field(field, field_value(field, last)).text,
				   sampling_text(view, NULL, field).text);
	return written > 0 && (size_t)written < bytes ? (size_t)written : 0;
}

void sampling_answer(const struct view *view, char *text, size_t bytes)
{
	const struct field *size = field_by_name("live_bytes");
	uint64_t sample_bytes = sampling_bytes(view);
	size_t used;

	*text = '\0';
	if (sample_bytes == 0)
		return;
	(void)snprintf(text, bytes, "%s, with limits of 95%%:", sampled_text(sample_bytes).text);
	used = strlen(text);
	used += put_sum(view, size, text + used, bytes - used);
	if (view->sort != size && sampling_has(view, view->sort) && used + 2 < bytes) {
		text[used++] = ',';
		(void)put_sum(view, view->sort, text + used, bytes - used);
	}
}
