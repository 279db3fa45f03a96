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
#define KEPT_BYTES 100

static unsigned char heap[HEAP_BYTES] __attribute__((aligned(4096)));
static size_t heap_used;
static void (*interrupt)(void);
static bool is_kept;

void *pvalloc(size_t size);
size_t malloc_usable_size(void *block);
void *memalign(size_t alignment, size_t size);

/* In front of each block lies its size. */
static void *take(size_t size)
{
	size_t start = __atomic_fetch_add(&heap_used, (size + 31) & ~(size_t)15, __ATOMIC_RELAXED);

	if (start + size + 32 > HEAP_BYTES)
		return NULL;
	memcpy(heap + start, &size, sizeof(size));
	return heap + start + 16;
}

/* Runs while the shim looks malloc up: a block that grows now must keep what is in it. clang takes it for unused. */
static __attribute__((used)) void *(*choose_malloc(void))(size_t)
{
	unsigned char *block = malloc(KEPT_BYTES);

	memset(block, 0x5a, KEPT_BYTES);
	block = realloc(block, 2 * KEPT_BYTES);
	is_kept = block != NULL;
	for (size_t i = 0; is_kept && i < KEPT_BYTES; i++)
		is_kept = block[i] == 0x5a;
	return take;
}

void *malloc(size_t size) __attribute__((ifunc("choose_malloc")));

bool odd_allocator_has_kept(void)
{
	return is_kept;
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
	return size;
}

/* Through the program's malloc, which is the shim's. */
void *memalign(size_t alignment, size_t size)
{
	uintptr_t start = (uintptr_t)malloc(size + alignment + 16);
	unsigned char *block = (unsigned char *)((start + 16 + alignment - 1) & ~(alignment - 1));

	if (interrupt != NULL)
		interrupt();
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
