/* SPDX-License-Identifier: Apache-2.0 */
/*
 * csv.c - the rows for a spreadsheet, as RFC 4180 has it: one header line, lines end in CR LF.
 */
#include <inttypes.h>
#include <string.h>

#include "render/names.h"
#include "render/render.h"
#include "render/sampling.h"

static const struct {
	enum name name;
	const char *header;
} columns[] = {
	{NAME_SITE, "site"},	 {NAME_THREAD, "thread"}, {NAME_FUNCTION, "function"},
	{NAME_FILE, "file"},	 {NAME_LINE, "line"},	  {NAME_MODULE, "module"},
	{NAME_OFFSET, "offset"},
};

#define COLUMN_COUNT (sizeof(columns) / sizeof(columns[0]))

static void put_text(FILE *out, const char *text)
{
	if (!text)
		return;
	if (!text[strcspn(text, "\",\r\n")]) {
		(void)fputs(text, out);
		return;
	}
	(void)fputc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			(void)fputc('"', out);
		(void)fputc(*text, out);
	}
	(void)fputc('"', out);
}

static void put_name(FILE *out, enum name name, const struct row *row, const struct frame *frame)
{
	switch (name) {
	case NAME_SITE:
		(void)fprintf(out, "%016" PRIx64, row->key.low);
		break;
	case NAME_THREAD:
		put_text(out, stack_thread(row->snapshot, row->node));
		break;
	case NAME_FUNCTION:
		put_text(out, frame->function);
		break;
	case NAME_FILE:
		put_text(out, frame->file);
		break;
	case NAME_LINE:
		if (frame->file && frame->line)
			(void)fprintf(out, "%" PRIu32, frame->line);
		break;
	case NAME_MODULE:
		put_text(out, frame->module);
		break;
	case NAME_OFFSET:
		(void)fprintf(out, "%" PRIu64, frame->offset);
		break;
	}
}

/* Calls put for every column of figures that the view has. */
static void each_field(struct rendering *rendering, const struct row *row,
		       void (*put)(FILE *out, const struct view *view, const struct row *row,
				   const struct field *field))
{
	const struct view *view = rendering->view;
	size_t i;

	for (i = 0; view->fields && i < view->field_count; i++)
		put(rendering->out, view, row, view->fields[i]);
	for (i = 0; !view->fields && i < field_count; i++)
		if (field_table[i].is_basic || &field_table[i] == view->sort)
			put(rendering->out, view, row, &field_table[i]);
}

static void put_header(FILE *out, const struct view *view, const struct row *row,
		       const struct field *field)
{
	(void)row;
	(void)fprintf(out, ",%s", field->name);
	if (sampling_has(view, field))
		(void)fprintf(out, ",%s_low,%s_high", field->name, field->name);
}

static void put_delta_header(FILE *out, const struct view *view, const struct row *row,
			     const struct field *field)
{
	(void)row;
	(void)fprintf(out, ",%s_delta", field->name);
	if (sampling_has(view, field))
		(void)fprintf(out, ",%s_delta_low,%s_delta_high", field->name, field->name);
}

static void put_value(FILE *out, const struct field *field, int64_t value)
{
	if (field->unit == FIELD_RATIO)
		(void)fprintf(out, ",%.6f", (double)value / (double)FIELD_RATIO_ONE);
	else
		(void)fprintf(out, ",%" PRId64, value);
}

static void put_interval(FILE *out, const struct field *field, struct interval interval)
{
	put_value(out, field, interval.low);
	put_value(out, field, interval.high);
}

static void put_figure(FILE *out, const struct view *view, const struct row *row,
		       const struct field *field)
{
	put_value(out, field, field_value(field, &row->figures));
	if (sampling_has(view, field))
		put_interval(out, field, sampling_of_row(view, row, field));
}

static void put_delta(FILE *out, const struct view *view, const struct row *row,
		      const struct field *field)
{
	put_value(out, field, field_delta(field, &row->series[0], &row->figures));
	if (sampling_has(view, field))
		put_interval(out, field, sampling_of_row_change(view, row, field));
}

static int csv_begin(struct rendering *rendering)
{
	enum name names = group_columns(rendering->view->rows->by);
	bool is_first = true;
	size_t i;

	for (i = 0; i < COLUMN_COUNT; i++) {
		if (!(names & columns[i].name))
			continue;
		(void)fprintf(rendering->out, "%s%s", is_first ? "" : ",", columns[i].header);
		is_first = false;
	}
	each_field(rendering, NULL, put_header);
	if (rendering->view->kind == VIEW_DIFF) {
		each_field(rendering, NULL, put_delta_header);
		(void)fputs(",change,interval_count,grown_intervals", rendering->out);
	}
	(void)fputs("\r\n", rendering->out);
	return 0;
}

static int csv_row(struct rendering *rendering, const struct row *row)
{
	const struct view *view = rendering->view;
	enum name names = group_columns(view->rows->by);
	const struct frame *frame;
	struct stack stack = {0};
	bool is_first = true;
	size_t i;
	int status = stack_read(view->reader, row->snapshot, row->node, &stack);

	if (status)
		goto out;
	frame = row->frame ? row->frame : stack.frames[0];
	for (i = 0; i < COLUMN_COUNT; i++) {
		if (!(names & columns[i].name))
			continue;
		if (!is_first)
			(void)fputc(',', rendering->out);
		put_name(rendering->out, columns[i].name, row, frame);
		is_first = false;
	}
	each_field(rendering, row, put_figure);
	if (row->series) {
		each_field(rendering, row, put_delta);
		(void)fprintf(rendering->out, ",%s,%zu,%" PRIu32, change_name(row->change),
			      view->rows->input_count - 1, row->grown_count);
	}
	(void)fputs("\r\n", rendering->out);
out:
	stack_fini(&stack);
	return status;
}

static int csv_end(struct rendering *rendering)
{
	(void)rendering;
	return 0;
}

const struct renderer csv_renderer = {
	.name = "csv",
	.begin = csv_begin,
	.row = csv_row,
	.end = csv_end,
};
