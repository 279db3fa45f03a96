/* SPDX-License-Identifier: Apache-2.0 */
/*
 * deep_recursion.c - recurses ARG deep and allocates at each level, from two callers that differ only
 * outside the recursion.
 */
#include "truth.h"

static SITE void *site_recursing(int depth)
{
	void *p = malloc(32);

	if (depth > 1)
		(void)!site_recursing(depth - 1);
	return p;
}

static SITE void *first_caller(int depth)
{
	void *p = site_recursing(depth);

	KEEP_FRAME();
	return p;
}

static SITE void *second_caller(int depth)
{
	void *p = site_recursing(depth);

	KEEP_FRAME();
	return p;
}

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_recursing"};
	int depth = argc > 1 ? atoi(argv[1]) : 1500;

	(void)!first_caller(depth);
	(void)!second_caller(depth);
	for (int i = 0; i < 2 * depth; i++)
		truth_alloc(&t, 32);
	truth_tell(&t);
	return 0;
}
