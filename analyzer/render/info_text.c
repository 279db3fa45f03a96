/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info_text.c - facts about a process as text.
 */
#include <errno.h>
#include <inttypes.h>

#include "base/size_text.h"
#include "base/time_text.h"
#include "render/info.h"
#include "render/number_text.h"
#include "render/place_text.h"
#include "render/table.h"

#define CELL_BYTES 64

struct text_sink {
	FILE *out;
	struct table *table; /* of the list that is open */
	const char *title;
	size_t column_count;
	size_t item_count;
	bool is_first;
	int status;
};

/* Points into @cell or to the value's own text. */
static const char *format(const struct info_value *value, char *cell)
{
	uint64_t number = (uint64_t)value->number;

	switch (value->kind) {
	case INFO_TEXT:
		return value->text;
	case INFO_NUMBER:
		(void)snprintf(cell, CELL_BYTES, "%" PRId64, value->number);
		return cell;
	case INFO_COUNT:
		(void)snprintf(cell, CELL_BYTES, "%s", number_text(value->number).text);
		return cell;
	case INFO_BYTES:
		(void)snprintf(cell, CELL_BYTES, "%s", size_text(value->number).text);
		return cell;
	case INFO_SPAN:
		(void)snprintf(cell, CELL_BYTES, "%s", time_text_span(number).text);
		return cell;
	case INFO_MOMENT:
		(void)snprintf(cell, CELL_BYTES, "%s", time_text_moment(number).text);
		return cell;
	case INFO_ADDRESS:
		(void)snprintf(cell, CELL_BYTES, "0x%" PRIx64, number);
		return cell;
	case INFO_BOOL:
		return value->number != 0 ? "yes" : "no";
	}
	return "";
}

static void title(struct text_sink *sink, const char *text)
{
	(void)fprintf(sink->out, "%s%s\n", sink->is_first ? "" : "\n", text);
	sink->is_first = false;
}

static void text_group(void *context, const char *name, const char *group_title)
{
	(void)name;
	title(context, group_title);
}

/* Sizes stand beside the exact number: both are asked for. */
static void text_fact(void *context, const struct info_name *name, const struct info_value *value)
{
	const struct text_sink *sink = context;
	char cell[CELL_BYTES];

	if (name->is_rare && value->number == 0 && (value->text == NULL || value->text[0] == '\0'))
		return;
	(void)fprintf(sink->out, "  %-28s ", name->label);
	place_put(sink->out, format(value, cell));
	if (value->kind == INFO_BYTES && (value->number >= 10240 || value->number <= -10240))
		(void)fprintf(sink->out, " (%s)", number_text(value->number).text);
	(void)fputc('\n', sink->out);
}

static void text_group_end(void *context)
{
	(void)context;
}

static void text_list(void *context, const char *name, const char *list_title,
		      const struct info_name *columns, size_t column_count)
{
	struct text_sink *sink = context;

	(void)name;
	sink->table = table_new();
	sink->title = list_title;
	sink->column_count = column_count;
	sink->item_count = 0;
	for (size_t i = 0; i < column_count; i++)
		table_column(sink->table, columns[i].label,
			     columns[i].kind == INFO_TEXT ? TABLE_LEFT : TABLE_RIGHT);
}

static void text_item(void *context, const struct info_value *values)
{
	struct text_sink *sink = context;
	char cell[CELL_BYTES];

	sink->item_count++;
	table_row(sink->table);
	for (size_t i = 0; i < sink->column_count; i++) {
		bool is_never = values[i].kind == INFO_SPAN && values[i].number == 0;

		table_cell(sink->table, is_never ? "-" : format(&values[i], cell));
	}
}

static void text_list_end(void *context)
{
	struct text_sink *sink = context;

	if (sink->item_count > 0) {
		title(sink, sink->title);
		if (table_print(sink->table, "  ", sink->out) != 0)
			sink->status = -ENOMEM;
	}
	table_free(sink->table);
	sink->table = NULL;
}

static const struct info_sink text_sink = {
	.group = text_group,
	.fact = text_fact,
	.group_end = text_group_end,
	.list = text_list,
	.item = text_item,
	.list_end = text_list_end,
};

int info_print_text(const struct snapshot *snapshot, FILE *out)
{
	struct text_sink sink = {.out = out, .is_first = true};

	info_show(snapshot, &text_sink, &sink);
	return sink.status;
}
