/* SPDX-License-Identifier: Apache-2.0 */
/*
 * list.c - `memtrace list`: the snapshots and trace files of a folder by time.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_writer.h"
#include "base/size_text.h"
#include "base/time_text.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "model/snapshot.h"
#include "model/trace_folder.h"
#include "render/number_text.h"
#include "render/table.h"
#include "render/words.h"

enum {
	LIST_JSON = 1,
};

static const struct option_row rows[] = {
	{LIST_JSON, "json", 0, NULL, "as JSON"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Options", rows),
};

static const struct command_usage usage = {
	.name = "list",
	.synopsis = "[options] [DIR]",
	.about = "Lists the snapshots and trace files of a folder (default: this one) by time, "
		 "with those of\n"
		 "forked and executed children in the folders NAME.snap.d.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

/* What one line shows; copied, so that one snapshot at a time is in memory. */
struct item {
	const char *path;
	char *label;
	char program[sizeof(((struct mt_header *)0)->program) + 1];
	uint64_t realtime_ns;
	uint64_t sample_bytes; /* 0: every event was recorded */
	int64_t live_bytes, live_blocks, peak_live_bytes;
	int32_t pid;
	bool is_snapshot;
	struct word kind, state;
};

static const char *strip_here(const char *path)
{
	return strncmp(path, "./", 2) == 0 ? path + 2 : path;
}

static int fill(struct item *item, const struct snapshot *snapshot, const char *path)
{
	*item = (struct item){
		.path = strip_here(path),
		.label = strdup(snapshot->label),
		.realtime_ns = snapshot->header.start_realtime_ns + snapshot->taken_ns,
		.sample_bytes = snapshot->header.sample_bytes,
		.live_bytes = snapshot->totals[MT_TOTAL_LIVE_BYTES],
		.live_blocks = snapshot->totals[MT_TOTAL_LIVE_BLOCKS],
		.peak_live_bytes = snapshot->totals[MT_TOTAL_PEAK_LIVE_BYTES],
		.pid = snapshot->header.pid,
		.is_snapshot = snapshot->header.kind == MT_KIND_SNAPSHOT,
		.kind = word_of_kind(snapshot),
		.state = word_of_state(snapshot->state),
	};
	(void)snprintf(item->program, sizeof(item->program), "%s", snapshot->program);
	return item->label != NULL ? 0 : -ENOMEM;
}

static int by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->realtime_ns != y->realtime_ns)
		return x->realtime_ns < y->realtime_ns ? -1 : 1;
	return strcmp(x->path, y->path);
}

static void add_kind(struct table *table, const struct item *item)
{
	struct word kind = item->is_snapshot ? item->kind : item->state;
	char text[64];

	(void)snprintf(text, sizeof(text), "%s%s", kind.text,
		       item->sample_bytes > 0 ? ", sampled" : "");
	table_cell(table, text);
}

static void print_text(const struct item *items, size_t count)
{
	struct table *table = table_new();

	table_column(table, "TIME", TABLE_LEFT);
	table_column(table, "LIVE", TABLE_RIGHT);
	table_column(table, "BLOCKS", TABLE_RIGHT);
	table_column(table, "PEAK", TABLE_RIGHT);
	table_column(table, "KIND", TABLE_LEFT);
	table_column(table, "LABEL", TABLE_LEFT);
	table_column(table, "FILE", TABLE_LEFT);
	for (size_t i = 0; i < count; i++) {
		table_row(table);
		table_cell(table, time_text_moment(items[i].realtime_ns).text);
		table_cell(table, size_text(items[i].live_bytes).text);
		table_cell(table, number_text(items[i].live_blocks).text);
		table_cell(table, size_text(items[i].peak_live_bytes).text);
		add_kind(table, &items[i]);
		table_cell(table, items[i].label[0] != '\0' ? items[i].label : "-");
		table_cell(table, items[i].path);
	}
	if (table_print(table, "", stdout) != 0)
		(void)cmd_fail(CMD_FAILED, "%s", strerror(ENOMEM));
	table_free(table);
}

static void print_json(const struct item *items, size_t count)
{
	struct json_writer writer;

	json_begin(&writer, stdout);
	json_object(&writer, NULL);
	json_integer(&writer, "version", WORD_JSON_VERSION);
	json_text(&writer, "kind", "list");
	json_array(&writer, "files");
	for (size_t i = 0; i < count; i++) {
		json_flat_object(&writer, NULL);
		json_text(&writer, "path", items[i].path);
		json_text(&writer, "kind", items[i].kind.json);
		json_text(&writer, "state", items[i].state.json);
		json_text(&writer, "program", items[i].program);
		json_integer(&writer, "pid", items[i].pid);
		json_text(&writer, "label", word_or_null(items[i].label));
		json_unsigned(&writer, "taken_realtime_ns", items[i].realtime_ns);
		json_integer(&writer, "live_bytes", items[i].live_bytes);
		json_integer(&writer, "live_blocks", items[i].live_blocks);
		json_integer(&writer, "peak_live_bytes", items[i].peak_live_bytes);
		if (items[i].sample_bytes > 0)
			json_unsigned(&writer, "sample_bytes", items[i].sample_bytes);
		json_object_end(&writer);
	}
	json_array_end(&writer);
	json_object_end(&writer);
	json_end(&writer);
}

/* A damaged file is told of and left out; the others are still listed. */
static int load_items(const struct trace_folder *folder, struct item *items, size_t *count)
{
	struct error error = {""};
	struct snapshot *snapshot;
	int code = CMD_DONE;

	*count = 0;
	for (size_t i = 0; i < folder->count; i++) {
		const char *path = folder->entries[i].path;

		if (snapshot_load(path, &snapshot, &error) != 0) {
			code = cmd_fail(CMD_BAD_INPUT, "%s", error.text);
			continue;
		}
		if (fill(&items[(*count)++], snapshot, path) != 0)
			code = cmd_fail(CMD_FAILED, "%s: %s", path, strerror(ENOMEM));
		snapshot_free(snapshot);
		if (code == CMD_FAILED)
			break;
	}
	return code;
}

static int show(const struct trace_folder *folder, const char *name, bool is_json)
{
	struct item *items = calloc(folder->count + 1, sizeof(*items));
	size_t count;
	int code;

	if (items == NULL)
		return cmd_fail(CMD_FAILED, "%s: %s", name, strerror(ENOMEM));
	code = load_items(folder, items, &count);
	if (code != CMD_FAILED) {
		qsort(items, count, sizeof(*items), by_time);
		if (is_json)
			print_json(items, count);
		else if (folder->count > 0)
			print_text(items, count);
		else
			(void)cmd_fail(CMD_DONE, "no snapshots in %s", name);
	}
	for (size_t i = 0; i < count; i++)
		free(items[i].label);
	free(items);
	return code;
}

int cmd_list(int argc, char **argv)
{
	struct error error = {""};
	struct trace_folder folder;
	struct options options;
	const char *name = ".";
	bool is_json = false;
	int id, code;

	options_begin(&options, &usage, argc, argv);
	while ((id = options_next(&options)) > 0)
		is_json |= id == LIST_JSON;
	if (id < 0)
		return options.exit_code;
	if (options.operand_count > 1)
		return options_fail(&options, "expected one folder, found %d",
				    options.operand_count);
	if (options.operand_count == 1)
		name = options.operands[0];
	if (trace_folder_read(name, true, 0, &folder, &error) != 0)
		return cmd_fail(CMD_BAD_INPUT, "%s", error.text);
	code = show(&folder, name, is_json);
	trace_folder_free(&folder);
	return code;
}
