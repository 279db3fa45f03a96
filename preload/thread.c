/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.c - per-thread state: made at a thread's first event, given back when it ends.
 *
 * The end of a thread is learned from a pthread key. Its destructor may run before others that still free:
 * those events go to the shared shard for events inside events, without a state of their own. Where no key is
 * to be had, states of threads that have ended are looked for when another one is wanted.
 */
#define _GNU_SOURCE
#include "thread.h"

#include <limits.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "arena.h"
#include "clock.h"
#include "libc_compat.h"
#include "live_memory.h"
#include "memtrace/atomic.h"
#include "node_table.h"
#include "os.h"
#include "site_peak.h"
#include "trace_file.h"

#define THREAD_BORROWED_MAX 64u
#define THREAD_TAKE_OVER_LOOKS 4u
#define THREAD_FIRST_REACH ((uintptr_t)1 << 20)
#define THREAD_CALL_REACH ((uintptr_t)1 << 20) /* on a stack of which nothing is known */
#define THREAD_EVENT_FRAMES 4096u	       /* more stack than an event uses */
#define THREAD_SIGNAL_FRAME 512u /* less than the kernel needs for one on any machine */
#define THREAD_KEY_INLINE                                                                          \
	32u /* glibc keeps so many keys in the thread itself and allocates for others */

_Static_assert(sizeof(struct thread_local_state) <= 64, "thread-local storage");

__thread struct thread_local_state thread_local_state;

static pthread_key_t thread_key;
static bool has_thread_key;
/*
 * low: first free struct thread, high: counts changes. Both are loaded with acquire, the count first: the partner is the
 * swap that pushed the thread. What is read of one that has been popped since is thrown away, as the count differs.
 */
static struct mt_pair thread_free;
/* Without a key: all states, newest first, and the one that is looked at next. */
static struct thread *thread_newest, *thread_hand;
static struct capture_scratch *thread_borrowed[THREAD_BORROWED_MAX];
/* 0 free, 1 being written, 2 there */
static uint32_t thread_kind_states[MT_THREAD_KIND_MAX];

static void thread_push(struct thread *thread)
{
	struct mt_pair top;

	do {
		top.high = mt_load_acquire(&thread_free.high);
		top.low = mt_load_acquire(&thread_free.low);
		mt_store_relaxed(&thread->next, (struct thread *)(uintptr_t)top.low);
	} while (!mt_cas_pair(&thread_free, top,
			      (struct mt_pair){(uint64_t)(uintptr_t)thread, top.high + 1}));
}

static struct thread *thread_pop(void)
{
	struct mt_pair top;
	struct thread *thread;

	do {
		top.high = mt_load_acquire(&thread_free.high);
		top.low = mt_load_acquire(&thread_free.low);
		thread = (struct thread *)(uintptr_t)top.low;
		if (thread == NULL)
			return NULL;
	} while (!mt_cas_pair(&thread_free, top,
			      (struct mt_pair){(uint64_t)(uintptr_t)mt_load_relaxed(&thread->next),
					       top.high + 1}));
	return thread;
}

/* Gives back what a deep stack has borrowed. */
static void thread_narrow(struct thread *thread)
{
	if (thread->scratch.frames != thread->scratch.own)
		live_memory_give(LIVE_USE_FRAMES, thread->scratch.frames, THREAD_FRAMES_PAGES);
}

/* Gives back what a thread that has ended had. */
static void thread_end(struct thread *thread)
{
	/* relaxed: a time by itself, the counters before it are not told by it */
	if (thread->record >= 0)
		mt_store_relaxed(&trace_file.threads[thread->record].end_ns, clock_now_ns());
	site_peak_settle(thread->shard);
	shard_release(thread->shard);
	thread_narrow(thread);
}

static void thread_detach(void *argument)
{
	struct thread *thread = argument;

	/* a forked child has given up the states of its parent */
	if (thread_local_state.thread != thread)
		return;
	thread_local_state.is_finished = 1;
	mt_signal_fence();
	thread_local_state.thread = NULL;
	thread_end(thread);
	thread_push(thread);
}

/* Notes a new state for thread_take_over(). */
static void thread_list(struct thread *thread)
{
	struct thread *newest = mt_load_acquire(&thread_newest);

	do
		thread->older = newest;
	while (!mt_cas_acq_rel(&thread_newest, &newest, thread)); /* partner: the loads of it */
}

/*
 * A state of a thread that is not there any more; NULL = none was seen. Only where a program took all the keys that
 * cost nothing before its first allocation: then nobody tells us of the end of a thread.
 */
static struct thread *thread_take_over(void)
{
	struct thread *thread = mt_load_acquire(&thread_hand);

