/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker.c - books events: which thread, which shard, which stack, which block.
 *
 * An event in a signal handler that interrupts another event of the same thread is booked like any other,
 * but on a shard that several threads may write to and with a scratch of its own.
 */
#include "tracker.h"

#include <errno.h>

#include "capture.h"
#include "clock.h"
#include "counters.h"
#include "invalid.h"
#include "live_table.h"
#include "look.h"
#include "memtrace/atomic.h"
#include "node_table.h"
#include "real.h"
#include "sample_filter.h"
#include "sampled.h"
#include "sampler.h"
#include "self_check.h"
#include "state.h"
#include "thread.h"
#include "trace_file.h"

/* Samples are recorded or frees looked at: a free is more than the hot path does. */
static bool tracker_frees_are_odd;

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

/* The common case: an event that is not inside another one, of a thread that has a state; else NULL. */
static inline struct thread *event_enter_own(void)
{
	struct thread_local_state *local = &thread_local_state;
	struct thread *thread = local->thread;

	if (__builtin_expect(local->depth != 0 || thread == NULL, 0))
		return NULL;
	local->event_sp = any_stack_pointer();
	mt_signal_fence();
	local->depth = 1;
	mt_signal_fence();
	return thread;
}

static inline void event_leave_own(struct thread *thread)
{
	if (__builtin_expect(thread->look_left-- == 0, 0))
		look_around(thread);
	mt_signal_fence();
	thread_local_state.depth = 0;
}

static inline struct event event_enter(void)
{
	struct thread *thread = event_enter_own();

	if (__builtin_expect(thread == NULL, 0))
		return event_enter_odd(any_stack_pointer());
	return (struct event){.thread = thread, .shard = thread->shard};
}

static inline void event_leave(struct event event)
{
	struct thread_local_state *local = &thread_local_state;

	if (__builtin_expect(event.thread != NULL, 1)) {
		event_leave_own(event.thread);
		return;
	}
	local->event_sp = event.outer_sp;
	mt_signal_fence();
	if (local->depth > 0) /* 0: taken for left behind by an event on another stack */
		local->depth--;
}

typedef uint32_t tracker_capture(const struct unwind_frame *frame, struct unwind_bounds *bounds,
				 struct capture_scratch *scratch, uint32_t kind_node);

/* The stack of an event without a thread's records; 0 = it cannot be captured. */
static __attribute__((noinline)) ANY_STACK uint32_t
tracker_nested_stack(const struct unwind_frame *frame, tracker_capture *capture)
{
	struct thread *thread = thread_local_state.thread;
	struct unwind_bounds bounds = {0, 0}; /* it may be on another stack */
	struct capture_scratch *scratch = thread_borrow_scratch((uintptr_t)frame);
	uint32_t stack;

	if (scratch == NULL)
		return 0;
	stack = capture(frame, &bounds, scratch,
			thread != NULL ? thread->kind_node : thread_kind_node());
	thread_return_scratch(scratch);
	return stack;
}

/* Innermost node of the stack of a free. */
static uint32_t tracker_node(struct event event, const struct unwind_frame *frame)
{
	struct thread *thread = event.thread;

	if (thread == NULL)
		return tracker_nested_stack(frame, capture_node);
	return capture_node(frame, &thread->bounds, &thread->scratch, thread->kind_node);
}

static void tracker_book_free(struct shard *shard, const struct mt_live_block *block,
			      bool is_temporary)
{
	struct mt_counters *counters = shard_counters(shard, block->site, block->epoch);
	bool is_inherited = block->epoch < clock_inherited_below();

	if (__builtin_expect(sampler_bytes != 0, 0))
		sampled_add_free(shard, counters, block, is_temporary, is_inherited);
	else
		counters_add_free(shard, counters, block->size, is_temporary, is_inherited);
}

static uint32_t tracker_sample_flag(void)
{
	return sampler_bytes != 0 ? MT_LIVE_FLAG_SAMPLED : 0;
}

/* Whether frees of this block have to pass the filter. */
static bool tracker_is_filtered(const struct mt_live_block *block)
{
	return sampler_bytes != 0 && (block->flags & MT_LIVE_FLAG_API) == 0;
}

/* Takes a block out of the table; false = it is not there. */
static inline bool tracker_forget(const void *address, bool is_api, struct mt_live_block *block)
{
	if (__builtin_expect(!live_table_remove((uintptr_t)address, is_api, block), 0))
		return false;
	if (__builtin_expect(tracker_is_filtered(block), 0))
		sample_filter_remove((uintptr_t)address);
	return true;
}

/* A block that is in the table already was freed behind our back. */
static __attribute__((noinline)) void tracker_note_odd(struct shard *shard, enum live_insert result,
						       const struct mt_live_block *old)
{
	if (result == LIVE_NO_ROOM) {
		trace_file_drop(MT_DROP_BLOCKS);
		return;
	}
	(void)mt_add_relaxed(&trace_file.process->unseen_free_count, 1);
	(void)mt_add_relaxed(&trace_file.process->unseen_free_bytes, old->size);
	tracker_book_free(shard, old, false);
}

