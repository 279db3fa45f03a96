/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json.c - the report for programs. docs/JSON.md and docs/schema.json describe it.
 */
#include <inttypes.h>

#include "base/json_writer.h"
#include "model/diff.h"
#include "render/answer.h"
#include "render/frame_json.h"
#include "render/integrity.h"
#include "render/names.h"
#include "render/render.h"
#include "render/sampling.h"
#include "render/words.h"

static const char *const kind_names[] = {
	[VIEW_REPORT] = "report",
	[VIEW_DIFF] = "diff",
	[VIEW_LEAKS] = "leaks",
};

static void put_input(struct json_writer *json, const struct snapshot *snapshot)
{
	uint64_t rss_bytes = snapshot_rss_bytes(snapshot);

	json_object(json, NULL);
	json_text(json, "path", snapshot->path);
	json_text(json, "program", snapshot->program);
	json_text(json, "executable", word_or_null(snapshot->executable));
	json_text(json, "label", word_or_null(snapshot->label));
	json_text(json, "kind", word_of_kind(snapshot).json);
	json_text(json, "state", word_of_state(snapshot->state).json);
	json_integer(json, "pid", snapshot->header.pid);
	json_unsigned(json, "start_realtime_ns", snapshot->header.start_realtime_ns);
	json_unsigned(json, "taken_ns", snapshot->taken_ns);
	if (rss_bytes)
		json_unsigned(json, "rss_bytes", rss_bytes);
	if (snapshot->header.sample_bytes)
		json_unsigned(json, "sample_bytes", snapshot->header.sample_bytes);
	json_object_end(json);
}

static void put_value(struct json_writer *json, const char *name, const struct field *field,
		      int64_t value)
{
	if (field->unit == FIELD_RATIO)
		json_decimal(json, name, value, FIELD_RATIO_ONE);
	else
		json_integer(json, name, value);
}

/* name_low and name_high */
static void put_interval(struct json_writer *json, const char *name, const struct field *field,
			 struct interval interval)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%s_low", name);
	put_value(json, text, field, interval.low);
	(void)snprintf(text, sizeof(text), "%s_high", name);
	put_value(json, text, field, interval.high);
}

static void put_total_intervals(struct json_writer *json, const struct view *view)
{
	char name[64];
	size_t i;

	for (i = 0; i < MT_TOTAL_COUNT && sampling_bytes(view) > 0; i++) {
		const struct field *field = sampling_total_field((enum mt_total)i);

		if (!field)
			continue;
		put_interval(json, field->name, field, sampling_of_total(view, field));
		if (view->kind != VIEW_DIFF)
			continue;
		(void)snprintf(name, sizeof(name), "%s_delta", field->name);
		put_interval(json, name, field, sampling_of_total_change(view, field));
	}
}

static void put_totals(struct json_writer *json, const struct view *view)
{
	int64_t first[MT_TOTAL_COUNT], last[MT_TOTAL_COUNT];
	char name[64];
	size_t i;

	totals_of(view, view->snapshot_count - 1, last);
	totals_of(view, 0, first);
	json_object(json, "totals");
	for (i = 0; i < MT_TOTAL_COUNT; i++)
		json_integer(json, total_name((enum mt_total)i), last[i]);
	for (i = 0; i < MT_TOTAL_COUNT && view->kind == VIEW_DIFF; i++) {
		(void)snprintf(name, sizeof(name), "%s_delta", total_name((enum mt_total)i));
		json_integer(json, name, (int64_t)((uint64_t)last[i] - (uint64_t)first[i]));
	}
	put_total_intervals(json, view);
	json_object_end(json);
}

static void put_answer(struct json_writer *json, const struct view *view)
{
	struct answer answer;

	answer_of(view, &answer);
	json_array(json, "answer");
	if (*answer.rss)
		json_text(json, NULL, answer.rss);
	json_text(json, NULL, answer.main);
	if (*answer.sampled)
		json_text(json, NULL, answer.sampled);
	json_array_end(json);
}

static int json_begin_view(struct rendering *rendering)
{
	const struct view *view = rendering->view;
	struct json_writer *json = &rendering->json;
	size_t i;

	json_begin(json, rendering->out);
	json_object(json, NULL);
	json_integer(json, "version", WORD_JSON_VERSION);
	json_text(json, "kind", kind_names[view->kind]);
	put_answer(json, view);
	json_array(json, "inputs");
	for (i = 0; i < view->snapshot_count; i++)
		put_input(json, view->snapshots[i]);
	json_array_end(json);
	if (sampling_bytes(view) > 0) {
		json_object(json, "sampled");
		json_unsigned(json, "bytes", sampling_bytes(view));
		json_object_end(json);
	}
	put_totals(json, view);
	json_text(json, "by", group_name(view->rows->by, 1));
	json_bool(json, "cumulative", view->rows->is_cumulative);
	json_text(json, "sort", view->sort->name);
	json_unsigned(json, "row_count", view->rows->count);
	json_array(json, "rows");
	return 0;
}

static void put_hex(struct json_writer *json, const char *name, uint64_t value)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%016" PRIx64, value);
	json_text(json, name, text);
}

/* What the row is grouped by, as far as it is the same for all of the row. */
static void put_names(struct json_writer *json, const struct view *view, const struct row *row,
		      const struct frame *frame)
{
	enum name names = group_columns(view->rows->by);

	if (names & NAME_SITE)
		put_hex(json, "site", row->key.low);
	if (names & NAME_THREAD)
		json_text(json, "thread", stack_thread(row->snapshot, row->node));
	if (names & NAME_FUNCTION)
		json_text(json, "function", frame->function);
	if (names & NAME_FILE)
		json_text(json, "file", frame->file);
	if (names & NAME_LINE)
		frame_json_line(json, frame);
	if (names & NAME_MODULE)
		json_text(json, "module", *frame->module ? frame->module : NULL);
	if (names & NAME_OFFSET)
		json_unsigned(json, "offset", frame->offset);
}

