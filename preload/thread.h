/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread.h - what the shim keeps per thread, and which event a thread is inside of.
 *
 * Layer 3. Thread-local storage is initial-exec and at most 64 bytes; the rest lies in the arena.
 */
#ifndef PRELOAD_THREAD_H
#define PRELOAD_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/atomic.h"
#include "options.h"
#include "replay.h"
#include "shard.h"
#include "unwind.h"

/* Kept in the scratch itself; deeper stacks borrow as many pages as the deepest needs. */
#define THREAD_FRAMES 512u
#define THREAD_FRAMES_PAGES (OPTIONS_DEPTH_MAX * (uint32_t)sizeof(uint32_t) / 4096u)

/* Frames of the stack being captured, innermost first, as location ids. */
struct capture_scratch {
	uint32_t *frames;
	uint32_t capacity;
	uintptr_t owner;    /* of the common pool: address of its thread's local state; 0 = free */
	uintptr_t owner_sp; /* stack pointer of the event that uses it */
	uint32_t own[THREAD_FRAMES];
};

struct thread {
	struct shard *shard;
	struct unwind_bounds bounds;
	uint32_t kind_node; /* outermost node of this thread's stacks */
	int32_t tid;	    /* 0 while it is nobody's */
	int32_t record;	    /* index into the THREADS section, -1 = none */
	uint32_t look_left; /* events until the clock is looked at */
	uint32_t look_every;
	uint64_t look_ns;     /* when that was last */
	struct thread *next;  /* on the list of free ones */
	struct thread *older; /* on the list of all, where there is no key */
	struct capture_scratch scratch;
	struct replay replay;
	struct replay_booking unkept; /* of the last stack, if there is no record of it */
};

/* Why nothing is an event: else the address of a struct thread_call in units of 16 bytes, its low half. */
enum {
	THREAD_ASIDE_NOT,
	THREAD_ASIDE_OURS, /* our own code calls libc */
	THREAD_ASIDE_CALL, /* the lowest that a call can have */
};

/* Thread-local. Zero in a new thread. */
struct thread_local_state {
	struct thread *thread; /* NULL before the first event and after the last */
	uintptr_t event_sp;    /* stack pointer at the innermost event in progress */
	uintptr_t last_block;  /* address of this thread's last allocation, 0 after a free of it */
	uint32_t aside;	       /* THREAD_ASIDE_* */
	uint8_t depth;	     /* events in progress: more than one when a signal handler allocates */
	uint8_t is_finished; /* its state has been given back: only a few events can follow */
	uint8_t sample_is_cut; /* the gap goes on behind sample_left */
	uint64_t sample_left;  /* bytes that may be allocated before the sampler is asked */
	uint64_t sample_noise; /* state of its random numbers; 0 before the first */
	uint64_t sample_mark;  /* sample_left at the last recorded allocation */
};

extern __thread struct thread_local_state thread_local_state
	__attribute__((tls_model("initial-exec")));

/* Makes the key whose destructor gives a thread's state back. Once, at start-up. */
void thread_init(void);

/* In a forked child: the calling thread is the only one. */
void thread_after_fork(void);

/*
 * thread_attach() - the calling thread's state, made at its first event; NULL when there is no memory or
 * the thread is at its end.
 */
struct thread *thread_attach(void);

/* Node of the kind of thread that has no state, by its name. */
uint32_t thread_kind_node(void);

/*
 * Whether an event of this thread that began at event_sp has been jumped out of by a signal handler, as seen
 * from one that begins at sp now. An event still in progress lies further up the stack by at least the
 * frame that the kernel made for the handler. Unknown (false) on other stacks than the thread's own.
 */
bool thread_has_left(uintptr_t event_sp, uintptr_t sp);

/*
 * The same for a thread's first event, in which the bounds of its stack are not known yet. A handler on an
 * alternate stack nearby may be taken for that: then the thread gets a second state, and nothing is lost.
 */
bool thread_has_left_first_event(uintptr_t event_sp, uintptr_t sp);

/*
 * A call that may come back to us and is one event already: it lies on the stack of the function that makes the
 * call, and says by its contents that it is still in progress.
 */
struct thread_call {
	_Alignas(16) uintptr_t inverse; /* of its own address */
	uint32_t outer;			/* what the thread was aside for before */
};

static inline void thread_call_begin(struct thread_call *call)
{
	uint32_t mark = (uint32_t)((uintptr_t)call >> 4);

	mt_store_relaxed(&call->inverse, ~(uintptr_t)call);
	call->outer = thread_local_state.aside;
	thread_local_state.aside = mark < THREAD_ASIDE_CALL ? THREAD_ASIDE_CALL : mark;
	mt_signal_fence();
}

static inline void thread_call_end(struct thread_call *call)
{
	mt_signal_fence();
	thread_local_state.aside = call->outer;
	mt_store_relaxed(&call->inverse, 0);
}

/*
 * Whether a thread whose mark is not THREAD_ASIDE_NOT is aside, as seen from a function whose caller's stack
 * pointer is sp. A call that a signal handler has jumped out of is forgotten as soon as an event comes from
 * further up the stack, as what it calls lies below it; or from below it when the place has been written to.
 */
bool thread_is_aside(uintptr_t sp);

/* Scratch for an event inside an event that begins at sp; NULL when all are taken. */
struct capture_scratch *thread_borrow_scratch(uintptr_t sp);
void thread_return_scratch(struct capture_scratch *scratch);

#endif
