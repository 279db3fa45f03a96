/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_row.c - a row as one line in the shape of Python's tracemalloc, with the stack underneath.
 */
#include "render/text_row.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/source.h"
#include "render/line_text.h"
#include "render/number_text.h"
#include "render/place_text.h"
#include "render/sampling.h"

#define COLOR_NONE "\033[0m"
#define COLOR_PLACE "\033[1m"
#define COLOR_GROWN "\033[31m"
#define COLOR_SHRUNK "\033[32m"

/* At least so much of a row's place is left where the line is too long. */
#define PLACE_COLUMNS_MIN 12

static const char *const default_fields[] = {"live_bytes", "live_blocks", "average_bytes"};

/* Sites need not have peaked together: the sum of their peaks is the most that can have been. */
static const char *relation_of(const struct row *row, const struct field *field)
{
	bool is_peak = strcmp(field->name, "peak_live_bytes") == 0;

	return is_peak && row->figures.site_count > 1 ? "<=" : "=";
}

static void put_figure(FILE *out, const struct view *view, const struct row *row,
		       const struct field *field, bool is_first)
{
	int64_t value = field_value(field, &row->figures);
	int64_t change;

	(void)fprintf(out, "%s%s%s%s%s", is_first ? "" : ", ", field->label,
		      relation_of(row, field), number_text_field(field, value).text,
		      sampling_text(view, row, field).text);
	if (!row->series || field->divisor != FIELD_WHOLE)
		return;
	change = field_delta(field, &row->series[0], &row->figures);
	(void)fprintf(out, " (%s%s)", number_text_change(field, change).text,
		      sampling_text_change(view, row, field).text);
}

static bool is_default_field(const struct field *field)
{
	size_t i;

	for (i = 0; i < sizeof(default_fields) / sizeof(default_fields[0]); i++)
		if (strcmp(default_fields[i], field->name) == 0)
			return true;
	return false;
}

static void put_default_figures(FILE *out, const struct view *view, const struct row *row)
{
	size_t i;

	for (i = 0; i < sizeof(default_fields) / sizeof(default_fields[0]); i++) {
		const struct field *field = field_by_name(default_fields[i]);

		/* an average of no blocks says nothing */
		if (field->divisor == FIELD_WHOLE || row->figures.counters.live_blocks != 0)
			put_figure(out, view, row, field, i == 0);
	}
	if (!is_default_field(view->sort))
		put_figure(out, view, row, view->sort, false);
}

static void put_change(FILE *out, const struct view *view, const struct row *row)
{
	size_t intervals = view->rows->input_count - 1;

	if (row->change == CHANGE_NEW || row->change == CHANGE_GONE)
		(void)fprintf(out, ", %s", change_name(row->change));
	if (intervals > 1 && (row->grown_count > 0 || row->shrunk_count == 0))
		(void)fprintf(out, ", grew in %" PRIu32 " of %zu intervals", row->grown_count,
			      intervals);
	else if (intervals > 1)
		(void)fprintf(out, ", shrank in %" PRIu32 " of %zu intervals", row->shrunk_count,
			      intervals);
}

static void put_figures(FILE *out, const struct view *view, const struct row *row)
{
	size_t i;

	if (!view->fields)
		put_default_figures(out, view, row);
	for (i = 0; view->fields && i < view->field_count; i++)
		put_figure(out, view, row, view->fields[i], i == 0);
	if (row->series)
		put_change(out, view, row);
	if (row->is_approximate)
		(void)fputs(", approximate", out);
}

static const char *change_color(const struct row *row)
{
	if (row->change == CHANGE_NEW || row->change == CHANGE_GROWN)
		return COLOR_GROWN;
	if (row->change == CHANGE_GONE || row->change == CHANGE_SHRUNK)
		return COLOR_SHRUNK;
	return "";
}

/* The place gives way where both do not fit: the figures are what the line is for. */
static void put_head(FILE *out, const struct view *view, const struct row *row, char *place,
		     char *figures)
{
	size_t columns = line_columns(figures) + 2;

	if (view->columns) {
		size_t left = view->columns > columns ? view->columns - columns : 0;

		if (left < PLACE_COLUMNS_MIN)
			left = PLACE_COLUMNS_MIN;
		line_cut(place, left);
		columns = line_columns(place) + 2;
		line_cut(figures, view->columns > columns ? view->columns - columns : 1);
	}
	if (view->has_color)
		(void)fprintf(out, COLOR_PLACE "%s" COLOR_NONE ": %s%s" COLOR_NONE "\n", place,
			      change_color(row), figures);
	else
		(void)fprintf(out, "%s: %s\n", place, figures);
}

