/* SPDX-License-Identifier: Apache-2.0 */
/*
 * realloc_storm.c - four threads grow and shrink blocks by realloc; freed and moved addresses change hands
 * between the threads all the time.
 */
#include "truth.h"

#include <pthread.h>
#include <stdint.h>

#define THREADS 4
#define ROUNDS 2000
#define STEPS 12

static SITE void *site_start(void)
{
	void *p = malloc(24);

	KEEP_FRAME();
	return p;
}

static SITE void *site_growing(void *p, size_t bytes)
{
	p = realloc(p, bytes);
	KEEP_FRAME();
	return p;
}

static void *storm(void *argument)
{
	(void)argument;
	for (int round = 0; round < ROUNDS; round++) {
		void *p = site_start();

		for (size_t step = 0; step < STEPS; step++)
			p = site_growing(p, (size_t)24 << (step < 6 ? step : 12 - step));
		free(p);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	long bytes = 0, count = (long)THREADS * ROUNDS;

	for (int i = 0; i < THREADS; i++)
		truth_require(!pthread_create(&threads[i], NULL, storm, NULL), "thread");
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int step = 0; step < STEPS; step++)
		bytes += 24l << (step < 6 ? step : 12 - step);
	truth_line(
		"{\"pid\":%d,\"function\":\"site_start\",\"alloc_count\":%ld,\"alloc_bytes\":%ld,"
		"\"free_count\":%ld,\"freed_bytes\":%ld,\"live_blocks\":0,\"live_bytes\":0}",
		(int)getpid(), count, 24 * count, count, 24 * count);
	truth_line(
		"{\"pid\":%d,\"function\":\"site_growing\",\"alloc_count\":%ld,\"alloc_bytes\":%ld,"
		"\"free_count\":%ld,\"freed_bytes\":%ld,\"live_blocks\":0,\"live_bytes\":0}",
		(int)getpid(), STEPS * count, bytes * count, STEPS * count, bytes * count);
	truth_number("realloc_count", STEPS * count);
	truth_number("unseen_free_count", 0);
	return 0;
}
