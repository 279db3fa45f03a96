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

/*
 * What was given back and is kept for the next table. Clearing memory that is in use costs a tenth of having
 * the kernel find and clear other memory, and where a machine is itself a guest the difference is far larger.
 */
#define SPARE_COUNT 8
#define SPARE_BYTES_MAX (8 * HUGE_PAGE_BYTES)

struct spare {
	char *start;
	size_t bytes; /* 0 = no region */
};

static struct spare spares[SPARE_COUNT];
static size_t spare_bytes;

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

/* The first region that is large enough gives its start away; NULL = none is. */
static void *take_spare(size_t mapped)
{
	for (size_t i = 0; i < SPARE_COUNT; i++) {
		struct spare *spare = &spares[i];
		char *start = spare->start;

		if (spare->bytes < mapped)
			continue;
		*spare = (struct spare){start + mapped, spare->bytes - mapped};
		spare_bytes -= mapped;
		return start;
	}
	return NULL;
}

static bool keep_spare(char *start, size_t mapped)
{
	if (spare_bytes + mapped > SPARE_BYTES_MAX)
		return false;
	for (size_t i = 0; i < SPARE_COUNT; i++) {
		if (spares[i].bytes > 0)
			continue;
		spares[i] = (struct spare){start, mapped};
		spare_bytes += mapped;
		return true;
	}
	return false;
}

void *pages_alloc(size_t bytes)
{
	size_t mapped = mapping_bytes(bytes);
	void *memory;

	if (!is_large(bytes))
		return calloc(1, bytes > 0 ? bytes : 1);
	if (mapped == 0)
		return NULL;
	memory = take_spare(mapped);
	return memory ? memset(memory, 0, bytes) : map_aligned(mapped);
}

void pages_free(void *memory, size_t bytes)
{
	if (!is_large(bytes))
		free(memory);
	else if (memory && !keep_spare(memory, mapping_bytes(bytes)))
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
