/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker.c - books events: which thread, which shard, which stack, which block.
 *
 * An event in a signal handler that interrupts another event of the same thread is booked like any other,
 * but on a shard that several threads may write to and with a scratch of its own.
 */
#include "tracker.h"

#include "capture.h"
#include "clock.h"
#include "counters.h"
#include "live_table.h"
#include "look.h"
#include "memtrace/atomic.h"
#include "node_table.h"
#include "thread.h"
#include "trace_file.h"

/* One event in progress. */
struct event {
	struct thread *thread; /* NULL: nested, or the thread is at its end */
	struct shard *shard;
	struct capture_scratch *scratch; /* NULL: none left, nothing can be captured */
	struct unwind_bounds *bounds;
	struct unwind_bounds own_bounds; /* of a nested event, which may be on another stack */
	uint32_t kind_node;
	uintptr_t outer_sp;
};

static bool tracker_is_stopped;

void tracker_set_stopped(bool is_stopped)
{
	mt_store_relaxed(&tracker_is_stopped, is_stopped);
	mt_store_relaxed(&trace_file.process->is_stopped, is_stopped);
}

static void event_enter_nested(struct event *event, uintptr_t sp)
{
	struct thread *thread = thread_local_state.thread;

	event->thread = NULL;
	event->shard = shard_overflow();
	event->scratch = thread_borrow_scratch(sp);
	event->own_bounds = (struct unwind_bounds){0, 0};
	event->bounds = &event->own_bounds;
	event->kind_node = thread != NULL ? thread->kind_node : thread_kind_node();
}

static void event_enter(struct event *event)
{
	struct thread_local_state *local = &thread_local_state;
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	struct thread *thread;

	/* a handler that jumped out of an event has left its mark behind */
	if (__builtin_expect(local->depth != 0, 0) &&
	    (thread_has_left(local->event_sp, sp) ||
	     thread_has_left_first_event(local->event_sp, sp)))
		local->depth = 0;
	event->outer_sp = local->event_sp;
	local->event_sp = sp;
	mt_signal_fence();
	if (__builtin_expect(local->depth++ != 0, 0)) {
		event_enter_nested(event, sp);
		return;
	}
	mt_signal_fence();
	thread = local->thread;
	if (__builtin_expect(thread == NULL, 0))
		thread = thread_attach();
	if (__builtin_expect(thread == NULL, 0)) {
		event_enter_nested(event, sp);
		return;
	}
	event->thread = thread;
	event->shard = thread->shard;
	event->scratch = &thread->scratch;
	event->bounds = &thread->bounds;
	event->kind_node = thread->kind_node;
}

static void event_leave(struct event *event)
{
	struct thread_local_state *local = &thread_local_state;

	if (event->thread != NULL && event->thread->look_left-- == 0)
		look_around(event->thread);
	if (event->thread == NULL && event->scratch != NULL)
		thread_return_scratch(event->scratch);
	mt_signal_fence();
	local->event_sp = event->outer_sp;
	if (local->depth > 0) /* 0: taken for left behind by an event on another stack */
		local->depth--;
}

static void tracker_book_free(struct event *event, const struct mt_live_block *block,
			      bool is_temporary)
{
	counters_add_free(event->shard, shard_counters(event->shard, block->site, block->epoch),
			  block->size, is_temporary, block->epoch < clock_inherited_below());
}

/* Notes a block in the table. One that is there already was freed behind our back. */
static void tracker_note(struct event *event, const struct mt_live_block *block)
{
	struct mt_live_block old;

	switch (live_table_insert(block, &old)) {
	case LIVE_INSERTED:
		break;
	case LIVE_REPLACED:
		(void)mt_add_relaxed(&trace_file.process->unseen_free_count, 1);
		(void)mt_add_relaxed(&trace_file.process->unseen_free_bytes, old.size);
		tracker_book_free(event, &old, false);
		break;
	case LIVE_NO_ROOM:
		trace_file_drop(MT_DROP_BLOCKS);
		break;
	}
}

