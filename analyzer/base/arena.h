/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - memory that is handed out piece by piece and released all at once.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena_block;

/* All zero is an empty arena. */
struct arena {
	struct arena_block *blocks; /* newest first */
};

/**
 * arena_alloc() - zeroed memory, aligned for any type, valid until arena_fini().
 *
 * Return: NULL when there is no memory.
 */
void *arena_alloc(struct arena *arena, size_t bytes);

void arena_fini(struct arena *arena);

#endif
