/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leak_in_loop.c - allocates ARG blocks in a loop and frees all but every tenth.
 */
#include "truth.h"

static SITE void *site_leaking(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_balanced(size_t bytes)
{
	void *p = calloc(1, bytes);

	KEEP_FRAME();
	return p;
}

int main(int argc, char **argv)
{
	struct truth leaking = {.function = "site_leaking"};
	struct truth balanced = {.function = "site_balanced"};
	long rounds = argc > 1 ? atol(argv[1]) : 1000;

	for (long i = 0; i < rounds; i++) {
		size_t bytes = 1 + (size_t)i % 300;
		void *p = site_leaking(bytes), *q = site_balanced(bytes * 3);

		truth_alloc(&leaking, bytes);
		truth_alloc(&balanced, bytes * 3);
		free(q);
		truth_free(&balanced, bytes * 3);
		if (i % 10 == 0)
			continue;
		free(p);
		truth_free(&leaking, bytes);
	}
	truth_tell(&leaking);
	truth_tell(&balanced);
	return 0;
}