	for (unsigned i = 0; i < THREAD_TAKE_OVER_LOOKS; i++) {
		int32_t tid;

		if (thread == NULL)
			thread = mt_load_acquire(&thread_newest);
		if (thread == NULL)
			return NULL;
		mt_store_release(&thread_hand, thread->older);
		tid = mt_load_acquire(&thread->tid);
		/* whoever makes it 0 has it */
		if (tid != 0 && !os_has_thread(tid) && mt_cas_acq_rel(&thread->tid, &tid, 0)) {
			thread_end(thread);
			return thread;
		}
		thread = thread->older;
	}
	return NULL;
}

/* Memory for a state; NULL = there is none. */
static struct thread *thread_make(void)
{
	struct thread *thread = has_thread_key ? thread_pop() : thread_take_over();

	if (thread != NULL)
		return thread;
	thread = arena_alloc(sizeof(*thread));
	if (thread != NULL && !has_thread_key)
		thread_list(thread);
	return thread;
}

void thread_init(void)
{
	has_thread_key = pthread_key_create(&thread_key, thread_detach) == 0;
	if (has_thread_key && thread_key >= THREAD_KEY_INLINE) {
		(void)pthread_key_delete(thread_key);
		has_thread_key = false;
	}
}

/* Each run of digits becomes one '#', so that worker-1 and worker-2 are of one kind. */
static void thread_kind_name(const char name[16], char kind[16])
{
	size_t used = 0;

	memset(kind, 0, 16);
	for (size_t i = 0; name[i] != '\0' && used < 15; i++) {
		bool is_digit = name[i] >= '0' && name[i] <= '9';

		if (is_digit && used > 0 && kind[used - 1] == '#')
			continue;
		kind[used++] = is_digit ? '#' : name[i];
	}
}

/* Index into THREAD_KINDS. The last one stands for all that find no room. */
static uint32_t thread_kind(const char name[16])
{
	char kind[16];

	thread_kind_name(name, kind);
	for (uint32_t i = 1; i < MT_THREAD_KIND_MAX - 1; i++) {
		uint32_t expected = 0;

		if (mt_cas_acq_rel(&thread_kind_states[i], &expected, 1)) {
			memcpy(trace_file.thread_kinds[i].name, kind, sizeof(kind));
			mt_store_release(&thread_kind_states[i], 2); /* partner: the CAS above */
			return i;
		}
		/* one that is being written is passed over: two kinds of one name do no harm */
		if (expected == 2 &&
		    memcmp(trace_file.thread_kinds[i].name, kind, sizeof(kind)) == 0)
			return i;
	}
	trace_file_drop(MT_DROP_THREAD_KINDS);
	return MT_THREAD_KIND_MAX - 1;
}

static uint32_t thread_node_of(uint32_t kind)
{
	return node_intern(0, location_intern(location_pseudo(MT_PSEUDO_THREAD, kind)));
}

uint32_t thread_kind_node(void)
{
	char name[16];

	os_thread_name(name);
	return thread_node_of(thread_kind(name));
}

static int32_t thread_record(int tid, uint32_t kind, const char name[16])
{
	struct mt_thread *record = trace_file_thread_slot();

	if (record == NULL)
		return -1;
	record->kind = kind;
	record->start_ns = clock_now_ns();
	memcpy(record->name, name, sizeof(record->name));
	mt_store_release(&record->tid, tid); /* partner: the reader's acquire */
	return (int32_t)(record - trace_file.threads);
}

struct thread *thread_attach(void)
{
	struct thread *thread;
	char name[16];
	uint32_t kind;
	int32_t tid;

	if (thread_local_state.is_finished)
		return NULL;
	thread = thread_make();
	if (thread == NULL)
		return NULL;
	os_thread_name(name);
	kind = thread_kind(name);
	(void)mt_add_relaxed(&trace_file.thread_kinds[kind].thread_count, 1);
	tid = os_gettid();
	thread->shard = shard_acquire(tid);
	thread->bounds = (struct unwind_bounds){0, 0};
	thread->kind_node = thread_node_of(kind);
	thread->record = thread_record(tid, kind, name);
	thread->look_left = 0;
	thread->look_every = 1;
	thread->scratch.frames = thread->scratch.own;
	thread->scratch.capacity = THREAD_FRAMES;
	replay_reset(&thread->replay);
	mt_store_release(&thread->tid, tid); /* partner: thread_take_over() */
	mt_signal_fence();
	thread_local_state.thread = thread;
	/* does not allocate for the first keys of a process */
	if (has_thread_key)
		(void)pthread_setspecific(thread_key, thread);
	return thread;
}

