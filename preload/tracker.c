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
#include "self_check.h"
#include "state.h"
#include "thread.h"
#include "trace_file.h"

/* One event in progress. */
struct event {
	struct thread *thread; /* NULL: nested, or the thread is at its end */
	struct shard *shard;
	uintptr_t outer_sp; /* of a nested one: where the event that it interrupts began */
};

/* The state of a thread at its first event; whether the event that it was in is still going on. */
static __attribute__((noinline)) ANY_STACK struct event event_enter_odd(uintptr_t sp)
{
	struct thread_local_state *local = &thread_local_state;
	struct event event = {.shard = shard_overflow(), .outer_sp = local->event_sp};

	/* a handler that jumped out of an event has left its mark behind */
	if (local->depth != 0 && (thread_has_left(local->event_sp, sp) ||
				  thread_has_left_first_event(local->event_sp, sp)))
		local->depth = 0;
	local->event_sp = sp;
	mt_signal_fence();
	if (local->depth++ != 0)
		return event;
	mt_signal_fence();
	event.thread = local->thread;
	if (event.thread == NULL)
		event.thread = thread_attach();
	if (event.thread != NULL)
		event.shard = event.thread->shard;
	return event;
}

static inline struct event event_enter(void)
{
	struct thread_local_state *local = &thread_local_state;
	struct thread *thread = local->thread;
	uintptr_t sp = any_stack_pointer();

	if (__builtin_expect(local->depth != 0 || thread == NULL, 0))
		return event_enter_odd(sp);
	local->event_sp = sp;
	mt_signal_fence();
	local->depth = 1;
	mt_signal_fence();
	return (struct event){.thread = thread, .shard = thread->shard};
}

static inline void event_leave(struct event event)
{
	struct thread_local_state *local = &thread_local_state;

	if (__builtin_expect(event.thread == NULL, 0)) {
		local->event_sp = event.outer_sp;
		mt_signal_fence();
		if (local->depth > 0) /* 0: taken for left behind by an event on another stack */
			local->depth--;
		return;
	}
	if (__builtin_expect(event.thread->look_left-- == 0, 0))
		look_around(event.thread);
	mt_signal_fence();
	local->depth = 0;
}

/* The stack of an event without a thread's records; 0 = it cannot be captured. */
static __attribute__((noinline)) ANY_STACK uint32_t
tracker_nested_site(const struct unwind_frame *frame)
{
	struct thread *thread = thread_local_state.thread;
	struct unwind_bounds bounds = {0, 0}; /* it may be on another stack */
	struct capture_scratch *scratch = thread_borrow_scratch((uintptr_t)frame);
	uint32_t site;

	if (scratch == NULL)
		return 0;
	site = capture_site(frame, &bounds, scratch,
			    thread != NULL ? thread->kind_node : thread_kind_node());
	thread_return_scratch(scratch);
	return site;
}

static void tracker_book_free(struct shard *shard, const struct mt_live_block *block,
			      bool is_temporary)
{
	counters_add_free(shard, shard_counters(shard, block->site, block->epoch), block->size,
			  is_temporary, block->epoch < clock_inherited_below());
}

/* Notes a block in the table. One that is there already was freed behind our back. */
static void tracker_note(struct shard *shard, const struct mt_live_block *block)
{
	struct mt_live_block old;

	switch (live_table_insert(block, &old)) {
	case LIVE_INSERTED:
		break;
	case LIVE_REPLACED:
		(void)mt_add_relaxed(&trace_file.process->unseen_free_count, 1);
		(void)mt_add_relaxed(&trace_file.process->unseen_free_bytes, old.size);
		tracker_book_free(shard, &old, false);
		break;
	case LIVE_NO_ROOM:
		trace_file_drop(MT_DROP_BLOCKS);
		break;
	}
}

static inline void tracker_book_alloc(struct event event, struct mt_live_block *block,
				      bool is_realloc, const struct unwind_frame *frame)
{
	struct replay_booking nested, *booking = &nested;

	if (__builtin_expect(event.thread != NULL, 1)) {
		booking = capture_booking(event.thread, frame);
	} else {
		nested = (struct replay_booking){.site = tracker_nested_site(frame)};
		if (nested.site == 0) {
			trace_file_drop(MT_DROP_EVENTS);
			return;
		}
		nested.counters = shard_counters(event.shard, nested.site, block->epoch);
	}
	if (__builtin_expect(self_check_is_on, 0))
		self_check_event(frame, event.thread, booking->site);
	block->site = booking->site;
	counters_add_alloc(event.shard, booking->counters, block->size, is_realloc, booking->sides);
	tracker_note(event.shard, block);
}

void tracker_set_stopped(bool is_stopped)
{
	mt_store_relaxed(&trace_file.process->is_stopped, is_stopped);
	state_set(is_stopped ? STATE_STOPPED : STATE_TRACED);
}

void tracker_idle(void)
{
	struct event event;

	if (mt_load_relaxed(&trace_file.header->control) ==
	    mt_load_relaxed(&trace_file.header->control_done))
		return;
	event = event_enter();
	if (event.thread != NULL)
		event.thread->look_left = 0;
	event_leave(event);
}

void tracker_alloc(const void *address, size_t size, uint32_t flags,
		   const struct unwind_frame *frame)
{
	struct event event = event_enter();
	struct mt_live_block block = {.address = (uintptr_t)address,
				      .size = size,
				      .flags = flags,
				      .epoch = clock_epoch()};

	tracker_book_alloc(event, &block, false, frame);
	if ((flags & MT_LIVE_FLAG_API) == 0)
		thread_local_state.last_block = (uintptr_t)address;
	event_leave(event);
}

void tracker_free(const void *address, uint32_t flags)
{
	struct event event = event_enter();
	bool is_api = (flags & MT_LIVE_FLAG_API) != 0;
	struct mt_live_block block;

	if (__builtin_expect(live_table_remove((uintptr_t)address, is_api, &block), 1)) {
		bool is_temporary = !is_api && thread_local_state.last_block == (uintptr_t)address;

		if (is_temporary)
			thread_local_state.last_block = 0;
		tracker_book_free(event.shard, &block, is_temporary);
	} else {
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
	}
	event_leave(event);
}

void tracker_realloc_begin(const void *address, struct tracker_realloc *state)
{
	struct event event = event_enter();

	state->is_known = live_table_remove((uintptr_t)address, false, &state->old);
	event_leave(event);
}

void tracker_realloc_end(const void *fresh, size_t size, struct tracker_realloc *state,
			 const struct unwind_frame *frame)
{
	struct event event = event_enter();
	struct mt_live_block block = {.address = (uintptr_t)fresh,
				      .size = size,
				      .flags = MT_LIVE_FLAG_MOVED};

	if (fresh == NULL && size != 0) {
		if (state->is_known)
			tracker_note(event.shard, &state->old);
		event_leave(event);
		return;
	}
	if (state->is_known)
		tracker_book_free(event.shard, &state->old, false);
	else
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
	if (fresh != NULL && state_now() == STATE_TRACED) {
		block.epoch = state->is_known ? state->old.epoch : clock_epoch();
		if (block.epoch < clock_inherited_below())
			block.epoch =
				clock_inherited_below(); /* from now on it is this process's own */
		tracker_book_alloc(event, &block, true, frame);
	}
	thread_local_state.last_block = 0;
	event_leave(event);
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
	live_table_each(tracker_inherit_block, shard_at(0));
}
