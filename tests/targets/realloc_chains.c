/* SPDX-License-Identifier: Apache-2.0 */
/*
 * realloc_chains.c - blocks that grow in many small steps, and others that shrink, until they have a known size.
 */
#include "truth.h"

#define CHAINS 400

static struct truth grown = {.function = "site_grown"}, shrunk = {.function = "site_shrunk"};
static void *blocks[CHAINS];

/* The last step is made elsewhere than those before: the test looks at it alone. */
static SITE void *site_grown(void *block, size_t bytes)
{
	block = realloc(block, bytes);
	KEEP_FRAME();
	truth_alloc(&grown, bytes);
	return block;
}

static SITE void *site_shrunk(void *block, size_t bytes)
{
	block = realloc(block, bytes);
	KEEP_FRAME();
	truth_alloc(&shrunk, bytes);
	return block;
}

static SITE void *site_between(void *block, size_t bytes)
{
	block = realloc(block, bytes);
	KEEP_FRAME();
	return block;
}

int main(void)
{
	for (int i = 0; i < CHAINS; i++) {
		for (size_t bytes = 40; bytes < 4000; bytes += 97 + (size_t)i % 5)
			blocks[i] = site_between(blocks[i], bytes);
		blocks[i] = site_grown(blocks[i], 4000);
	}
	for (int i = 0; i < CHAINS; i++) {
		void *block = malloc(100000);

		for (size_t bytes = 50000; bytes > 1000; bytes = bytes * 3 / 4)
			block = site_between(block, bytes);
		block = site_shrunk(block, 900);
		truth_require(block != NULL, "realloc");
	}
	truth_tell(&grown);
	truth_tell(&shrunk);
	return 0;
}
