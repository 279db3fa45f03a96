/* SPDX-License-Identifier: Apache-2.0 */
/*
 * real.h - the allocator behind us in line, and the pool that serves while it is being looked up.
 *
 * Layer 1. Blocks of the pool are recognised for ever: free, realloc and malloc_usable_size of them are
 * answered here, whenever they come.
 */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hidden.h"

struct real {
	void *(*malloc)(size_t size);
	void *(*calloc)(size_t count, size_t size);
	void *(*realloc)(void *block, size_t size);
	void (*free)(void *block);
	int (*posix_memalign)(void **out, size_t alignment, size_t size);
	void *(*aligned_alloc)(size_t alignment, size_t size);
	void *(*memalign)(size_t alignment, size_t size);
	void *(*valloc)(size_t size);
	void *(*pvalloc)(size_t size);
	size_t (*usable_size)(void *block);
};

extern HIDDEN struct real real;

/*
 * real_resolve() - looks the next allocator up, once; returns whether `real` can be used.
 *
 * False while the lookup itself allocates, in any thread that meets a lookup in progress: the caller takes
 * from the pool instead of waiting.
 */
bool real_resolve(void);

static inline bool real_is_resolved(void)
{
	return __builtin_expect(real.malloc != NULL, 1);
}

/* File that provides the next malloc; "" if unknown. After real_resolve(), and cheap after loader_object_init(). */
const char *real_path(void);

/*
 * real_bypass() - what of this program's memory is not seen, as a message; NULL = everything is.
 *
 * A malloc in front of ours is the program's own, or of an allocator preloaded before us. An operator new of the
 * allocator behind us does not come by malloc.
 */
const char *real_bypass(void);

/* The pool. NULL when it is used up, or where alignment is not a power of two up to POOL_ALIGNMENT_MAX. */
void *pool_alloc(size_t bytes, size_t alignment);
size_t pool_usable_size(const void *block);

/* Finds out whether the next allocator is libc's own, for real_claimed_size(). Once, after real_resolve(). */
void real_note_libc(void);

/*
 * real_claimed_size() - what can be used of a block that is about to be reallocated, without looking at more than
 * libc's realloc does first: a program that calls it with what is no block dies as it would have.
 */
size_t real_claimed_size(void *block);

extern HIDDEN char pool_memory[];
#define POOL_BYTES ((size_t)128 << 10)
#define POOL_ALIGNMENT_MAX 4096

static inline bool pool_owns(const void *block)
{
	return __builtin_expect((uintptr_t)block - (uintptr_t)pool_memory < POOL_BYTES, 0);
}

#endif
