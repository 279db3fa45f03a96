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

/* While the next allocator is being looked up, memory comes from the pool. */
static bool interpose_is_ready(void)
{
	return real_is_resolved() || (!thread_local_state.is_ours && process_is_traced()) ||
	       real_is_resolved();
}

static bool interpose_is_event(void)
{
	return !thread_local_state.is_forwarding && !thread_local_state.is_ours &&
	       process_is_traced();
}

/* Books the block if there is one. Inlined, so that the registers are those of the interposed function. */
#define INTERPOSE_BOOK(block, size)                                                                \
	do {                                                                                       \
		if ((block) != NULL && interpose_is_event()) {                                     \
			struct unwind_regs regs_;                                                  \
                                                                                                   \
			unwind_regs_capture(&regs_);                                               \
			tracker_alloc((block), (size), 0, &regs_);                                 \
		}                                                                                  \
	} while (0)

void *malloc(size_t size)
{
	void *block;

	if (!interpose_is_ready())
		return pool_alloc(size, 1);
	block = real.malloc(size);
	INTERPOSE_BOOK(block, size);
	return block;
}

void *calloc(size_t count, size_t size)
{
	void *block;

	if (!interpose_is_ready()) {
		size_t bytes;

		return __builtin_mul_overflow(count, size, &bytes) ? NULL : pool_alloc(bytes, 1);
	}
	block = real.calloc(count, size);
	INTERPOSE_BOOK(block, count * size);
	return block;
}

/* A block of the pool moves into the real heap, with the smaller of the two sizes. */
static void *interpose_leave_pool(const void *block, size_t size)
{
	size_t old = pool_usable_size(block);
	void *fresh = real.malloc(size);

	if (fresh != NULL)
		memcpy(fresh, block, old < size ? old : size);
	return fresh;
}

static __attribute__((always_inline)) inline void *interpose_realloc(void *block, size_t size)
{
	struct tracker_realloc state;
	struct unwind_regs regs;
	void *fresh;

	if (!interpose_is_ready())
		return pool_alloc(
			size, 1); /* nothing can have been allocated before, but from the pool */
	if (block == NULL || pool_owns(block)) {
		fresh = block == NULL ? real.realloc(NULL, size)
				      : interpose_leave_pool(block, size);
		INTERPOSE_BOOK(fresh, size);
		return fresh;
	}
	if (!interpose_is_event())
		return real.realloc(block, size);
	tracker_realloc_begin(block, &state);
	fresh = real.realloc(block, size);
	unwind_regs_capture(&regs);
	tracker_realloc_end(fresh, size, &state, &regs);
	return fresh;
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

static __attribute__((always_inline)) inline void interpose_free(void *block, const void *caller)
{
	if (block == NULL || pool_owns(block) || !interpose_is_ready())
		return;
	if (loader_range_holds(caller))
		module_table_note_unload(); /* dlclose() frees after it has unmapped */
	if (interpose_is_event())
		tracker_free(block, 0);
	real.free(block);
}

void free(void *block)
{
	interpose_free(block, __builtin_return_address(0));
}

void cfree(void *block)
{
	interpose_free(block, __builtin_return_address(0));
}

/* Not every libc has these two, and none needs the sizes. */
void free_sized(void *block, size_t size)
{
	(void)size;
	interpose_free(block, __builtin_return_address(0));
}

void free_aligned_sized(void *block, size_t alignment, size_t size)
{
	(void)alignment;
	(void)size;
	interpose_free(block, __builtin_return_address(0));
}

/*
 * The aligned family. Allocators build these on each other, so what comes back from inside is not an event.
 * The mark is the thread's own: a signal handler that allocates in just this moment is not counted.
 */
#define INTERPOSE_FORWARD(block, call, size)                                                       \
	do {                                                                                       \
		uint8_t outer_ = thread_local_state.is_forwarding;                                 \
                                                                                                   \
		thread_local_state.is_forwarding = 1;                                              \
		(block) = (call);                                                                  \
		thread_local_state.is_forwarding = outer_;                                         \
		INTERPOSE_BOOK((block), (size));                                                   \
	} while (0)

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *block = NULL;
	int status;

	if (!interpose_is_ready()) {
		block = pool_alloc(size, alignment);
		if (block == NULL)
			return ENOMEM;
		*out = block;
		return 0;
	}
	thread_local_state.is_forwarding++;
	status = real.posix_memalign(out, alignment, size);
	thread_local_state.is_forwarding--;
	if (status == 0)
		block = *out;
	INTERPOSE_BOOK(block, size);
	return status;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	void *block;

	if (!interpose_is_ready())
		return pool_alloc(size, alignment);
	INTERPOSE_FORWARD(block, real.aligned_alloc(alignment, size), size);
	return block;
}

void *memalign(size_t alignment, size_t size)
{
	void *block;

	if (!interpose_is_ready())
		return pool_alloc(size, alignment);
	INTERPOSE_FORWARD(block, real.memalign(alignment, size), size);
	return block;
}

void *valloc(size_t size)
{
	void *block;

	if (!interpose_is_ready())
		return pool_alloc(size, 4096);
	INTERPOSE_FORWARD(block, real.valloc(size), size);
	return block;
}

void *pvalloc(size_t size)
{
	void *block;

	if (!interpose_is_ready())
		return pool_alloc(size, 4096);
	INTERPOSE_FORWARD(block, real.pvalloc(size), size);
	return block;
}

size_t malloc_usable_size(void *block)
{
	if (block == NULL)
		return 0;
	if (pool_owns(block))
		return pool_usable_size(block);
	return interpose_is_ready() ? real.usable_size(block) : 0;
}
