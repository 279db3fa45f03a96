/* SPDX-License-Identifier: Apache-2.0 */
/*
 * interpose.c - the allocation functions of libc, in front of the next allocator in line.
 *
 * Each is: the next allocator's function, and one event. A call that comes back to us while we are inside
 * a function that another allocator may build on a second one of these is part of the first event.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "loader_range.h"
#include "module_table.h"
#include "process.h"
#include "real.h"
#include "sample_filter.h"
#include "sampler.h"
#include "state.h"
#include "thread.h"
#include "tracker.h"
#include "unwind.h"

#define EXPORT __attribute__((visibility("default")))

/* Declared by hand: <stdlib.h> gives some of them attributes that do not fit a definition. */
EXPORT void *malloc(size_t size);
EXPORT void *calloc(size_t count, size_t size);
EXPORT void *realloc(void *block, size_t size);
EXPORT void *reallocarray(void *block, size_t count, size_t size);
EXPORT void free(void *block);
EXPORT void cfree(void *block);
EXPORT void free_sized(void *block, size_t size);
EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size);
EXPORT int posix_memalign(void **out, size_t alignment, size_t size);
EXPORT void *aligned_alloc(size_t alignment, size_t size);
EXPORT void *memalign(size_t alignment, size_t size);
EXPORT void *valloc(size_t size);
EXPORT void *pvalloc(size_t size);
EXPORT size_t malloc_usable_size(void *block);

/* Stack pointer of the caller, for as long as a function of ours is in progress. */
#define INTERPOSE_CALLER_SP() ((uintptr_t)__builtin_dwarf_cfa())

/* Whether this call is no event of its own. */
static inline bool interpose_is_aside(uintptr_t sp)
{
	return __builtin_expect(thread_local_state.aside != THREAD_ASIDE_NOT, 0) &&
	       thread_is_aside(sp);
}

enum interpose_way {
	INTERPOSE_BOOK,
	INTERPOSE_PASS,
	INTERPOSE_POOL, /* the next allocator is being looked up: memory comes from the pool */
};

/* Settles what this process is, looks whether recording is to be switched on, and chooses samples. */
static __attribute__((noinline)) enum interpose_way interpose_way_odd(size_t size, uintptr_t sp)
{
	if (!interpose_is_aside(sp) && process_is_traced()) {
		if (!state_is_recording())
			tracker_idle();
		if (state_now() == STATE_TRACED ||
		    (state_now() == STATE_SAMPLED && sampler_takes(size)))
			return INTERPOSE_BOOK;
	}
	return real_is_resolved() ? INTERPOSE_PASS : INTERPOSE_POOL;
}

/* Whether nothing is to be done but the call: while asleep, and for what is not sampled. To be asked once. */
static inline bool interpose_passes(size_t size)
{
	uint32_t state = state_now();

	if (__builtin_expect(state == STATE_TRACED, 1))
		return false;
	if (state == STATE_SAMPLED)
		return sampler_passes(size);
	return state >= STATE_ASLEEP && mt_load_relaxed(state_request) == 0;
}

/* Whether nothing stands against it: all is recorded, by this thread too. */
static inline bool interpose_is_plain(uint32_t state)
{
	return __builtin_expect(state == STATE_TRACED &&
					thread_local_state.aside == THREAD_ASIDE_NOT,
				1);
}

/* Of what does not pass. */
static inline enum interpose_way interpose_way(size_t size, uintptr_t sp)
{
	if (interpose_is_plain(state_now()))
		return INTERPOSE_BOOK;
	return interpose_way_odd(size, sp);
}

static __attribute__((noinline)) bool interpose_is_free_odd(const void *block, uintptr_t sp)
{
	return !interpose_is_aside(sp) && process_is_traced() && state_now() < STATE_ASLEEP &&
	       (sampler_bytes == 0 || sample_filter_may_hold((uintptr_t)block));
}

