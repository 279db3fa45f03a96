/* SPDX-License-Identifier: Apache-2.0 */
/*
 * own_malloc.c - a program that brings its own malloc, which no preloaded one comes before.
 */
#include <stdlib.h>

#define POOL_BYTES (1 << 20)

static char pool[POOL_BYTES] __attribute__((aligned(16)));
static size_t used;

void *malloc(size_t bytes)
{
	void *block = pool + used;

	used += (bytes + 15) & ~(size_t)15;
	return used <= POOL_BYTES ? block : NULL;
}

void free(void *block)
{
	(void)block;
}

int main(void)
{
	free(malloc(100));
	return 0;
}
