/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocks_from_before.c - blocks are allocated while recording is off, and freed, resized and handed to other
 * threads once it is on. Runs with MEMTRACE_START=off.
 */
#include "truth.h"

#include <pthread.h>

#include "memtrace/memtrace.h"

#define BLOCKS 3000

static void *blocks[BLOCKS];

static SITE void *site_before(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_after(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_resizing(void *block, size_t bytes)
{
	void *p = realloc(block, bytes);

	KEEP_FRAME();
	return p;
}

static void *free_some(void *first)
{
	for (void **block = first; block < blocks + BLOCKS; block += 3)
		free(*block);
	return NULL;
}

int main(void)
{
	struct truth before = {.function = "site_before"}, after = {.function = "site_after"};
	struct truth resizing = {.function = "site_resizing"};
	pthread_t thread;

	for (size_t i = 0; i < BLOCKS; i++)
		blocks[i] = site_before(100 + i);
	memtrace_start();
	for (size_t i = 0; i < BLOCKS; i++) {
		void *p = site_after(100 + i);

		truth_alloc(&after, 100 + i);
		if (i % 2) {
			free(p);
			truth_free(&after, 100 + i);
		}
	}
	free_some(blocks);
	truth_require(!pthread_create(&thread, NULL, free_some, blocks + 1), "thread");
	pthread_join(thread, NULL);
	for (size_t i = 2; i < BLOCKS; i += 3) {
		void *p = site_resizing(blocks[i], 5000);

		truth_alloc(&resizing, 5000);
		if (i % 2) {
			free(p);
			truth_free(&resizing, 5000);
		}
	}
	truth_tell(&before);
	truth_tell(&after);
	truth_tell(&resizing);
	truth_number("foreign_free_count", BLOCKS);
	return 0;
}