/* Whether the end of a block is an event. */
static inline bool interpose_is_free(const void *block, uintptr_t sp)
{
	uint32_t state = state_now();

	if (interpose_is_plain(state))
		return true;
	if (state == STATE_SAMPLED && !sample_filter_may_hold((uintptr_t)block))
		return false;
	return state < STATE_ASLEEP && interpose_is_free_odd(block, sp);
}

/* A block that was not recorded may be so at its new size. */
static inline bool interpose_is_realloc(const void *block, uintptr_t sp)
{
	return interpose_is_free(block, sp) ||
	       (state_now() == STATE_SAMPLED && !interpose_is_aside(sp));
}

/*
 * The body of a function: make the call and book what comes back. Its own frame is the one to unwind from, also
 * where it has been jumped to from the interposed function.
 */
#define INTERPOSE_RECORD(call, size, alignment)                                                    \
	do {                                                                                       \
		enum interpose_way way_ = interpose_way(size, INTERPOSE_CALLER_SP());              \
		void *block_;                                                                      \
                                                                                                   \
		if (__builtin_expect(way_ == INTERPOSE_BOOK, 1)) {                                 \
			block_ = (call);                                                           \
			if (__builtin_expect(block_ != NULL, 1))                                   \
				tracker_alloc(block_, (size), UNWIND_FRAME_HERE());                \
			return block_;                                                             \
		}                                                                                  \
		return way_ == INTERPOSE_PASS ? (call) : pool_alloc((size), (alignment));          \
	} while (0)

#define INTERPOSE_ALLOC(call, size, alignment)                                                     \
	do {                                                                                       \
		if (interpose_passes(size))                                                        \
			return (call);                                                             \
		INTERPOSE_RECORD(call, size, alignment);                                           \
	} while (0)

/*
 * The two functions that are called most have the part that needs a frame apart: calls that pass are a few
 * instructions and two jumps. The compiler makes these calls jumps (see meson.build), so that the frame and the
 * return address of the part are those of the interposed function.
 */
static __attribute__((noinline)) void *interpose_malloc(size_t size)
{
	INTERPOSE_RECORD(real.malloc(size), size, 1);
}

void *malloc(size_t size)
{
	if (interpose_passes(size))
		return real.malloc(size);
	return interpose_malloc(size);
}

/* More than there can be: allocators differ in whether they set errno. */
static __attribute__((noinline)) void *interpose_calloc_refused(size_t count, size_t size)
{
	if (real_is_resolved())
		return real.calloc(count, size);
	errno = ENOMEM;
	return NULL;
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		return interpose_calloc_refused(count, size);
	INTERPOSE_ALLOC(real.calloc(count, size), bytes, 1);
}

/* A block of the pool moves into the real heap, if that is there already, with the smaller of the two sizes. */
static void *interpose_leave_pool(const void *block, size_t size)
{
	size_t old = pool_usable_size(block);
	void *fresh = real_is_resolved() ? real.malloc(size) : pool_alloc(size, 1);

	if (fresh != NULL)
		memcpy(fresh, block, old < size ? old : size);
	return fresh;
}

static __attribute__((always_inline)) inline void *interpose_realloc_pool(const void *block,
									  size_t size)
{
	bool is_booked = !interpose_passes(size) &&
			 interpose_way(size, INTERPOSE_CALLER_SP()) == INTERPOSE_BOOK;
	void *fresh = interpose_leave_pool(block, size);

	if (is_booked && fresh != NULL)
		tracker_alloc(fresh, size, UNWIND_FRAME_HERE());
	return fresh;
}

/* Of a block that is to be had from the next allocator. */
static __attribute__((always_inline)) inline void *interpose_realloc_real(void *block, size_t size)
{
	struct tracker_realloc state;
	void *fresh;

	if (!interpose_is_realloc(block, INTERPOSE_CALLER_SP()))
		return real_is_resolved() ? real.realloc(block, size) : pool_alloc(size, 1);
	tracker_realloc_begin(block, &state, UNWIND_FRAME_HERE());
	fresh = real.realloc(block, size);
	tracker_realloc_end(fresh, size, &state, UNWIND_FRAME_HERE());
	return fresh;
}

