/* SPDX-License-Identifier: Apache-2.0 */
/*
 * temporary_blocks.c - frees some blocks before the same thread's next allocation, others after it.
 */
#include "truth.h"

static SITE void *site_temporary(void)
{
	void *p = malloc(40);

	KEEP_FRAME();
	return p;
}

static SITE void *site_lasting(void)
{
	void *p = malloc(60);

	KEEP_FRAME();
	return p;
}

static SITE void *site_resized(void *p)
{
	p = realloc(p, 90);
	KEEP_FRAME();
	return p;
}

static void tell(const char *function, long alloc_count, long temporary_count)
{
	truth_line("{\"pid\":%d,\"function\":\"%s\",\"alloc_count\":%ld,\"free_count\":%ld,"
		   "\"temporary_count\":%ld}",
		   (int)getpid(), function, alloc_count, alloc_count, temporary_count);
}

int main(void)
{
	for (int i = 0; i < 1000; i++) {
		void *first, *second;

		free(site_temporary());
		first = site_lasting();
		second = site_temporary();
		free(first);
		free(second);
		/* A realloc is never temporary, and what follows it is an allocation after the first. */
		first = site_lasting();
		first = site_resized(first);
		second = site_lasting();
		free(first);
		free(second);
	}
	/* Freed before the next allocation: the lone temporary, `second`, and the last lasting one. */
	tell("site_temporary", 2000, 2000);
	tell("site_lasting", 3000, 1000);
	tell("site_resized", 1000, 0);
	return 0;
}
