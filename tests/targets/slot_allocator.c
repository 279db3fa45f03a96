/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot_allocator.c - an allocator that may be interrupted anywhere, also for good: malloc in a signal handler that has
 * interrupted malloc is fine here.
 *
 * Small blocks have slots of one size, each taken by one exchange of its mark. Large ones are never used again.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS (1u << 17)
#define SLOT_BYTES ((size_t)128)
#define LARGE_BYTES ((size_t)64 << 20)

static unsigned char slots[SLOTS][SLOT_BYTES] __attribute__((aligned(4096)));
static unsigned char large[LARGE_BYTES] __attribute__((aligned(4096)));
static unsigned char marks[SLOTS];
static uint32_t cursor;
static size_t large_used;

void *memalign(size_t alignment, size_t size);
size_t malloc_usable_size(void *block);

static void *take_large(size_t size, size_t alignment)
{
	size_t bytes = size + alignment + 16, start;
	unsigned char *block;

	if (size > LARGE_BYTES / 2)
		return NULL;
	start = __atomic_fetch_add(&large_used, (bytes + 15) & ~(size_t)15, __ATOMIC_RELAXED);
	if (start + bytes > LARGE_BYTES)
		return NULL;
	block = large + ((start + 16 + alignment - 1) & ~(alignment - 1));
	memcpy(block - sizeof(size), &size, sizeof(size));
	return block;
}

static uint32_t slot_of(const void *block)
{
	uintptr_t distance = (uintptr_t)block - (uintptr_t)slots;

	return distance < sizeof(slots) ? (uint32_t)(distance / SLOT_BYTES) : SLOTS;
}

void *malloc(size_t size)
{
	if (size > SLOT_BYTES)
		return take_large(size, 16);
	for (uint32_t tries = 0; tries < SLOTS; tries++) {
		uint32_t slot = __atomic_fetch_add(&cursor, 1, __ATOMIC_RELAXED) % SLOTS;

		if (__atomic_exchange_n(&marks[slot], 1, __ATOMIC_ACQUIRE) == 0)
			return slots[slot];
	}
	return NULL;
}

void free(void *block)
{
	uint32_t slot = slot_of(block);

	if (slot < SLOTS)
		__atomic_store_n(&marks[slot], 0, __ATOMIC_RELEASE);
}

size_t malloc_usable_size(void *block)
{
	size_t size;

	if (slot_of(block) < SLOTS)
		return SLOT_BYTES;
	memcpy(&size, (unsigned char *)block - sizeof(size), sizeof(size));
	return size;
}

void *calloc(size_t count, size_t size)
{
	void *block = malloc(count * size);

	if (block != NULL)
		memset(block, 0, count * size);
	return block;
}

void *realloc(void *block, size_t size)
{
	size_t old = block == NULL ? 0 : malloc_usable_size(block);
	void *fresh = malloc(size);

	if (fresh == NULL)
		return NULL;
	if (old > 0)
		memcpy(fresh, block, old < size ? old : size);
	free(block);
	return fresh;
}

void *memalign(size_t alignment, size_t size)
{
	return take_large(size, alignment < 16 ? 16 : alignment);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	return memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	*out = memalign(alignment, size);
	return *out == NULL ? 12 : 0;
}