void thread_after_fork(void)
{
	struct thread *thread = thread_local_state.thread;

	thread_local_state.thread = NULL;
	thread_local_state.is_finished = 0;
	thread_newest = thread_hand = NULL;
	/* the threads that had borrowed these do not exist here */
	for (uint32_t i = 0; i < THREAD_BORROWED_MAX; i++)
		if (thread_borrowed[i] != NULL)
			thread_borrowed[i]->owner = 0;
	/* unless a handler has forked: the event that it interrupted may go on */
	if (thread != NULL && has_thread_key && thread_local_state.depth == 0) {
		thread_narrow(thread);
		thread_push(thread);
	}
}

/*
 * What lies further up need not have been called later: a handler's own stack may be an array on the thread's stack,
 * or in its thread-local storage, which is on top of it. The system is asked only after jumps, and by such handlers.
 */
static bool thread_is_called_below(void)
{
	return !os_is_on_alternate_stack();
}

bool thread_has_left(uintptr_t event_sp, uintptr_t sp)
{
	const struct thread *thread = thread_local_state.thread;

	/* an event's own frame lies a little below the lowest address that its walk has looked at */
	return thread != NULL && sp + THREAD_SIGNAL_FRAME > event_sp && sp < thread->bounds.high &&
	       event_sp + THREAD_EVENT_FRAMES >= thread->bounds.low &&
	       event_sp < thread->bounds.high && thread_is_called_below();
}

bool thread_has_left_first_event(uintptr_t event_sp, uintptr_t sp)
{
	const struct thread *thread = thread_local_state.thread;

	return (thread == NULL || thread->bounds.high == 0) && !thread_local_state.is_finished &&
	       sp + THREAD_SIGNAL_FRAME > event_sp && sp < event_sp + THREAD_FIRST_REACH &&
	       thread_is_called_below();
}

/* Both on the stack whose bounds are known. */
static bool thread_stack_holds(uintptr_t low, uintptr_t high)
{
	const struct thread *thread = thread_local_state.thread;

	return thread != NULL && low + THREAD_EVENT_FRAMES >= thread->bounds.low &&
	       high < thread->bounds.high;
}

/* Whether a call that has its record at this address has been jumped out of, as seen from sp. */
static bool thread_has_left_call(uintptr_t address, uintptr_t sp)
{
	/* further up on a stack that is not known it may be a handler on a stack of its own */
	if (sp > address)
		return (sp - address < THREAD_CALL_REACH || thread_stack_holds(address, sp)) &&
		       thread_is_called_below();
	/* what lies above a stack pointer on one stack is there to be read */
	return thread_stack_holds(sp, address) &&
	       mt_load_relaxed(&((const struct thread_call *)address)->inverse) != ~address;
}

bool thread_is_aside(uintptr_t sp)
{
	uint32_t mark = thread_local_state.aside;
	int32_t above = (int32_t)((uint32_t)(sp >> 4) - mark);
	uintptr_t address = (sp & ~(uintptr_t)15) - (uintptr_t)(intptr_t)above * 16;

	if (mark == THREAD_ASIDE_OURS || !thread_has_left_call(address, sp))
		return true;
	thread_local_state.aside = THREAD_ASIDE_NOT;
	return false;
}

/* Takes the scratch if it is free, or was left behind by a handler that jumped out of an event of ours. */
static bool thread_take_scratch(struct capture_scratch *scratch, uintptr_t sp)
{
	uintptr_t self = (uintptr_t)&thread_local_state, expected = 0;

	if (mt_load_relaxed(&scratch->owner) == self) {
		if (!thread_has_left(scratch->owner_sp, sp))
			return false;
	} else if (!mt_cas_acq_rel(&scratch->owner, &expected, self)) {
		return false;
	}
	scratch->owner_sp = sp;
	return true;
}

struct capture_scratch *thread_borrow_scratch(uintptr_t sp)
{
	for (uint32_t i = 0; i < THREAD_BORROWED_MAX; i++) {
		struct capture_scratch *scratch = mt_load_acquire(&thread_borrowed[i]),
				       *none = NULL;

		if (scratch != NULL) {
			if (thread_take_scratch(scratch, sp))
				return scratch;
			continue;
		}
		scratch = arena_alloc(sizeof(*scratch));
		if (scratch == NULL)
			return NULL;
		scratch->frames = scratch->own;
		scratch->capacity = THREAD_FRAMES;
		scratch->owner_sp = sp;
		scratch->owner = (uintptr_t)&thread_local_state;
		if (mt_cas_acq_rel(&thread_borrowed[i], &none, scratch))
			return scratch;
	}
	return NULL;
}

void thread_return_scratch(struct capture_scratch *scratch)
{
	mt_store_release(&scratch->owner, 0); /* partner: the CAS in thread_take_scratch() */
}
