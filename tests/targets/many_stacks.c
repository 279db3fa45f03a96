/* SPDX-License-Identifier: Apache-2.0 */
/*
 * many_stacks.c - allocates on as many different call stacks as its argument says: two functions call each
 * other by the bits of a number. Then it answers each line of standard input with "ok", how many nanoseconds
 * of time and of processor time it took, and a status: "s PATH" calls memtrace_snapshot(), "a" allocates once
 * more on each tenth stack.
 */
#include "truth.h"

#include <memtrace/memtrace.h>
#include <time.h>

static SITE void *branch_zero(size_t number, int depth);
static SITE void *branch_one(size_t number, int depth);

static SITE void *allocate(size_t bytes)
{
	void *block = malloc(bytes);

	KEEP_FRAME();
	return block;
}

static void *descend(size_t number, int depth)
{
	if (depth == 0)
		return allocate(number);
	return number & 1 ? branch_one(number >> 1, depth - 1)
			  : branch_zero(number >> 1, depth - 1);
}

static SITE void *branch_zero(size_t number, int depth)
{
	void *block = descend(number, depth);

	KEEP_FRAME();
	return block;
}

static SITE void *branch_one(size_t number, int depth)
{
	void *block = descend(number, depth);

	KEEP_FRAME();
	return block;
}

/* The bits above those of the stack are the block's size. Of every third stack nothing stays. */
static void allocate_on(size_t stack, int depth)
{
	void *block = descend(stack | (16 + stack % 1009) << depth, depth);

	truth_require(block != NULL, "malloc");
	if (stack % 3 == 0)
		free(block);
}

static long now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void answer(const char *line, size_t count, int depth)
{
	long start = now_ns(CLOCK_MONOTONIC), cpu_start = now_ns(CLOCK_THREAD_CPUTIME_ID);
	int status = 0;

	if (line[0] == 's')
		status = memtrace_snapshot(line + 2, NULL);
	for (size_t stack = 0; line[0] == 'a' && stack < count; stack += 10)
		allocate_on(stack, depth);
	printf("ok %ld %ld %d\n", now_ns(CLOCK_MONOTONIC) - start,
	       now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_start, status);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000, bytes;
	static char line[4096];
	int depth = 0;

	while (count > (size_t)1 << depth)
		depth++;
	for (size_t stack = 0; stack < count; stack++)
		allocate_on(stack, depth);
	answer("", count, depth);
	while (fgets(line, sizeof(line), stdin)) {
		bytes = strcspn(line, "\n");
		line[bytes] = '\0';
		answer(line, count, depth);
	}
	return 0;
}
