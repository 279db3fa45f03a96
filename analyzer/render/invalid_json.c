/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid_json.c - invalid frees as JSON.
 */
#include "base/json_writer.h"
#include "render/frame_json.h"
#include "render/invalid.h"
#include "render/words.h"

static int put_stack(struct json_writer *json, const struct invalid_view *view,
		     const struct snapshot *snapshot, const char *name, uint32_t node)
{
	struct stack stack = {0};
	int status;

	if (node == 0)
		return 0;
	status = stack_read(view->reader, snapshot, node, &stack);
	if (status == 0) {
		json_object(json, name);
		json_text(json, "thread", stack.thread);
		frame_json_stack(json, &stack, view->depth);
		json_object_end(json);
	}
	stack_fini(&stack);
	return status;
}

static int put_call(struct json_writer *json, const struct invalid_view *view,
		    const struct snapshot *snapshot, const struct invalid_call *call)
{
	int status;

	json_object(json, NULL);
	json_text(json, "program", snapshot->program);
	json_integer(json, "pid", snapshot->header.pid);
	json_text(json, "call", invalid_call_word(call->call));
	json_text(json, "what", invalid_kind_word(call->kind));
	json_integer(json, "count", call->count);
	json_unsigned(json, "ns", call->ns);
	json_unsigned(json, "address", call->address);
	if (call->block_address != 0) {
		json_unsigned(json, "block_bytes", call->block_bytes);
		json_unsigned(json, "offset", invalid_offset(call));
	}
	status = put_stack(json, view, snapshot, "called", call->node);
	if (status == 0)
		status = put_stack(json, view, snapshot, "freed", call->freed_node);
	if (status == 0)
		status = put_stack(json, view, snapshot, "allocated", call->alloc_node);
	json_object_end(json);
	return status;
}

static const char *const recorded_words[] = {
	[MT_INVALID_NOT_KNOWN] = "unknown",
	[MT_INVALID_NOT_REPORTED] = "no",
	[MT_INVALID_REPORTED] = "yes",
};

int invalid_print_json(const struct invalid_view *view, FILE *out)
{
	struct json_writer json;
	int status = 0;

	json_begin(&json, out);
	json_object(&json, NULL);
	json_integer(&json, "version", WORD_JSON_VERSION);
	json_text(&json, "kind", "invalid");
	json_integer(&json, "call_count", invalid_total(view));
	json_text(&json, "recorded", recorded_words[invalid_reporting(view)]);
	json_array(&json, "calls");
	for (size_t i = 0; status == 0 && i < view->snapshot_count; i++)
		for (size_t j = 0; status == 0 && j < view->snapshots[i]->invalid_count; j++)
			status = put_call(&json, view, view->snapshots[i],
					  &view->snapshots[i]->invalid[j]);
	json_array_end(&json);
	json_object_end(&json);
	json_end(&json);
	return status;
}
