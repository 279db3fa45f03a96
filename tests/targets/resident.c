/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resident.c - tells its own resident memory: doing next to nothing, with many threads, blocks or stacks.
 *
 * usage: resident idle | threads N | blocks N | stacks N
 */
#include "truth.h"

#include <pthread.h>
#include <stdint.h>

#define THREAD_STACK_BYTES 65536
#define STEPS 20
#define PATH_BITS 16

/* Kilobytes of a line of smaps_rollup, without allocating. */
static long resident_kib(void)
{
	static char text[4096];
	int fd = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
	ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const char *line;

	truth_require(bytes > 0, "smaps_rollup");
	close(fd);
	text[bytes] = '\0';
	line = strstr(text, "\nRss:");
	truth_require(line != NULL, "Rss");
	return atol(line + 5);
}

static SITE void *site(size_t bytes)
{
	void *block = malloc(bytes);

	KEEP_FRAME();
	return block;
}

static void tell_resident(long so_many)
{
	char name[40];

	snprintf(name, sizeof(name), "resident %ld", so_many);
	truth_number(name, resident_kib());
}

static pthread_barrier_t all_there, all_told;

static void *in_thread(void *argument)
{
	void *block;

	(void)argument;
	for (size_t i = 0; i < 100; i++)
		free(site(16 + i));
	block = site(100);
	pthread_barrier_wait(&all_there);
	pthread_barrier_wait(&all_told);
	free(block);
	return NULL;
}

static void run_threads(long count)
{
	pthread_t *threads = calloc((size_t)count, sizeof(*threads));
	pthread_attr_t attributes;

	truth_require(threads != NULL, "memory");
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_STACK_BYTES);
	pthread_barrier_init(&all_there, NULL, (unsigned)count + 1);
	pthread_barrier_init(&all_told, NULL, (unsigned)count + 1);
	for (long i = 0; i < count; i++)
		truth_require(pthread_create(&threads[i], &attributes, in_thread, NULL) == 0,
			      "pthread_create");
	pthread_barrier_wait(&all_there);
	tell_resident(count);
	pthread_barrier_wait(&all_told);
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	free(threads);
}

/* Looks at itself on the way as well: a table that grows may hold two copies for a while. */
static void run_blocks(long count)
{
	uint64_t random = 1;

	for (long i = 1; i <= count; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		truth_require(site(16 + (random >> 40) % 257) != NULL, "memory");
		if (i % (count / STEPS) == 0)
			tell_resident(i);
	}
}

static SITE void path_left(long number, unsigned bits);
static SITE void path_right(long number, unsigned bits);

/* One more bit of the number per frame: as many stacks as there are numbers. */
static void path_step(long number, unsigned bits)
{
	if (bits == 0)
		free(site(16));
	else if (number >> (bits - 1) & 1)
		path_left(number, bits - 1);
	else
		path_right(number, bits - 1);
	KEEP_FRAME();
}

static SITE void path_left(long number, unsigned bits)
{
	path_step(number, bits);
}

static SITE void path_right(long number, unsigned bits)
{
	path_step(number, bits);
}

static void run_stacks(long count)
{
	for (long number = 0; number < count; number++)
		path_left(number, PATH_BITS);
	tell_resident(count);
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[2]) : 0;

	truth_require(argc > 1, "usage: resident WHAT N");
	free(site(10));
	tell_resident(0);
	if (strcmp(argv[1], "threads") == 0)
		run_threads(count);
	else if (strcmp(argv[1], "blocks") == 0)
		run_blocks(count);
	else if (strcmp(argv[1], "stacks") == 0)
		run_stacks(count);
	return 0;
}
