/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early_library.c - a library with a constructor and a destructor that allocate and free, to be preloaded before the
 * shim and behind it: the loader runs them before the shim's and after it.
 */
#include "truth.h"

static void *left;

static SITE void *site_in_library(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static __attribute__((constructor(101))) void allocate_early(void)
{
	left = realloc(site_in_library(70), 90);
	free(site_in_library(80));
}

static __attribute__((destructor(101))) void allocate_late(void)
{
	struct truth t = {.function = "site_in_library"};

	free(left);
	(void)!site_in_library(100);
	truth_alloc(&t, 70);
	truth_free(&t, 70);
	truth_alloc(&t, 80);
	truth_free(&t, 80);
	truth_alloc(&t, 100);
	truth_tell(&t);
}