static int row_head(FILE *out, const struct view *view, const struct row *row,
		    const struct frame *frame)
{
	char *place = NULL, *figures = NULL;
	size_t place_bytes, figure_bytes;
	FILE *place_out = open_memstream(&place, &place_bytes);
	FILE *figures_out = open_memstream(&figures, &figure_bytes);
	int status = 0;

	if (place_out)
		place_put_row(place_out, view, row, frame);
	if (figures_out)
		put_figures(figures_out, view, row);
	if (!place_out || fclose(place_out) != 0)
		status = -ENOMEM;
	if (!figures_out || fclose(figures_out) != 0)
		status = -ENOMEM;
	if (!status)
		put_head(out, view, row, place, figures);
	free(place);
	free(figures);
	return status;
}

/* One line of text made by put, indented and cut. */
static int put_indented(FILE *out, const struct view *view, const char *indent, const char *source,
			const struct row *row, const struct frame *frame, size_t times)
{
	char *text = NULL;
	size_t bytes;
	FILE *line = open_memstream(&text, &bytes);
	int status = 0;

	if (!line)
		return -ENOMEM;
	(void)fputs(indent, line);
	if (source)
		place_put(line, source);
	else
		place_put_frame(line, row, frame);
	if (times > 1)
		(void)fprintf(line, " (%s times)", number_text((int64_t)times).text);
	if (fclose(line) != 0)
		status = -ENOMEM;
	else
		line_put(out, view->columns, text);
	free(text);
	return status;
}

/* @times: how often the frame stands in the stack in a row. */
static int put_frame(FILE *out, const struct view *view, const struct row *row,
		     const struct frame *frame, size_t times)
{
	const char *source = NULL;
	int status = put_indented(out, view, "    ", NULL, row, frame, times);

	if (!status && view->source)
		source = source_line(view->source, frame->file, frame->line);
	if (source)
		status = put_indented(out, view, "        ", source, row, frame, 1);
	return status;
}

static size_t count_repeats(const struct stack *stack, size_t from)
{
	size_t at = from;

	while (at < stack->count && stack->frames[at] == stack->frames[from])
		at++;
	return at - from;
}

static int put_stack(FILE *out, const struct view *view, const struct row *row,
		     const struct stack *stack)
{
	size_t lines = 0, at = 0;
	int status = 0;

	if (row->figures.site_count > 1)
		(void)fprintf(out, "  largest of %s stacks:\n",
			      number_text(row->figures.site_count).text);
	while (at < stack->count && !status) {
		size_t times = count_repeats(stack, at);

		/* the last line may as well be a frame as say that one is missing */
		if (view->depth && lines >= view->depth && at + times < stack->count)
			break;
		status = put_frame(out, view, row, stack->frames[at], times);
		at += times;
		lines++;
	}
	if (at < stack->count)
		(void)fprintf(out, "    .. %s more frames\n",
			      number_text((int64_t)(stack->count - at)).text);
	return status;
}

bool text_row_is_shown(const struct view *view, const struct row *row)
{
	const struct figures *total = &view->rows->total;

	/* of a report of what is live, where nothing is, rows would be zeros */
	if (!row->series)
		return total->counters.live_blocks != 0 || field_value(view->sort, total) != 0 ||
		       view->fields != NULL;
	return row->change != CHANGE_SAME || row->grown_count > 0 || row->shrunk_count > 0 ||
	       field_delta(view->sort, &row->series[0], &row->figures) != 0;
}

int text_row(struct rendering *rendering, const struct row *row)
{
	const struct view *view = rendering->view;
	FILE *out = rendering->out;
	struct stack stack = {0};
	int status;

	if (!text_row_is_shown(view, row))
		return 0;
	status = stack_read(view->reader, row->snapshot, row->node, &stack);
	(void)fputc('\n', out);
	if (!status)
		status = row_head(out, view, row, row->frame ? row->frame : stack.frames[0]);
	if (!status)
		status = put_stack(out, view, row, &stack);
	stack_fini(&stack);
	return status;
}