static void put_field(struct json_writer *json, const struct view *view, const struct row *row,
		      const struct field *field)
{
	bool has_interval = sampling_has(view, field);
	char name[64];

	put_value(json, field->name, field, field_value(field, &row->figures));
	if (has_interval)
		put_interval(json, field->name, field, sampling_of_row(view, row, field));
	if (!row->series)
		return;
	(void)snprintf(name, sizeof(name), "%s_delta", field->name);
	put_value(json, name, field, field_delta(field, &row->series[0], &row->figures));
	if (has_interval)
		put_interval(json, name, field, sampling_of_row_change(view, row, field));
}

static void put_fields(struct json_writer *json, const struct view *view, const struct row *row)
{
	size_t i;

	for (i = 0; view->fields && i < view->field_count; i++)
		put_field(json, view, row, view->fields[i]);
	for (i = 0; !view->fields && i < field_count; i++)
		if (field_table[i].is_basic || &field_table[i] == view->sort)
			put_field(json, view, row, &field_table[i]);
}

static void put_change(struct json_writer *json, const struct view *view, const struct row *row)
{
	const struct field *field = field_by_name("live_bytes");
	size_t i;

	json_text(json, "change", change_name(row->change));
	if (view->rows->input_count < 3)
		return;
	json_unsigned(json, "interval_count", view->rows->input_count - 1);
	json_unsigned(json, "grown_intervals", row->grown_count);
	json_array(json, "interval_live_bytes_delta");
	for (i = 1; i < view->rows->input_count; i++)
		json_integer(json, NULL, field_delta(field, &row->series[i - 1], &row->series[i]));
	json_array_end(json);
	if (!sampling_has(view, field))
		return;
	json_array(json, "interval_live_bytes_delta_low");
	for (i = 1; i < view->rows->input_count; i++)
		json_integer(json, NULL, sampling_of_step(view, row, field, i).low);
	json_array_end(json);
	json_array(json, "interval_live_bytes_delta_high");
	for (i = 1; i < view->rows->input_count; i++)
		json_integer(json, NULL, sampling_of_step(view, row, field, i).high);
	json_array_end(json);
}

static int json_row(struct rendering *rendering, const struct row *row)
{
	const struct view *view = rendering->view;
	struct json_writer *json = &rendering->json;
	struct stack stack = {0};
	int status = stack_read(view->reader, row->snapshot, row->node, &stack);

	if (!status) {
		json_object(json, NULL);
		put_names(json, view, row, row->frame ? row->frame : stack.frames[0]);
		put_fields(json, view, row);
		if (row->series)
			put_change(json, view, row);
		json_bool(json, "approximate", row->is_approximate);
		json_bool(json, "peak_is_bound", row->is_peak_bound);
		frame_json_stack(json, &stack, view->depth);
		json_object_end(json);
	}
	stack_fini(&stack);
	return status;
}

static void put_suppressions(struct json_writer *json, const struct view *view)
{
	size_t i;

	json_array(json, "suppressions");
	for (i = 0; i < view->suppression_count; i++) {
		json_object(json, NULL);
		json_text(json, "pattern", view->suppressions[i].pattern);
		json_integer(json, "site_count", view->suppressions[i].site_count);
		json_integer(json, "live_blocks", view->suppressions[i].live_blocks);
		json_integer(json, "live_bytes", view->suppressions[i].live_bytes);
		json_object_end(json);
	}
	json_array_end(json);
}

static void put_integrity(struct json_writer *json, const struct view *view)
{
	struct integrity integrity;

	integrity_of(view, &integrity);
	json_object(json, "integrity");
	json_integer(json, "event_count", integrity.event_count);
	json_integer(json, "dropped_count", integrity.dropped_count);
	json_integer(json, "unseen_free_count", integrity.unseen_free_count);
	json_integer(json, "foreign_free_count", integrity.foreign_free_count);
	json_integer(json, "truncated_stack_count", integrity.truncated_stack_count);
	json_integer(json, "broken_stack_count", integrity.broken_stack_count);
	json_unsigned(json, "approximate_site_count", integrity.approximate_site_count);
	json_unsigned(json, "location_count", integrity.census.location_count);
	json_unsigned(json, "unresolved_location_count", integrity.census.unresolved_count);
	json_integer(json, "unbalanced_bytes", integrity.unbalanced_bytes);
	json_object_end(json);
}

/* Last, because symbols are looked up while rows are written. */
static void put_notes(struct json_writer *json, const struct view *view)
{
	const char *const *warnings =
		view->symbolizer ? symbolizer_warnings(view->symbolizer) : NULL;
	size_t i;

	json_array(json, "notes");
	for (i = 0; view->findings && i < view->findings->count; i++)
		json_text(json, NULL, view->findings->list[i].text);
	for (i = 0; warnings && warnings[i]; i++)
		json_text(json, NULL, warnings[i]);
	json_array_end(json);
}

static int json_end_view(struct rendering *rendering)
{
	const struct view *view = rendering->view;
	struct json_writer *json = &rendering->json;

	json_array_end(json);
	if (view->kind == VIEW_LEAKS)
		put_suppressions(json, view);
	put_integrity(json, view);
	put_notes(json, view);
	json_object_end(json);
	json_end(json);
	return 0;
}

const struct renderer json_renderer = {
	.name = "json",
	.begin = json_begin_view,
	.row = json_row,
	.end = json_end_view,
};
