/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.c - walks the stack inside out and interns its nodes outside in.
 */
#define _GNU_SOURCE
#include "capture.h"

#include <dlfcn.h>
#include <string.h>

#include "clock.h"
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
	(void)node_site(capture_overflow_node);
}

uint32_t capture_unwinder(void)
{
	return capture_used_unwinder;
}

static uint32_t capture_location(const struct unwind_cursor *cursor)
{
	uint32_t location = unwind_location(cursor);
	uint64_t module = MT_MODULE_NONE, offset = cursor->frame_address, word;
	struct module_info info;

	if (__builtin_expect(location != 0, 1))
		return location;
	if (module_table_find(cursor->frame_address, &info))
		module = module_table_record(&info);
	if (module != MT_MODULE_NONE)
		offset -= info.bias;
	word = module << MT_LOCATION_MODULE_SHIFT | (offset & MT_LOCATION_OFFSET_MASK);
	/* libunwind's guesses may be any word; a record of 0 is one that is not written yet */
	location = location_intern(word != 0 ? word : location_pseudo(MT_PSEUDO_UNKNOWN, 0));
	unwind_set_location(cursor, location);
	return location;
}

/* Room for as many frames as are ever kept. */
static bool capture_widen(struct capture_scratch *scratch)
{
	uint32_t *frames = live_memory_take(LIVE_USE_FRAMES, THREAD_FRAMES_PAGES);

	if (frames == NULL)
		return false;
	memcpy(frames, scratch->frames, sizeof(scratch->own));
	scratch->frames = frames;
	scratch->capacity = OPTIONS_DEPTH_MAX;
	return true;
}

/* A walk: what it begins with, and what it has found. */
struct capture {
	struct unwind_regs regs;
	const struct unwind_frame *frame;
	struct unwind_bounds *bounds;
	struct capture_scratch *scratch;
	struct unwind_cursor cursor;
	uint32_t count;		/* frames in the scratch, innermost first */
	uint32_t met;		/* node of the next outer one, if it is known; else 0 */
	enum unwind_status end; /* UNWIND_FRAME: too deep, unless the rest is known */
};

/* Whether there is room for one more frame. */
static bool capture_has_room(struct capture *capture)
{
	return capture->count < capture_depth_max &&
	       (capture->count < capture->scratch->capacity || capture_widen(capture->scratch));
}

/* The same by libunwind, which gives all frames at once. */
static void capture_walk_second(struct capture *capture)
{
	uint64_t *frames = live_memory_take(LIVE_USE_FRAMES, CAPTURE_SECOND_PAGES);
	size_t count, i = 0;

	capture->end = UNWIND_BROKEN;
	if (frames == NULL)
		return;
	count = unwind_second_walk(&capture->regs, capture->bounds, frames,
				   CAPTURE_SECOND_PAGES * 4096u / sizeof(*frames), &capture->end);
	while (i < count && frames[i] != capture->frame->ip - 1) /* our own */
		i++;
	for (; i < count; i++) {
		if (!capture_has_room(capture)) {
			capture->end = UNWIND_FRAME;
			break;
		}
		unwind_second_frame(&capture->cursor, frames[i]);
		capture->scratch->frames[capture->count++] = capture_location(&capture->cursor);
	}
	live_memory_give(LIVE_USE_FRAMES, frames, CAPTURE_SECOND_PAGES);
}

static void capture_walk(struct capture *capture)
{
	struct unwind_cursor *cursor = &capture->cursor;

	while ((capture->end = unwind_next(cursor)) == UNWIND_FRAME) {
		if (!capture_has_room(capture))
			return;
		capture->scratch->frames[capture->count++] = capture_location(cursor);
	}
}

/* Takes over the rest that the walk has met, unless the stack is too deep with it. */
static bool capture_takes_rest(struct capture *capture, const struct replay_walk *walk)
{
	if (capture->count + walk->base->cell_count > capture_depth_max &&
	    capture->count + replay_rest_count(walk) > capture_depth_max)
		return false;
	capture->met = walk->base->cells[walk->base_next].node;
	capture->end = UNWIND_FRAME;
	return true;
}

/* The same, recorded, and only as far as the rest is not known from another record. */
static void capture_walk_recorded(struct capture *capture, struct replay_walk *walk)
{
	struct unwind_cursor *cursor = &capture->cursor;

	for (;;) {
		if (replay_walk_meets(walk, cursor) && capture_takes_rest(capture, walk))
			return;
		capture->end = unwind_next(cursor);
		if (capture->end != UNWIND_FRAME)
			return;
		if (!capture_has_room(capture)) {
			walk->record = NULL;
			return;
		}
		capture->scratch->frames[capture->count++] = capture_location(cursor);
		replay_walk_note(walk, cursor);
	}
}