static void tracker_book_alloc(struct event *event, struct mt_live_block *block, bool is_realloc,
			       const struct unwind_regs *regs)
{
	if (event->scratch == NULL) {
		trace_file_drop(MT_DROP_EVENTS);
		return;
	}
	block->site =
		node_site(capture_node(regs, event->bounds, event->scratch, event->kind_node));
	counters_add_alloc(event->shard, shard_counters(event->shard, block->site, block->epoch),
			   block->size, is_realloc);
	tracker_note(event, block);
}

/* While recording is off nothing is an event; a request to switch it on must be seen all the same. */
static void tracker_idle(void)
{
	struct event event;

	if (mt_load_relaxed(&trace_file.header->control) ==
	    mt_load_relaxed(&trace_file.header->control_done))
		return;
	event_enter(&event);
	if (event.thread != NULL)
		event.thread->look_left = 0;
	event_leave(&event);
}

void tracker_alloc(const void *address, size_t size, uint32_t flags, const struct unwind_regs *regs)
{
	struct mt_live_block block = {.address = (uintptr_t)address, .size = size, .flags = flags};
	struct event event;

	if (__builtin_expect(mt_load_relaxed(&tracker_is_stopped), 0)) {
		tracker_idle();
		return;
	}
	event_enter(&event);
	block.epoch = clock_epoch();
	tracker_book_alloc(&event, &block, false, regs);
	if ((flags & MT_LIVE_FLAG_API) == 0)
		thread_local_state.last_block = (uintptr_t)address;
	event_leave(&event);
}

void tracker_free(const void *address, uint32_t flags)
{
	bool is_api = (flags & MT_LIVE_FLAG_API) != 0;
	struct mt_live_block block;
	struct event event;

	event_enter(&event);
	if (live_table_remove((uintptr_t)address, is_api, &block)) {
		bool is_temporary = !is_api && thread_local_state.last_block == (uintptr_t)address;

		if (is_temporary)
			thread_local_state.last_block = 0;
		tracker_book_free(&event, &block, is_temporary);
	} else {
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
	}
	event_leave(&event);
}

void tracker_realloc_begin(const void *address, struct tracker_realloc *state)
{
	struct event event;

	event_enter(&event);
	state->is_known = live_table_remove((uintptr_t)address, false, &state->old);
	event_leave(&event);
}

void tracker_realloc_end(const void *fresh, size_t size, struct tracker_realloc *state,
			 const struct unwind_regs *regs)
{
	struct mt_live_block block = {.address = (uintptr_t)fresh,
				      .size = size,
				      .flags = MT_LIVE_FLAG_MOVED};
	struct event event;

	event_enter(&event);
	if (fresh == NULL && size != 0) {
		if (state->is_known)
			tracker_note(&event, &state->old);
		event_leave(&event);
		return;
	}
	if (state->is_known)
		tracker_book_free(&event, &state->old, false);
	else
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
	if (fresh != NULL && !mt_load_relaxed(&tracker_is_stopped)) {
		block.epoch = state->is_known ? state->old.epoch : clock_epoch();
		if (block.epoch < clock_inherited_below())
			block.epoch =
				clock_inherited_below(); /* from now on it is this process's own */
		tracker_book_alloc(&event, &block, true, regs);
	}
	thread_local_state.last_block = 0;
	event_leave(&event);
}

static void tracker_inherit_block(const struct mt_live_block *block, void *context)
{
	struct shard *shard = context;

	counters_add_inherited(shard, shard_counters(shard, block->site, block->epoch),
			       block->size);
	trace_file.process->inherited_blocks++;
	trace_file.process->inherited_bytes += (int64_t)block->size;
}

void tracker_inherit(void)
{
	live_table_each(tracker_inherit_block, shard_overflow());
}
