/* SPDX-License-Identifier: Apache-2.0 */
/*
 * entry_points.c - calls each allocation function three times from a function of its own, and frees half
 * of the blocks in every way there is.
 */
#include "truth.h"

#include <malloc.h>
#include <stdint.h>

/* Not in every libc; weak, so that the target also runs where they are missing. */
void cfree(void *) __attribute__((weak));
void free_sized(void *, size_t) __attribute__((weak));
void free_aligned_sized(void *, size_t, size_t) __attribute__((weak));
void *reallocarray(void *, size_t, size_t);

#define CALLS 3

static void *blocks[16][CALLS];

#define DEFINE_SITE(name, call)                                                                    \
	static SITE void *site_##name(void)                                                        \
	{                                                                                          \
		void *p = call;                                                                    \
                                                                                                   \
		KEEP_FRAME();                                                                      \
		return p;                                                                          \
	}

DEFINE_SITE(malloc, malloc(101))
DEFINE_SITE(calloc, calloc(7, 13))
DEFINE_SITE(realloc, realloc(NULL, 203))
DEFINE_SITE(reallocarray, reallocarray(NULL, 11, 17))
DEFINE_SITE(aligned_alloc, aligned_alloc(64, 192))
DEFINE_SITE(memalign, memalign(128, 333))
DEFINE_SITE(valloc, valloc(400))
DEFINE_SITE(pvalloc, pvalloc(500))

static SITE void *site_posix_memalign(void)
{
	void *p = NULL;

	truth_require(posix_memalign(&p, 256, 601) == 0, "posix_memalign");
	return p;
}

static SITE void *site_for_cfree(void)
{
	void *p = malloc(700);

	KEEP_FRAME();
	return p;
}

static SITE void *site_for_free_sized(void)
{
	void *p = malloc(800);

	KEEP_FRAME();
	return p;
}

static SITE void *site_for_free_aligned_sized(void)
{
	void *p = aligned_alloc(32, 960);

	KEEP_FRAME();
	return p;
}

static void free_plainly(void *p, size_t bytes)
{
	(void)bytes;
	free(p);
}

static void free_by_cfree(void *p, size_t bytes)
{
	if (cfree)
		cfree(p);
	else
		free_plainly(p, bytes);
}

static void free_by_size(void *p, size_t bytes)
{
	if (free_sized)
		free_sized(p, bytes);
	else
		free(p);
}

static void free_by_alignment_and_size(void *p, size_t bytes)
{
	if (free_aligned_sized)
		free_aligned_sized(p, 32, bytes);
	else
		free(p);
}

static const struct {
	const char *function;
	void *(*allocate)(void);
	void (*release)(void *, size_t);
	size_t bytes;
} entries[] = {
	{"site_malloc", site_malloc, free_plainly, 101},
	{"site_calloc", site_calloc, free_plainly, 91},
	{"site_realloc", site_realloc, free_plainly, 203},
	{"site_reallocarray", site_reallocarray, free_plainly, 187},
	{"site_aligned_alloc", site_aligned_alloc, free_plainly, 192},
	{"site_memalign", site_memalign, free_plainly, 333},
	{"site_valloc", site_valloc, free_plainly, 400},
	{"site_pvalloc", site_pvalloc, free_plainly, 500},
	{"site_posix_memalign", site_posix_memalign, free_plainly, 601},
	{"site_for_cfree", site_for_cfree, free_by_cfree, 700},
	{"site_for_free_sized", site_for_free_sized, free_by_size, 800},
	{"site_for_free_aligned_sized", site_for_free_aligned_sized, free_by_alignment_and_size,
	 960},
};

/* ARG: a function to leave out; jemalloc has no pvalloc, and cannot free a block of glibc's. */
int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		struct truth t = {.function = entries[i].function};

		if (argc > 1 && !strcmp(argv[1], entries[i].function))
			continue;
		for (int j = 0; j < CALLS; j++) {
			blocks[i][j] = entries[i].allocate();
			truth_require(blocks[i][j] != NULL, entries[i].function);
			truth_alloc(&t, entries[i].bytes);
		}
		truth_require(malloc_usable_size(blocks[i][0]) >= entries[i].bytes,
			      "malloc_usable_size");
		entries[i].release(blocks[i][0], entries[i].bytes);
		truth_free(&t, entries[i].bytes);
		truth_tell(&t);
	}
	return 0;
}
