/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edge_sizes.c - asks for nothing, for more than 4 GiB and for what no allocator gives; resizes in every
 * way realloc knows.
 */
#include "truth.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>

void *reallocarray(void *, size_t, size_t);

#define HUGE_BYTES ((size_t)5 << 30)

/* Sizes the compiler cannot see through and warn about. */
static volatile size_t ptrdiff_max_bytes = PTRDIFF_MAX;
static volatile size_t half_of_all = SIZE_MAX / 2;
static volatile size_t zero_bytes;

static SITE void *site_zero(void)
{
	void *p = malloc(zero_bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_huge(void)
{
	void *p = malloc(HUGE_BYTES);

	KEEP_FRAME();
	return p;
}

static SITE void site_refused(void)
{
	void *p = &errno;

	truth_require(malloc(ptrdiff_max_bytes) == NULL && errno == ENOMEM, "PTRDIFF_MAX");
	truth_require(malloc(ptrdiff_max_bytes + 1) == NULL, "PTRDIFF_MAX + 1");
	truth_require(malloc(SIZE_MAX + zero_bytes) == NULL, "SIZE_MAX");
	truth_require(calloc(half_of_all, 4) == NULL, "calloc overflow");
	truth_require(reallocarray(NULL, half_of_all, 4) == NULL, "reallocarray overflow");
	truth_require(posix_memalign(&p, 24, 64) == EINVAL, "posix_memalign alignment");
}

static SITE void *site_kept_by_failed_realloc(void)
{
	void *p = malloc(128);

	truth_require(realloc(p, ptrdiff_max_bytes) == NULL, "realloc to PTRDIFF_MAX");
	truth_require(reallocarray(p, half_of_all, 4) == NULL, "reallocarray of a block");
	return p;
}

static SITE void *site_first(void)
{
	void *p = malloc(100);

	KEEP_FRAME();
	return p;
}

static SITE void *site_resized(void *p, size_t bytes)
{
	p = realloc(p, bytes);
	KEEP_FRAME();
	return p;
}

static void resize(void)
{
	static const size_t sizes[] = {100, 104, 50, 5000, 5000, 300000, 1, 4000000, 8000000, 64};
	struct truth first = {.function = "site_first"}, resized = {.function = "site_resized"};
	void *p = site_first();
	size_t bytes = 100;

	truth_alloc(&first, 100);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		p = site_resized(p, sizes[i]);
		truth_free(i == 0 ? &first : &resized, bytes);
		bytes = sizes[i];
		truth_alloc(&resized, bytes);
	}
	/* To nothing: glibc frees and returns NULL; other allocators give a block of 0 bytes. */
	p = site_resized(p, zero_bytes);
	truth_free(&resized, bytes);
	if (p)
		truth_alloc(&resized, 0);
	truth_tell(&first);
	truth_tell(&resized);
}

int main(void)
{
	struct truth zero = {.function = "site_zero"}, huge = {.function = "site_huge"};
	struct truth kept = {.function = "site_kept_by_failed_realloc"};
	void *first, *second;

	first = site_zero();
	second = site_zero();
	truth_require(first && second && first != second, "malloc(0)");
	truth_alloc(&zero, 0);
	truth_alloc(&zero, 0);
	free(first);
	truth_free(&zero, 0);
	free(NULL);
	truth_tell(&zero);

	truth_require(site_huge() != NULL, "5 GiB");
	truth_alloc(&huge, HUGE_BYTES);
	truth_tell(&huge);

	site_refused();
	truth_require(site_kept_by_failed_realloc() != NULL, "kept");
	truth_alloc(&kept, 128);
	truth_tell(&kept);
	resize();
	return 0;
}
