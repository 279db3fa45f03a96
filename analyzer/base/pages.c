/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pages.c - small tables from the heap, large ones as mappings of their own on huge pages.
 */
#define _GNU_SOURCE 1 /* mremap() */
#include "base/pages.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE_BYTES ((size_t)2 << 20)

/* From half a huge page on, what clearing the rest of it costs is less than the faults of small ones. */
static bool is_large(size_t bytes)
{
	return bytes >= HUGE_PAGE_BYTES / 2;
}

/* Length of the mapping for so many bytes; 0 = more than there can be. */
static size_t mapping_bytes(size_t bytes)
{
	return bytes > SIZE_MAX - 2 * HUGE_PAGE_BYTES
		       ? 0
		       : (bytes + HUGE_PAGE_BYTES - 1) & ~(HUGE_PAGE_BYTES - 1);
}

/* A mapping that starts with a huge page: a larger one without its ends. */
static void *map_aligned(size_t bytes)
{
	char *start = mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	if (start == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)start & (HUGE_PAGE_BYTES - 1);
	if (before > 0)
		(void)munmap(start, before);
	(void)munmap(start + before + bytes, HUGE_PAGE_BYTES - before);
	/* a kernel without huge pages says no and maps small ones */
	(void)madvise(start + before, bytes, MADV_HUGEPAGE);
	return start + before;
}

void *pages_alloc(size_t bytes)
{
	size_t mapped = mapping_bytes(bytes);

	if (!is_large(bytes))
		return calloc(1, bytes > 0 ? bytes : 1);
	return mapped ? map_aligned(mapped) : NULL;
}

void pages_free(void *memory, size_t bytes)
{
	if (!is_large(bytes))
		free(memory);
	else if (memory)
		(void)munmap(memory, mapping_bytes(bytes));
}

void *pages_grow(void *memory, size_t bytes, size_t larger_bytes)
{
	void *larger = pages_alloc(larger_bytes);

	if (!larger)
		return NULL;
	if (bytes > 0)
		memcpy(larger, memory, bytes);
	pages_free(memory, bytes);
	return larger;
}