/* Notes a block in the table. */
static __attribute__((always_inline)) inline void
tracker_note_exact(struct shard *shard, const struct mt_live_block *block)
{
	struct mt_live_block old;
	enum live_insert result = live_table_insert(block, &old);

	if (__builtin_expect(result != LIVE_INSERTED, 0))
		tracker_note_odd(shard, result, &old);
}

static void tracker_note(struct shard *shard, const struct mt_live_block *block)
{
	enum live_insert result;
	struct mt_live_block old;

	if (!tracker_is_filtered(block)) {
		tracker_note_exact(shard, block);
		return;
	}
	sample_filter_add((uintptr_t)block->address);
	result = live_table_insert(block, &old);
	if (result == LIVE_INSERTED)
		return;
	sample_filter_remove((uintptr_t)block->address);
	tracker_note_odd(shard, result, &old);
}

static void tracker_book(struct event event, const struct unwind_frame *frame,
			 struct mt_live_block *block, bool is_realloc,
			 struct replay_booking *booking)
{
	if (self_check_is_on)
		self_check_event(frame, event.thread, booking->site);
	block->site = booking->site;
	if (sampler_bytes != 0) {
		sampler_mark();
		sampled_add_alloc(event.shard, booking->counters, block, is_realloc);
	} else {
		counters_add_alloc(event.shard, booking->counters, block->size, is_realloc,
				   booking->sides);
	}
	tracker_note(event.shard, block);
}

static void tracker_book_nested(struct event event, const struct unwind_frame *frame,
				struct mt_live_block *block, bool is_realloc)
{
	struct replay_booking booking = {.site = tracker_nested_stack(frame, capture_site)};

	if (booking.site == 0) {
		trace_file_drop(MT_DROP_EVENTS);
		return;
	}
	booking.counters = shard_counters(event.shard, booking.site, block->epoch);
	tracker_book(event, frame, block, is_realloc, &booking);
}

static void tracker_book_alloc(struct event event, const struct unwind_frame *frame,
			       struct mt_live_block *block, bool is_realloc)
{
	if (event.thread == NULL)
		tracker_book_nested(event, frame, block, is_realloc);
	else
		tracker_book(event, frame, block, is_realloc, capture_booking(event.thread, frame));
}

void tracker_init(void)
{
	tracker_frees_are_odd = sampler_bytes != 0 || invalid_is_on;
}

