/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame_json.h - a call stack in JSON, the same wherever one stands.
 */
#ifndef RENDER_FRAME_JSON_H
#define RENDER_FRAME_JSON_H

#include <stddef.h>

#include "base/json_writer.h"
#include "model/stack.h"

/**
 * frame_json_line() - member "line", null where it is not known.
 */
void frame_json_line(struct json_writer *json, const struct frame *frame);

/**
 * frame_json_stack() - members "truncated", "frame_count" and "frames" of the object that is open.
 * @depth: frames written; 0 = all.
 */
void frame_json_stack(struct json_writer *json, const struct stack *stack, size_t depth);

#endif