static __attribute__((always_inline)) inline void *interpose_realloc(void *block, size_t size)
{
	if (block == NULL)
		INTERPOSE_ALLOC(real.realloc(NULL, size), size, 1);
	if (pool_owns(block))
		return interpose_realloc_pool(block, size);
	/* asleep: a request to wake up is seen here as well */
	if (state_now() >= STATE_ASLEEP &&
	    (interpose_passes(size) ||
	     interpose_way(size, INTERPOSE_CALLER_SP()) != INTERPOSE_BOOK))
		return real.realloc(block, size);
	return interpose_realloc_real(block, size);
}

void *realloc(void *block, size_t size)
{
	return interpose_realloc(block, size);
}

/* glibc's own calls realloc through us, which would be a second event. */
void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return interpose_realloc(block, bytes);
}

static __attribute__((noinline)) void interpose_free(void *block)
{
	if (block == NULL || pool_owns(block))
		return;
	if (loader_range_holds(__builtin_return_address(0)))
		module_table_note_unload(); /* dlclose() frees after it has unmapped */
	if (interpose_is_free(block, INTERPOSE_CALLER_SP()))
		tracker_free(block);
	else if (!real_is_resolved())
		return;
	real.free(block);
}

void free(void *block)
{
	uint32_t state = state_now();

	if ((state >= STATE_ASLEEP ||
	     (state == STATE_SAMPLED && !sample_filter_may_hold((uintptr_t)block))) &&
	    !pool_owns(block) && !loader_range_holds(__builtin_return_address(0)))
		real.free(block);
	else
		interpose_free(block);
}

void cfree(void *block)
{
	interpose_free(block);
}

/* Not every libc has these two, and none needs the sizes. */
void free_sized(void *block, size_t size)
{
	(void)size;
	interpose_free(block);
}

void free_aligned_sized(void *block, size_t alignment, size_t size)
{
	(void)alignment;
	(void)size;
	interpose_free(block);
}

/*
 * The aligned family. Allocators build these on each other, so what comes back from inside is not an event.
 * The mark is the thread's own: a signal handler that allocates in just this moment is not counted. One that
 * jumps out of it leaves the mark behind, see thread_is_aside().
 */
#define INTERPOSE_FORWARD(call)                                                                    \
	({                                                                                         \
		struct thread_call record_;                                                        \
		__typeof__(call) forwarded_;                                                       \
                                                                                                   \
		thread_call_begin(&record_);                                                       \
		forwarded_ = (call);                                                               \
		thread_call_end(&record_);                                                         \
		forwarded_;                                                                        \
	})

int posix_memalign(void **out, size_t alignment, size_t size)
{
	enum interpose_way way = interpose_passes(size)
					 ? INTERPOSE_PASS
					 : interpose_way(size, INTERPOSE_CALLER_SP());
	int status;

	if (way == INTERPOSE_POOL) {
		void *block = pool_alloc(size, alignment);

		if (block == NULL)
			return ENOMEM;
		*out = block;
		return 0;
	}
	status = INTERPOSE_FORWARD(real.posix_memalign(out, alignment, size));
	if (status == 0 && *out != NULL && way == INTERPOSE_BOOK)
		tracker_alloc(*out, size, UNWIND_FRAME_HERE());
	return status;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	INTERPOSE_ALLOC(INTERPOSE_FORWARD(real.aligned_alloc(alignment, size)), size, alignment);
}

void *memalign(size_t alignment, size_t size)
{
	INTERPOSE_ALLOC(INTERPOSE_FORWARD(real.memalign(alignment, size)), size, alignment);
}

void *valloc(size_t size)
{
	INTERPOSE_ALLOC(INTERPOSE_FORWARD(real.valloc(size)), size, 4096);
}

void *pvalloc(size_t size)
{
	INTERPOSE_ALLOC(INTERPOSE_FORWARD(real.pvalloc(size)), size, 4096);
}

size_t malloc_usable_size(void *block)
{
	if (block == NULL)
		return 0;
	if (pool_owns(block))
		return pool_usable_size(block);
	return real_is_resolved() ? real.usable_size(block) : 0;
}
