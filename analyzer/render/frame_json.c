/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_json.c - a call stack in JSON.
 */
#include "render/frame_json.h"

void frame_json_line(struct json_writer *json, const struct frame *frame)
{
	if (frame->file && frame->line)
		json_unsigned(json, "line", frame->line);
	else
		json_text(json, "line", NULL);
}

static void put_frame(struct json_writer *json, const struct frame *frame)
{
	json_flat_object(json, NULL);
	json_text(json, "function", frame->function);
	json_text(json, "file", frame->file);
	frame_json_line(json, frame);
	json_text(json, "module", *frame->module ? frame->module : NULL);
	json_text(json, "build_id", *frame->build_id ? frame->build_id : NULL);
	json_unsigned(json, "offset", frame->offset);
	json_bool(json, "inlined", frame->is_inlined);
	json_object_end(json);
}

void frame_json_stack(struct json_writer *json, const struct stack *stack, size_t depth)
{
	size_t shown = depth != 0 && depth < stack->count ? depth : stack->count;

	json_bool(json, "truncated", stack->is_truncated);
	json_unsigned(json, "frame_count", stack->count);
	json_array(json, "frames");
	for (size_t i = 0; i < shown; i++)
		put_frame(json, stack->frames[i]);
	json_array_end(json);
}
