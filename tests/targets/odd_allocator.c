/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odd_allocator.c - an allocator to stand behind the shim, which may do what others rarely do: allocate while it
 * is looked up, build its aligned functions on the program's malloc, and be interrupted at a known point.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "odd_allocator.h"

#define HEAP_BYTES ((size_t)64 << 20)

static unsigned char heap[HEAP_BYTES] __attribute__((aligned(4096)));
static size_t heap_used;
static void (*interrupt)(void);
static struct odd_block early[ODD_EARLY_COUNT];

void *pvalloc(size_t size);
size_t malloc_usable_size(void *block);
void *memalign(size_t alignment, size_t size);

/* In front of each block lies its size, written as nobody else does. */
static void *take(size_t size)
{
	size_t start = __atomic_fetch_add(&heap_used, (size + 31) & ~(size_t)15, __ATOMIC_RELAXED);

	if (start + size + 32 > HEAP_BYTES)
		return NULL;
	size = ~size;
	memcpy(heap + start, &size, sizeof(size));
	return heap + start + 16;
}

static void note(size_t i, unsigned char *block, size_t bytes)
{
	if (block == NULL)
		return;
	memset(block, ODD_EARLY_BYTE, bytes);
	early[i] = (struct odd_block){block, bytes};
}

/* A block that grows must keep what is in it, and may not grow over what has come since. */
static void grow(size_t i, size_t bytes)
{
	unsigned char *block = realloc(early[i].start, bytes);
	bool is_kept = block != NULL;

	for (size_t j = 0; is_kept && j < early[i].bytes; j++)
		is_kept = block[j] == ODD_EARLY_BYTE;
	early[i].start = NULL;
	note(i, is_kept ? block : NULL, bytes);
}

static unsigned char *take_zeros(size_t count, size_t bytes)
{
	unsigned char *block = calloc(count, bytes);

	for (size_t i = 0; block != NULL && i < count * bytes; i++)
		if (block[i] != 0)
			return NULL;
	return block;
}

static unsigned char *take_aligned(size_t alignment, size_t bytes)
{
	void *block = NULL;

	if (posix_memalign(&block, alignment, bytes) != 0 || (uintptr_t)block % alignment != 0)
		return NULL;
	return block;
}

/* Runs while the shim looks malloc up. clang takes it for unused. */
static __attribute__((used)) void *(*choose_malloc(void))(size_t)
{
	volatile size_t too_many = SIZE_MAX / 2;
	void *refused = &early;

	note(0, malloc(100), 100);
	note(1, take_zeros(3, 5000), 15000);
	note(2, malloc(20000), 20000);
	note(3, take_aligned(1024, 300), 300);
	note(4, realloc(NULL, 64), 64);
	grow(0, 200);
	grow(4, 5000);
	free(malloc(50));
	if (calloc(too_many, 4) != NULL || posix_memalign(&refused, 24, 8) == 0)
		early[0].start = NULL;
	return take;
}

void *malloc(size_t size) __attribute__((ifunc("choose_malloc")));

struct odd_block odd_allocator_early(size_t i)
{
	return early[i];
}

void odd_allocator_interrupt(void (*function)(void))
{
	interrupt = function;
}

void *calloc(size_t count, size_t size)
{
	return take(count * size);
}

void *realloc(void *block, size_t size)
{
	size_t old = block == NULL ? 0 : malloc_usable_size(block);
	void *fresh = take(size);

	if (fresh != NULL && old > 0)
		memcpy(fresh, block, old < size ? old : size);
	return fresh;
}

void free(void *block)
{
	(void)block;
}

size_t malloc_usable_size(void *block)
{
	size_t size;

	memcpy(&size, (unsigned char *)block - 16, sizeof(size));
	return ~size;
}

/* Through the program's malloc, which is the shim's. */
void *memalign(size_t alignment, size_t size)
{
	uintptr_t start = (uintptr_t)malloc(size + alignment + 16);
	unsigned char *block = (unsigned char *)((start + 16 + alignment - 1) & ~(alignment - 1));

	if (interrupt != NULL)
		interrupt();
	size = ~size;
	memcpy(block - 16, &size, sizeof(size));
	return block;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	void *block = memalign(alignment, size);

	__asm__ volatile("" ::: "memory");
	return block;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	*out = memalign(alignment, size);
	return *out == NULL ? ENOMEM : 0;
}

void *valloc(size_t size)
{
	return aligned_alloc(4096, size);
}

void *pvalloc(size_t size)
{
	return aligned_alloc(4096, (size + 4095) & ~(size_t)4095);
}
