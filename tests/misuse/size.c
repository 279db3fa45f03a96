/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size.c - sizes that no allocator can serve, or that mean nothing.
 */
#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "misuse.h"

static void tell(const char *what, const void *block)
{
	say("%s: %d, errno %d", what, block != NULL, errno);
	errno = 0;
}

static void negative_malloc(void)
{
	tell("-1", hide(malloc((size_t)-1)));
	tell("-100", hide(malloc((size_t)-100)));
	tell("PTRDIFF_MAX", hide(malloc(PTRDIFF_MAX)));
	tell("PTRDIFF_MAX + 1", hide(malloc((size_t)PTRDIFF_MAX + 1)));
}

static void negative_realloc(void)
{
	char *block = filled(100, 'a');

	tell("-1", hide(realloc(hide(block), (size_t)-1)));
	tell("half", hide(realloc(hide(block), SIZE_MAX / 2)));
	say("%c", block[99]);
	free(block);
}

static void negative_aligned(void)
{
	tell("aligned_alloc", hide(aligned_alloc(64, (size_t)-64)));
	tell("memalign", hide(memalign(64, (size_t)-1)));
	tell("valloc", hide(valloc((size_t)-1)));
	tell("pvalloc", hide(pvalloc((size_t)-1)));
}

static void calloc_overflow(void)
{
	tell("2^32 squared", hide(calloc((size_t)1 << 32, (size_t)1 << 32)));
	tell("-1 of 2", hide(calloc((size_t)-1, 2)));
	tell("2 of -1", hide(calloc(2, (size_t)-1)));
	tell("-1 of -1", hide(calloc((size_t)-1, (size_t)-1)));
	tell("0 of -1", hide(calloc(0, (size_t)-1)));
}

static void reallocarray_overflow(void)
{
	char *block = filled(100, 'a');

	tell("2^32 squared", hide(reallocarray(block, (size_t)1 << 32, (size_t)1 << 32)));
	tell("-1 of -1", hide(reallocarray(NULL, (size_t)-1, (size_t)-1)));
	say("%c", block[99]);
	free(block);
}

static void zero_sizes(void)
{
	char *block = hide(malloc(0)), *other = hide(malloc(0));

	say("%d %d", block != NULL, block != other);
	say("%zu", malloc_usable_size(block));
	tell("calloc", hide(calloc(0, 0)));
	tell("realloc of nothing", hide(realloc(NULL, 0)));
	tell("realloc to nothing", hide(realloc(block, 0)));
	tell("reallocarray", hide(reallocarray(other, 0, 5)));
	tell("aligned_alloc", hide(aligned_alloc(64, 0)));
}

static void write_to_zero_size(void)
{
	char *block = hide(malloc(0));

	memset(block, 'x', 24);
	free(block);
	tell("next", hide(malloc(24)));
}

static void without_address_space(void)
{
	const struct rlimit limit = {(rlim_t)64 << 20, (rlim_t)64 << 20};

	(void)setrlimit(RLIMIT_AS, &limit);
	tell("100 MiB", hide(malloc((size_t)100 << 20)));
	tell("calloc", hide(calloc((size_t)100 << 20, 1)));
	tell("realloc", hide(realloc(filled(100, 'a'), (size_t)100 << 20)));
	tell("100 B", hide(malloc(100)));
}

/* How many blocks there are depends on what else is mapped; not how it ends. */
static void until_nothing_is_left(void)
{
	const struct rlimit limit = {(rlim_t)48 << 20, (rlim_t)48 << 20};
	char *block = NULL, *last = NULL;
	int count = 0;

	(void)setrlimit(RLIMIT_DATA, &limit);
	while ((block = malloc((size_t)1 << 20)) != NULL && count++ < 1000) {
		memcpy(block, &last, sizeof(last));
		last = block;
	}
	tell("last", hide(block));
	say("%d", count > 20 && count < 50);
	while (last != NULL) {
		block = last;
		memcpy(&last, block, sizeof(last));
		free(block);
	}
	tell("again", hide(malloc((size_t)1 << 20)));
}

static void unchecked_result(void)
{
	memset(hide(malloc((size_t)-100)), 0, 10);
}

static void unchecked_result_of_realloc(void)
{
	char *block = filled(100, 'a');

	block = hide(realloc(block, SIZE_MAX / 2));
	block[0] = 'x';
}

static void growing_without_end(void)
{
	size_t bytes = 1;
	char *block = NULL, *fresh;

	while ((fresh = realloc(block, bytes)) != NULL) {
		block = fresh;
		bytes *= 4;
		if (bytes > (size_t)1 << 40)
			bytes = SIZE_MAX / 2;
	}
	say("%d %zx", errno, bytes);
	free(hide(block));
}

static void usable_beyond_requested(void)
{
	for (size_t bytes = 0; bytes < 5000; bytes = bytes * 2 + 7) {
		char *block = hide(malloc(bytes));
		size_t usable = malloc_usable_size(block);

		memset(block, 'x', usable);
		say("%zu: %zu", bytes, usable);
		free(block);
	}
}

const struct misuse_case size_cases[] = {
	CASE(negative_malloc),
	CASE(negative_realloc),
	CASE(negative_aligned),
	CASE(calloc_overflow),
	CASE(reallocarray_overflow),
	CASE(zero_sizes),
	CASE(write_to_zero_size),
	CASE(without_address_space),
	CASE(until_nothing_is_left),
	CASE(unchecked_result),
	CASE(unchecked_result_of_realloc),
	CASE(growing_without_end),
	CASE(usable_beyond_requested),
	END,
};
