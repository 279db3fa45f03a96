/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - a list of blocks, each filled from its start; large pieces get a block of their own.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>

#define ARENA_BLOCK_BYTES ((size_t)64 << 10)

struct arena_block {
	struct arena_block *next;
	size_t used_bytes, capacity_bytes;
	alignas(max_align_t) char bytes[];
};

static struct arena_block *arena_add_block(struct arena *arena, size_t bytes)
{
	size_t capacity_bytes = bytes > ARENA_BLOCK_BYTES ? bytes : ARENA_BLOCK_BYTES;
	struct arena_block *block = calloc(1, sizeof(*block) + capacity_bytes);

	if (!block)
		return NULL;
	block->capacity_bytes = capacity_bytes;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
	struct arena_block *block = arena->blocks;
	void *piece;

	bytes = (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	if (!block || block->capacity_bytes - block->used_bytes < bytes)
		block = arena_add_block(arena, bytes);
	if (!block)
		return NULL;
	piece = block->bytes + block->used_bytes;
	block->used_bytes += bytes;
	return piece;
}

void arena_fini(struct arena *arena)
{
	while (arena->blocks) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		free(block);
	}
}
