/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block_addresses.c - tells a digest of where its blocks lie, counted from the first, and how large they are.
 */
#include "truth.h"

#include <malloc.h>
#include <stdint.h>

#define BLOCKS 500
#define ROUNDS 40000

static void *blocks[BLOCKS];
static uint64_t digest = 14695981039346656037u;

static void mix(uint64_t value)
{
	digest = (digest ^ value) * 1099511628211u;
	digest ^= digest >> 29;
}

int main(void)
{
	uint32_t random = 12345;
	char *first = malloc(16);

	for (int i = 0; i < ROUNDS; i++) {
		void **block = &blocks[(random = random * 1664525u + 1013904223u) >> 8 & 0xff];
		size_t bytes = random >> 4 & 0x1fff;

		if (random >> 30 == 0) {
			free(*block);
			*block = NULL;
		} else {
			*block = realloc(*block, bytes + 1);
			mix((uint64_t)((char *)*block - first));
			mix(malloc_usable_size(*block));
		}
	}
	truth_number("digest", (long)(digest >> 1));
	return 0;
}
