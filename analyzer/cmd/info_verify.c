/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info_verify.c - `memtrace info --verify`: the tracer's own books compared.
 */
#include "cmd/info_verify.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/json_writer.h"
#include "cmd/cmd.h"
#include "model/verify.h"
#include "render/number_text.h"
#include "render/table.h"
#include "render/words.h"

#define PLACE_BYTES 512

/* The innermost code of a stack that is not the tracer's: enough to find it in a report. */
static void name_place(const struct snapshot *snapshot, uint32_t node, char *text)
{
	(void)snprintf(text, PLACE_BYTES, "[unknown]");
	for (; node != 0; node = snapshot->nodes[node].parent) {
		const struct location *location =
			&snapshot->locations[snapshot->nodes[node].location];
		const struct module *module;

		if (location->kind != LOCATION_CODE)
			continue;
		module = &snapshot->modules[location->module];
		if ((module->flags & MT_MODULE_SELF) != 0)
			continue;
		(void)snprintf(text, PLACE_BYTES, "%.480s+0x%" PRIx64, module->path,
			       location->offset);
		return;
	}
}

static void print_rows(const struct verify *verify)
{
	static const char *const headings[] = {"BLOCKS COUNTED", "IN TABLE", "BYTES COUNTED",
					       "IN TABLE"};
	struct table *table = table_new();
	char place[PLACE_BYTES];

	for (size_t i = 0; i < 4; i++)
		table_column(table, headings[i], TABLE_RIGHT);
	table_column(table, "PLACE", TABLE_LEFT);
	for (size_t i = 0; i < verify->row_count; i++) {
		const struct verify_row *row = &verify->rows[i];

		table_row(table);
		table_cell(table, number_text(row->counted.block_count).text);
		table_cell(table, number_text(row->in_table.block_count).text);
		table_cell(table, number_text(row->counted.bytes).text);
		table_cell(table, number_text(row->in_table.bytes).text);
		name_place(verify->snapshot, verify->snapshot->sites[row->site].node, place);
		table_cell(table, place);
	}
	(void)table_print(table, "  ", stdout);
	table_free(table);
}

static void print_text(const struct verify *verify)
{
	(void)printf("%s call stacks compared with %s live blocks of %s bytes: ",
		     number_text((int64_t)verify->site_count).text,
		     number_text(verify->found.block_count).text,
		     number_text(verify->found.bytes).text);
	if (verify_has_failed(verify))
		(void)printf("%zu differ, %s blocks of no known stack\n", verify->row_count,
			     number_text(verify->stray.block_count).text);
	else
		(void)puts("all agree");
	if (verify->busy_count > 0)
		(void)printf("%s more were in use meanwhile and could not be compared\n",
			     number_text((int64_t)verify->busy_count).text);
	print_rows(verify);
}

static void print_json(const struct verify *verify)
{
	struct json_writer writer;
	char place[PLACE_BYTES];

	json_begin(&writer, stdout);
	json_object(&writer, NULL);
	json_integer(&writer, "version", WORD_JSON_VERSION);
	json_text(&writer, "kind", "verify");
	json_bool(&writer, "agrees", !verify_has_failed(verify));
	json_unsigned(&writer, "site_count", verify->site_count);
	json_unsigned(&writer, "busy_site_count", verify->busy_count);
	json_integer(&writer, "live_blocks", verify->found.block_count);
	json_integer(&writer, "live_bytes", verify->found.bytes);
	json_integer(&writer, "stray_blocks", verify->stray.block_count);
	json_array(&writer, "rows");
	for (size_t i = 0; i < verify->row_count; i++) {
		const struct verify_row *row = &verify->rows[i];

		name_place(verify->snapshot, verify->snapshot->sites[row->site].node, place);
		json_flat_object(&writer, NULL);
		json_text(&writer, "place", place);
		json_integer(&writer, "counted_blocks", row->counted.block_count);
		json_integer(&writer, "table_blocks", row->in_table.block_count);
		json_integer(&writer, "counted_bytes", row->counted.bytes);
		json_integer(&writer, "table_bytes", row->in_table.bytes);
		json_object_end(&writer);
	}
	json_array_end(&writer);
	json_object_end(&writer);
	json_end(&writer);
}

int info_verify(pid_t pid, bool is_json)
{
	struct error error = {""};
	struct verify verify;
	int code;

	if (verify_process(pid, &verify, &error) != 0)
		return cmd_fail(CMD_BAD_INPUT, "%s", error.text);
	if (is_json)
		print_json(&verify);
	else
		print_text(&verify);
	code = verify_has_failed(&verify) ? CMD_FAILED : CMD_DONE;
	verify_fini(&verify);
	return code;
}
