/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edge_outcomes.c - says what each call at the edge of what an allocation function takes gives back, one line a
 * call: the outcome must not depend on who else counts.
 *
 * ARG: how a call begins that is left out: jemalloc has no pvalloc, and cannot free a block of glibc's.
 */
#include "truth.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>

void *reallocarray(void *, size_t, size_t);

/* Values the compiler cannot see through and warn about. */
static volatile size_t zero, half = SIZE_MAX / 2, top = SIZE_MAX, signed_top = PTRDIFF_MAX;
static volatile size_t three = 3, twenty_four = 24;

static const char *left_out;

static void tell(const char *what, const void *block, int status, int error)
{
	char line[256];
	int length = snprintf(line, sizeof(line), "%s: %s, status %d, errno %d\n", what,
			      block == NULL ? "NULL" : "a block", status, error);

	truth_require(write(1, line, (size_t)length) == length, "line");
}

#define OUTCOME(call)                                                                              \
	do {                                                                                       \
		if (left_out == NULL || strncmp(left_out, #call, strlen(left_out)) != 0) {         \
			void *block_;                                                              \
                                                                                                   \
			errno = 4711;                                                              \
			block_ = (call);                                                           \
			tell(#call, block_, 0, errno);                                             \
			free(block_);                                                              \
		}                                                                                  \
	} while (0)

/* Of a block of 100 bytes; a call that fails leaves it, with what is in it. */
#define OUTCOME_OF_BLOCK(call)                                                                     \
	do {                                                                                       \
		char *p = malloc(100), *fresh_;                                                    \
		size_t wanted_;                                                                    \
                                                                                                   \
		memset(p, 0x5a, 100);                                                              \
		errno = 4711;                                                                      \
		fresh_ = (call);                                                                   \
		tell(#call, fresh_, 0, errno);                                                     \
		wanted_ = fresh_ == NULL ? 100 : malloc_usable_size(fresh_);                       \
		if (fresh_ == NULL && errno == ENOMEM)                                             \
			fresh_ = p;                                                                \
		for (size_t i_ = 0; fresh_ != NULL && i_ < wanted_ && i_ < 100; i_++)              \
			truth_require(fresh_[i_] == 0x5a || i_ >= kept, "contents: " #call);       \
		free(fresh_);                                                                      \
	} while (0)

#define OUTCOME_OF_POSIX(alignment, size)                                                          \
	do {                                                                                       \
		void *block_ = NULL;                                                               \
		int status_;                                                                       \
                                                                                                   \
		errno = 4711;                                                                      \
		status_ = posix_memalign(&block_, alignment, size);                                \
		tell("posix_memalign(" #alignment ", " #size ")", block_, status_, errno);         \
		free(block_);                                                                      \
	} while (0)

static void of_sizes(void)
{
	OUTCOME(malloc(zero));
	OUTCOME(malloc(top));
	OUTCOME(malloc(signed_top));
	OUTCOME(malloc(signed_top + 1));
	OUTCOME(malloc((size_t)5 << 30));
	OUTCOME(calloc(zero, 8));
	OUTCOME(calloc(8, zero));
	OUTCOME(calloc(zero, zero));
	OUTCOME(calloc(half, 4));
	OUTCOME(calloc(4, half));
	OUTCOME(calloc(signed_top, 1));
	OUTCOME(calloc((size_t)5 << 20, 1024));
	OUTCOME(reallocarray(NULL, half, 4));
	OUTCOME(reallocarray(NULL, zero, 4));
	OUTCOME(reallocarray(NULL, 4, 25));
	OUTCOME(realloc(NULL, zero));
	OUTCOME(realloc(NULL, top));
	OUTCOME(valloc(zero));
	OUTCOME(valloc(top));
	OUTCOME(valloc(4097));
	OUTCOME(pvalloc(zero));
	OUTCOME(pvalloc(top));
	OUTCOME(pvalloc(1));
}

static void of_alignments(void)
{
	OUTCOME(aligned_alloc(zero, 64));
	OUTCOME(aligned_alloc(1, 64));
	OUTCOME(aligned_alloc(three, 64));
	OUTCOME(aligned_alloc(twenty_four, 48));
	OUTCOME(aligned_alloc(64, 63));
	OUTCOME(aligned_alloc(64, zero));
	OUTCOME(aligned_alloc(64, top));
	OUTCOME(aligned_alloc(half + 1, 64));
	OUTCOME(aligned_alloc(top, 64));
	OUTCOME(aligned_alloc((size_t)1 << 21, 64));
	OUTCOME(memalign(zero, 64));
	OUTCOME(memalign(three, 64));
	OUTCOME(memalign(twenty_four, 48));
	OUTCOME(memalign(half + 1, 64));
	OUTCOME(memalign(top, 64));
	OUTCOME(memalign(4096, signed_top));
	OUTCOME_OF_POSIX(zero, 64);
	OUTCOME_OF_POSIX(1, 64);
	OUTCOME_OF_POSIX(4, 64);
	OUTCOME_OF_POSIX(8, 64);
	OUTCOME_OF_POSIX(twenty_four, 64);
	OUTCOME_OF_POSIX(64, zero);
	OUTCOME_OF_POSIX(64, top);
	OUTCOME_OF_POSIX(half + 1, 64);
	OUTCOME_OF_POSIX(4096, 4096);
}

static void of_blocks(void)
{
	size_t kept = 100;

	OUTCOME_OF_BLOCK(realloc(p, 100));
	OUTCOME_OF_BLOCK(realloc(p, 104));
	OUTCOME_OF_BLOCK(realloc(p, 1000000));
	OUTCOME_OF_BLOCK(realloc(p, top));
	OUTCOME_OF_BLOCK(realloc(p, signed_top));
	OUTCOME_OF_BLOCK(reallocarray(p, half, 4));
	OUTCOME_OF_BLOCK(reallocarray(p, 10, 1000));
	kept = 10;
	OUTCOME_OF_BLOCK(realloc(p, 10));
	kept = 0;
	OUTCOME_OF_BLOCK(realloc(p, zero));
	OUTCOME_OF_BLOCK(reallocarray(p, zero, 4));
	errno = 4711;
	tell("malloc_usable_size(NULL)", NULL, (int)malloc_usable_size(NULL), errno);
	free(NULL);
	tell("free(NULL)", NULL, 0, errno);
}

int main(int argc, char **argv)
{
	left_out = argc > 1 ? argv[1] : NULL;
	of_sizes();
	of_alignments();
	of_blocks();
	return 0;
}
