/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling.h - the limits of a view's figures, where its inputs hold estimates from samples.
 */
#ifndef RENDER_SAMPLING_H
#define RENDER_SAMPLING_H

#include "model/interval.h"
#include "render/render.h"

/**
 * sampling_bytes() - mean distance of samples, the largest of all inputs; 0 = every event was recorded.
 */
uint64_t sampling_bytes(const struct view *view);

/**
 * sampling_has() - whether a column is shown with limits.
 */
bool sampling_has(const struct view *view, const struct field *field);

/**
 * sampling_of_row() - limits of a figure of the last input.
 * @row: NULL: of the sum over all rows.
 */
struct interval sampling_of_row(const struct view *view, const struct row *row,
				const struct field *field);

/**
 * sampling_of_row_change() - in a diff: of its change since the first input.
 */
struct interval sampling_of_row_change(const struct view *view, const struct row *row,
				       const struct field *field);

/**
 * sampling_of_step() - in a diff: of its change from the input before this one.
 */
struct interval sampling_of_step(const struct view *view, const struct row *row,
				 const struct field *field, size_t input);

/**
 * sampling_total_field() - the column that a total is the sum of; NULL if it has no limits.
 */
const struct field *sampling_total_field(enum mt_total total);

/**
 * sampling_of_total() - limits of a total of one snapshot, of a report's inputs together, or of the last input
 * of a diff.
 */
struct interval sampling_of_snapshot(const struct snapshot *snapshot, const struct field *field);
struct interval sampling_of_total(const struct view *view, const struct field *field);
struct interval sampling_of_total_change(const struct view *view, const struct field *field);

struct sampling_text {
	char text[96];
};

/**
 * sampling_text() - " [20.1 MiB, 27.6 MiB]"; "" where the view shows no limits.
 */
struct sampling_text sampling_text(const struct view *view, const struct row *row,
				   const struct field *field);
struct sampling_text sampling_text_change(const struct view *view, const struct row *row,
					  const struct field *field);

/**
 * sampling_answer() - what stands below the answer: that these are estimates, and the limits of the sum over
 * the rows; "" where they are not.
 */
void sampling_answer(const struct view *view, char *text, size_t bytes);

#endif
