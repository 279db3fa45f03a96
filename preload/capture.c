/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.c - walks the stack inside out and interns its nodes outside in.
 */
#define _GNU_SOURCE
#include "capture.h"

#include <dlfcn.h>
#include <string.h>

#include "libc_compat.h"
#include "live_memory.h"
#include "memtrace/atomic.h"
#include "memtrace/env.h"
#include "module_table.h"
#include "node_table.h"
#include "self_check.h"
#include "text.h"
#include "trace_file.h"
#include "unwind_second.h"

#define CAPTURE_TRUNCATED_KEEP 64u /* innermost frames kept of a stack deeper than any limit */
#define CAPTURE_SECOND_PAGES 16u
#define CAPTURE_PAGES (OPTIONS_DEPTH_MAX * (uint32_t)sizeof(uint32_t) / 4096u)

_Static_assert(CAPTURE_PAGES == LIVE_RUN_PAGES_MAX / 8, "thread.c gives back as many");

static uint32_t capture_depth_max = OPTIONS_DEPTH_MAX;
static uint32_t capture_overflow_node;
static uint32_t capture_used_unwinder;

/* The object with libunwind stands beside this one. */
static bool capture_open_second(void)
{
	char path[OPTIONS_PATH_MAX];
	struct text text;
	Dl_info self;

	if (dladdr((const void *)(uintptr_t)capture_open_second, &self) == 0 ||
	    self.dli_fname == NULL)
		return false;
	text_init(&text, path, sizeof(path));
	text_add_bytes(&text, self.dli_fname,
		       (size_t)(text_base_name(self.dli_fname) - self.dli_fname));
	text_add(&text, MT_LIBUNWIND_NAME);
	return !text.is_cut && unwind_second_open(path);
}

static void capture_choose(uint32_t unwinder)
{
	bool wants_second = self_check_wants_second() || unwinder == MT_UNWINDER_LIBUNWIND;
	bool is_open = wants_second && capture_open_second();

	self_check_init(is_open);
	if (wants_second && !is_open)
		trace_file_message(2, 0, "libunwind cannot be loaded; using cfi");
	capture_used_unwinder = is_open ? unwinder : MT_UNWINDER_CFI;
}

void capture_init(const struct options *options)
{
	capture_depth_max = options->depth_max;
	if (capture_used_unwinder == 0)
		capture_choose(options->unwinder);
	/* made while there is room, for when there is none */
	capture_overflow_node =
		node_intern(0, location_intern(location_pseudo(MT_PSEUDO_OVERFLOW, 0)));
}

uint32_t capture_unwinder(void)
{
	return capture_used_unwinder;
}

static uint32_t capture_location(const struct unwind_cursor *cursor)
{
	uint32_t location = unwind_location(cursor);
	uint64_t module = MT_MODULE_NONE, offset = cursor->frame_address;
	struct module_info info;

	if (__builtin_expect(location != 0, 1))
		return location;
	if (module_table_find(cursor->frame_address, &info))
		module = module_table_record(&info);
	if (module != MT_MODULE_NONE)
		offset -= info.bias;
	location = location_intern(module << MT_LOCATION_MODULE_SHIFT |
				   (offset & MT_LOCATION_OFFSET_MASK));
	unwind_set_location(cursor, location);
	return location;
}

/* Room for as many frames as are ever kept. */
static bool capture_widen(struct capture_scratch *scratch)
{
	uint32_t *frames = live_memory_take(LIVE_USE_FRAMES, CAPTURE_PAGES);

	if (frames == NULL)
		return false;
	memcpy(frames, scratch->frames, sizeof(scratch->own));
	scratch->frames = frames;
	scratch->capacity = OPTIONS_DEPTH_MAX;
	return true;
}

/* The same by libunwind, which gives all frames at once. */
static uint32_t capture_walk_second(struct unwind_cursor *cursor, const struct unwind_regs *regs,
				    struct unwind_bounds *bounds, struct capture_scratch *scratch,
				    enum unwind_status *end)
{
	uint64_t *frames = live_memory_take(LIVE_USE_FRAMES, CAPTURE_SECOND_PAGES);
	size_t count, used = 0;

	*end = UNWIND_BROKEN;
	if (frames == NULL)
		return 0;
	count = unwind_second_walk(regs, bounds, frames,
				   CAPTURE_SECOND_PAGES * 4096u / sizeof(*frames), end);
	for (size_t i = 1; i < count; i++) { /* 0 is the interposed function */
		if (used == capture_depth_max ||
		    (used == scratch->capacity && !capture_widen(scratch))) {
			*end = UNWIND_FRAME;
			break;
		}
		unwind_second_frame(cursor, frames[i]);
		scratch->frames[used++] = capture_location(cursor);
	}
	live_memory_give(LIVE_USE_FRAMES, frames, CAPTURE_SECOND_PAGES);
	return (uint32_t)used;
}

/* Fills the scratch with at most depth_max frames; returns their number. */
static uint32_t capture_walk(const struct unwind_regs *regs, struct unwind_bounds *bounds,
			     struct capture_scratch *scratch, enum unwind_status *end)
{
	struct unwind_cursor cursor;
	uint32_t count = 0;

	unwind_begin(&cursor, regs, bounds);
	if (__builtin_expect(capture_used_unwinder == MT_UNWINDER_LIBUNWIND, 0))
		return capture_walk_second(&cursor, regs, bounds, scratch, end);
	*end = unwind_next(&cursor);
	if (*end == UNWIND_FRAME) /* the interposed function */
		*end = unwind_next(&cursor);
	for (; *end == UNWIND_FRAME; *end = unwind_next(&cursor)) {
		if (count == capture_depth_max ||
		    (count == scratch->capacity && !capture_widen(scratch)))
			return count;
		scratch->frames[count++] = capture_location(&cursor);
	}
	return count;
}

static uint32_t capture_record(const struct unwind_regs *regs, struct unwind_bounds *bounds,
			       struct capture_scratch *scratch, uint32_t kind_node)
{
	enum unwind_status end;
	uint32_t count = capture_walk(regs, bounds, scratch, &end), node = kind_node;

	if (end == UNWIND_FRAME) {
		if (count > CAPTURE_TRUNCATED_KEEP && count >= OPTIONS_DEPTH_MAX)
			count = CAPTURE_TRUNCATED_KEEP;
		node = node_intern(node, location_intern(location_pseudo(MT_PSEUDO_TRUNCATED, 0)));
		trace_file_drop(MT_DROP_TRUNCATED_STACKS);
	} else if (end == UNWIND_BROKEN) {
		node = node_intern(node, location_intern(location_pseudo(MT_PSEUDO_UNKNOWN, 0)));
		trace_file_drop(MT_DROP_BROKEN_STACKS);
	}
	while (count > 0 && node != 0)
		node = node_intern(node, scratch->frames[--count]);
	if (node != 0)
		return node;
	trace_file_drop(MT_DROP_SITES);
	return capture_overflow_node;
}

uint32_t capture_node(const struct unwind_regs *regs, struct unwind_bounds *bounds,
		      struct capture_scratch *scratch, uint32_t kind_node)
{
	uint32_t node = capture_record(regs, bounds, scratch, kind_node);

	self_check_stack(regs, bounds, node);
	return node;
}
