/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info_json.c - facts about a process as JSON: numbers in bytes and nanoseconds, addresses in hexadecimal.
 */
#include <inttypes.h>

#include "base/json_writer.h"
#include "render/info.h"
#include "render/words.h"

struct json_sink {
	struct json_writer writer;
	const struct info_name *columns;
	size_t column_count;
};

static void put(struct json_writer *writer, const char *name, const struct info_value *value)
{
	char address[24];

	switch (value->kind) {
	case INFO_TEXT:
		json_text(writer, name,
			  value->word != NULL ? value->word : word_or_null(value->text));
		break;
	case INFO_ADDRESS:
		(void)snprintf(address, sizeof(address), "0x%" PRIx64, (uint64_t)value->number);
		json_text(writer, name, address);
		break;
	case INFO_BOOL:
		json_bool(writer, name, value->number != 0);
		break;
	case INFO_NUMBER:
	case INFO_COUNT:
	case INFO_BYTES:
	case INFO_SPAN:
	case INFO_MOMENT:
		json_integer(writer, name, value->number);
		break;
	}
}

static void json_sink_group(void *context, const char *name, const char *title)
{
	struct json_sink *sink = context;

	(void)title;
	json_object(&sink->writer, name);
}

static void json_sink_fact(void *context, const struct info_name *name,
			   const struct info_value *value)
{
	struct json_sink *sink = context;

	put(&sink->writer, name->name, value);
}

static void json_sink_group_end(void *context)
{
	struct json_sink *sink = context;

	json_object_end(&sink->writer);
}

static void json_sink_list(void *context, const char *name, const char *title,
			   const struct info_name *columns, size_t column_count)
{
	struct json_sink *sink = context;

	(void)title;
	sink->columns = columns;
	sink->column_count = column_count;
	json_array(&sink->writer, name);
}

static void json_sink_item(void *context, const struct info_value *values)
{
	struct json_sink *sink = context;

	json_flat_object(&sink->writer, NULL);
	for (size_t i = 0; i < sink->column_count; i++)
		put(&sink->writer, sink->columns[i].name, &values[i]);
	json_object_end(&sink->writer);
}

static void json_sink_list_end(void *context)
{
	struct json_sink *sink = context;

	json_array_end(&sink->writer);
}

static const struct info_sink json_sink = {
	.group = json_sink_group,
	.fact = json_sink_fact,
	.group_end = json_sink_group_end,
	.list = json_sink_list,
	.item = json_sink_item,
	.list_end = json_sink_list_end,
};

int info_print_json(const struct snapshot *snapshot, FILE *out)
{
	struct json_sink sink = {.columns = NULL};

	json_begin(&sink.writer, out);
	json_object(&sink.writer, NULL);
	json_integer(&sink.writer, "version", WORD_JSON_VERSION);
	json_text(&sink.writer, "kind", "info");
	info_show(snapshot, &json_sink, &sink);
	json_object_end(&sink.writer);
	json_end(&sink.writer);
	return 0;
}