void tracker_set_stopped(bool is_stopped)
{
	invalid_forget();
	mt_store_relaxed(&trace_file.process->is_stopped, is_stopped);
	state_set(is_stopped ? STATE_STOPPED : sampler_state());
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

/* Any allocation. */
static __attribute__((noinline)) void
tracker_alloc_odd(const void *address, size_t size, bool is_api, const struct unwind_frame *frame)
{
	struct event event = event_enter();
	struct mt_live_block block = {.address = (uintptr_t)address,
				      .size = size,
				      .flags = is_api ? MT_LIVE_FLAG_API : tracker_sample_flag(),
				      .epoch = clock_epoch()};

	tracker_book_alloc(event, frame, &block, false);
	if (!is_api)
		thread_local_state.last_block = (uintptr_t)address;
	event_leave(event);
}

void tracker_alloc(const void *address, size_t size, const struct unwind_frame *frame)
{
	struct mt_live_block block = {.address = (uintptr_t)address,
				      .size = size,
				      .epoch = clock_epoch()};
	struct replay_booking *booking;
	struct thread *thread;

	if (__builtin_expect(sampler_bytes != 0 || (thread = event_enter_own()) == NULL, 0)) {
		tracker_alloc_odd(address, size, false, frame);
		return;
	}
	booking = capture_booking(thread, frame);
	if (__builtin_expect(self_check_is_on, 0))
		self_check_event(frame, thread, booking->site);
	block.site = booking->site;
	counters_add_alloc(thread->shard, booking->counters, size, false, booking->sides);
	tracker_note_exact(thread->shard, &block);
	thread_local_state.last_block = (uintptr_t)address;
	event_leave_own(thread);
}

void tracker_report_alloc(const void *address, size_t size, const struct unwind_frame *frame)
{
	tracker_alloc_odd(address, size, true, frame);
}

/* Whether the block is the last one that this thread was given. */
static inline bool tracker_is_last(const void *address)
{
	struct thread_local_state *local = &thread_local_state;

	if (__builtin_expect(local->last_block != (uintptr_t)address, 1))
		return false;
	local->last_block = 0;
	return true;
}

/* A call of the allocator with what is no live block, before it is made: it may be the last one. */
static void tracker_report(struct event event, const void *address, enum mt_invalid_call call,
			   const struct unwind_frame *frame)
{
	int saved = errno;

	/* while nothing is recorded blocks are handed out unseen */
	if (!invalid_is_on || !state_is_recording())
		return;
	invalid_report((uintptr_t)address, call, tracker_node(event, frame));
	errno = saved;
}

/* Any free. */
static __attribute__((noinline)) void tracker_free_odd(const void *address, bool is_api)
{
	struct event event = event_enter();
	struct mt_live_block block;

	if (tracker_forget(address, is_api, &block)) {
		tracker_book_free(event.shard, &block,
				  !is_api && sampler_is_last() && tracker_is_last(address));
		if (invalid_is_on && !is_api)
			invalid_note_free(&block, tracker_node(event, UNWIND_FRAME_HERE()));
	} else if (is_api) {
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
	} else if (sampler_bytes == 0) {
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
		tracker_report(event, address, MT_INVALID_FREE, UNWIND_FRAME_HERE());
	}
	event_leave(event);
}

void tracker_free(const void *address)
{
	struct mt_live_block block;
	struct thread *thread;

	/* what the allocator reads next: it comes while the table is being asked */
	__builtin_prefetch((const char *)address - 2 * sizeof(size_t), 1);
	if (__builtin_expect(tracker_frees_are_odd || (thread = event_enter_own()) == NULL, 0)) {
		tracker_free_odd(address, false);
		return;
	}
	if (__builtin_expect(live_table_remove((uintptr_t)address, false, &block), 1))
		counters_add_free(thread->shard,
				  shard_counters(thread->shard, block.site, block.epoch),
				  block.size, tracker_is_last(address),
				  block.epoch < clock_inherited_below());
	else
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
	event_leave_own(thread);
}

void tracker_report_free(const void *address)
{
	tracker_free_odd(address, true);
}

void tracker_realloc_begin(const void *address, struct tracker_realloc *state,
			   const struct unwind_frame *frame)
{
	struct event event;

	state->is_known = false;
	if (__builtin_expect(sampler_bytes != 0, 0)) {
		state->usable = real_claimed_size((void *)(uintptr_t)address);
		if (!sample_filter_may_hold((uintptr_t)address))
			return;
	}
	event = event_enter();
	state->is_known = tracker_forget(address, false, &state->old);
	if (!state->is_known)
		tracker_report(event, address, MT_INVALID_REALLOC, frame);
	event_leave(event);
}

/* Whether the block that a realloc has given back is to be recorded. */
static bool tracker_records_moved(const void *fresh, size_t size,
				  const struct tracker_realloc *state)
{
	if (fresh == NULL || !state_is_recording())
		return false;
	if (sampler_bytes == 0)
		return true;
	if (state->is_known)
		return sampler_keeps(state->old.size, size);
	return sampler_takes_grown(state->usable, real.usable_size((void *)(uintptr_t)fresh), size);
}

/* The old block of a realloc is no more, unless it is the new one. */
static void tracker_book_freed(struct event event, const void *fresh,
			       const struct mt_live_block *old, const struct unwind_frame *frame)
{
	tracker_book_free(event.shard, old, false);
	if (__builtin_expect(invalid_is_on, 0) && old->address != (uintptr_t)fresh)
		invalid_note_free(old, tracker_node(event, frame));
}

void tracker_realloc_end(const void *fresh, size_t size, struct tracker_realloc *state,
			 const struct unwind_frame *frame)
{
	struct mt_live_block block = {.address = (uintptr_t)fresh,
				      .size = size,
				      .flags = MT_LIVE_FLAG_MOVED | tracker_sample_flag()};
	bool is_recorded = tracker_records_moved(fresh, size, state);
	struct event event;

	if (__builtin_expect(sampler_bytes != 0 && !state->is_known && !is_recorded, 0)) {
		thread_local_state.last_block = 0;
		return;
	}
	event = event_enter();
	if (fresh == NULL && size != 0) {
		if (state->is_known)
			tracker_note(event.shard, &state->old);
		event_leave(event);
		return;
	}
	if (state->is_known)
		tracker_book_freed(event, fresh, &state->old, frame);
	else if (sampler_bytes == 0)
		(void)mt_add_relaxed(&trace_file.process->foreign_free_count, 1);
	if (is_recorded) {
		block.epoch = state->is_known ? state->old.epoch : clock_epoch();
		if (block.epoch < clock_inherited_below())
			block.epoch =
				clock_inherited_below(); /* from now on it is this process's own */
		tracker_book_alloc(event, frame, &block, true);
	}
	thread_local_state.last_block = 0;
	event_leave(event);
}

static void tracker_inherit_block(const struct mt_live_block *block, void *context)
{
	struct shard *shard = context;
	struct mt_counters *counters = shard_counters(shard, block->site, block->epoch);
	uint64_t weight = 1;

	if (sampler_bytes != 0)
		weight = sampled_add_inherited(shard, counters, block);
	counters_add_inherited(shard, counters, block->size, weight);
	trace_file.process->inherited_blocks += (int64_t)weight;
	trace_file.process->inherited_bytes += (int64_t)(weight * block->size);
}

void tracker_inherit(void)
{
	live_table_each(tracker_inherit_block, shard_at(0));
}
