/* SPDX-License-Identifier: Apache-2.0 */
/*
 * free_fifteen_sixteenths.c - holds 40 MB in blocks of 1,000 bytes, says "full" and waits for a line; frees
 * fifteen of sixteen, scattered, says "freed" and waits again. The heap shrinks, the resident set hardly.
 */
#include "truth.h"

#define BLOCKS 40000
#define BYTES 1000

static void *blocks[BLOCKS];

static SITE void *site_scattered(void)
{
	void *p = malloc(BYTES);

	memset(p, 1, BYTES);
	return p;
}

static void tell_and_wait(const char *stage)
{
	char answer;

	truth_require(write(1, stage, strlen(stage)) > 0, "write");
	truth_require(read(0, &answer, 1) == 1, "read");
}

int main(void)
{
	struct truth t = {.function = "site_scattered"};

	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = site_scattered();
		truth_alloc(&t, BYTES);
	}
	truth_tell(&t);
	tell_and_wait("full\n");
	for (int i = 0; i < BLOCKS; i++) {
		if (i % 16 == 0)
			continue;
		free(blocks[i]);
		truth_free(&t, BYTES);
	}
	truth_tell(&t);
	tell_and_wait("freed\n");
	return 0;
}