static uint32_t capture_root(struct capture *capture, uint32_t kind_node)
{
	if (capture->met != 0)
		return capture->met;
	if (capture->end == UNWIND_FRAME) {
		if (capture->count > CAPTURE_TRUNCATED_KEEP && capture->count >= OPTIONS_DEPTH_MAX)
			capture->count = CAPTURE_TRUNCATED_KEEP;
		trace_file_drop(MT_DROP_TRUNCATED_STACKS);
		return node_intern(kind_node,
				   location_intern(location_pseudo(MT_PSEUDO_TRUNCATED, 0)));
	}
	if (capture->end == UNWIND_BROKEN) {
		trace_file_drop(MT_DROP_BROKEN_STACKS);
		return node_intern(kind_node,
				   location_intern(location_pseudo(MT_PSEUDO_UNKNOWN, 0)));
	}
	return kind_node;
}

/* Interns the walked frames from the outermost on, in their place in the scratch; returns the innermost's node. */
static uint32_t capture_intern(struct capture *capture, uint32_t kind_node)
{
	uint32_t node = capture_root(capture, kind_node), *frames = capture->scratch->frames;

	/* a known rest begins with the frame that it was met at */
	for (uint32_t i = capture->count; i-- > 0 && node != 0;)
		frames[i] = node = node_intern(node, frames[i]);
	if (node != 0)
		return node;
	trace_file_drop(MT_DROP_SITES);
	return capture_overflow_node;
}

static void capture_begin(struct capture *capture, const struct unwind_frame *frame,
			  struct unwind_bounds *bounds, struct capture_scratch *scratch)
{
	unwind_regs_capture(&capture->regs);
	capture->frame = frame;
	capture->bounds = bounds;
	capture->scratch = scratch;
	capture->count = 0;
	capture->met = 0;
	unwind_begin_above(&capture->cursor, &capture->regs, frame, bounds);
}

uint32_t capture_node(const struct unwind_frame *frame, struct unwind_bounds *bounds,
		      struct capture_scratch *scratch, uint32_t kind_node)
{
	struct capture capture;

	capture_begin(&capture, frame, bounds, scratch);
	if (__builtin_expect(capture_used_unwinder == MT_UNWINDER_LIBUNWIND, 0))
		capture_walk_second(&capture);
	else
		capture_walk(&capture);
	return capture_intern(&capture, kind_node);
}

uint32_t capture_site(const struct unwind_frame *frame, struct unwind_bounds *bounds,
		      struct capture_scratch *scratch, uint32_t kind_node)
{
	return node_site(capture_node(frame, bounds, scratch, kind_node));
}

/*
 * Where an event of this node is booked. One whose site or counters find no room is booked where those go that have no
 * node, so that it is in the totals; *is_kept = it is where it belongs.
 */
static struct replay_booking capture_book(struct thread *thread, uint32_t node, bool *is_kept)
{
	struct replay_booking booking = {.site = node_site(node)};

	booking.counters = shard_counters(thread->shard, booking.site, clock_epoch());
	*is_kept = booking.counters != NULL && node != capture_overflow_node;
	if (booking.counters != NULL || node == capture_overflow_node)
		return booking;
	booking.site = node_site(capture_overflow_node);
	booking.counters = shard_counters(thread->shard, booking.site, clock_epoch());
	if (booking.counters != NULL)
		trace_file_drop(MT_DROP_SITES);
	return booking;
}

struct replay_booking *capture_new(struct thread *thread, const struct unwind_frame *frame)
{
	struct replay_booking *booking = &thread->unkept;
	struct replay_stack *record;
	struct replay_walk walk;
	struct capture capture;
	bool is_kept;

	if (__builtin_expect(capture_used_unwinder == MT_UNWINDER_LIBUNWIND, 0)) {
		*booking = capture_book(thread,
					capture_node(frame, &thread->bounds, &thread->scratch,
						     thread->kind_node),
					&is_kept);
		return booking;
	}
	capture_begin(&capture, frame, &thread->bounds, &thread->scratch);
	replay_walk_begin(&walk, &thread->replay, frame);
	capture_walk_recorded(&capture, &walk);
	record = replay_walk_end(&walk, &capture.cursor);
	if (record != NULL)
		booking = &record->booking;
	*booking = capture_book(thread, capture_intern(&capture, thread->kind_node), &is_kept);
	/* what finds no room is counted each time, and its frames may have no nodes */
	if (record != NULL && is_kept) {
		replay_fill(record, capture.scratch->frames, capture.count);
		replay_keep(&thread->replay, record);
	}
	return booking;
}
