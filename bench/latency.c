/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latency.c - what a program waits for: a fork of a process with many call stacks, and its longest malloc.
 *
 * usage: latency fork STACKS TIMES     nanoseconds of each fork(), and until the child has executed and ended
 *        latency malloc SECONDS        nanoseconds of the longest calls of malloc, new call stacks among them
 *
 * Writes one line of JSON.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS 20 /* of a call stack: one of two functions each */
#define TIMES_MAX 1000
#define BLOCKS 4096
#define NEW_EVERY 512 /* calls for each new call stack */
#define LONGEST 5

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define KEEP_FRAME() __asm__ volatile("" ::: "memory")

static __attribute__((noinline)) void *left(uint32_t path, int steps, size_t bytes);

static __attribute__((noinline)) void *right(uint32_t path, int steps, size_t bytes)
{
	void *block = steps == 0      ? malloc(bytes)
		      : path % 2 != 0 ? left(path / 2, steps - 1, bytes)
				      : right(path / 2, steps - 1, bytes);

	KEEP_FRAME();
	return block;
}

static __attribute__((noinline)) void *left(uint32_t path, int steps, size_t bytes)
{
	void *block = steps == 0      ? malloc(bytes)
		      : path % 2 != 0 ? left(path / 2, steps - 1, bytes)
				      : right(path / 2, steps - 1, bytes);

	KEEP_FRAME();
	return block;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int measure_fork(uint32_t stacks, uint32_t times)
{
	static uint64_t forks[TIMES_MAX], all[TIMES_MAX];
	static char program[] = "/bin/true";
	static char *const arguments[] = {program, NULL};
	static char *const environment[] = {NULL};

	for (uint32_t i = 0; i < stacks; i++)
		if (left(i, STEPS, 32) == NULL)
			return 1;
	for (uint32_t i = 0; i < times; i++) {
		uint64_t start = now_ns();
		pid_t child = fork();
		int status;

		if (child == 0) {
			execve(program, arguments, environment);
			_exit(1);
		}
		forks[i] = now_ns() - start;
		if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
			return 1;
		all[i] = now_ns() - start;
	}
	qsort(forks, times, sizeof(forks[0]), compare);
	qsort(all, times, sizeof(all[0]), compare);
	printf("{\"fork_ns\": %lu, \"exec_ns\": %lu}\n", (unsigned long)forks[times / 2],
	       (unsigned long)all[times / 2]);
	return 0;
}

static void note(uint64_t longest[LONGEST], uint64_t ns)
{
	if (ns <= longest[0])
		return;
	longest[0] = ns;
	qsort(longest, LONGEST, sizeof(longest[0]), compare);
}

static int measure_malloc(uint64_t seconds)
{
	static void *blocks[BLOCKS];
	uint64_t longest[LONGEST] = {0}, calls = 0, end = now_ns() + seconds * 1000000000u;
	uint32_t random = 1, path = 0;

	for (uint64_t start = now_ns(); start < end; calls++) {
		uint64_t done;

		random = random * 1664525 + 1013904223;
		free(blocks[random >> 20]);
		path += calls % NEW_EVERY == 0;
		start = now_ns();
		blocks[random >> 20] =
			left(path - random % 4 * (path > 4), STEPS, 16 + random % 500);
		done = now_ns();
		note(longest, done - start);
		start = done;
	}
	printf("{\"calls\": %lu, \"longest_ns\": %lu, \"fifth_longest_ns\": %lu}\n",
	       (unsigned long)calls, (unsigned long)longest[LONGEST - 1],
	       (unsigned long)longest[0]);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "fork") == 0 && atoi(argv[3]) <= TIMES_MAX)
		return measure_fork((uint32_t)atoi(argv[2]), (uint32_t)atoi(argv[3]));
	if (argc == 3 && strcmp(argv[1], "malloc") == 0)
		return measure_malloc((uint64_t)atoi(argv[2]));
	fprintf(stderr, "usage: latency fork STACKS TIMES | latency malloc SECONDS\n");
	return 2;
}
