/* SPDX-License-Identifier: Apache-2.0 */
/*
 * double_free.c - blocks that are freed twice.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "misuse.h"

static void twice(size_t bytes)
{
	char *block = filled(bytes, 'a');

	free(block);
	free(hide(block));
}

static void twice_in_tcache(void)
{
	twice(24);
}

static void twice_in_largest_tcache_bin(void)
{
	twice(1032);
}

static void twice_beyond_tcache(void)
{
	char *guard;
	char *block = filled(3000, 'a');

	guard = filled(24, 'g');
	free(block);
	free(hide(block));
	free(guard);
}

static void twice_at_the_top(void)
{
	twice(5000);
}

static void twice_mapped(void)
{
	twice((size_t)1 << 20);
}

/* The tcache's bin is full: the fast bin looks at its own head only. */
static void twice_in_fastbin(void)
{
	char *blocks[8];

	for (int i = 0; i < 8; i++)
		blocks[i] = filled(40, 'a');
	for (int i = 0; i < 8; i++)
		free(blocks[i]);
	free(hide(blocks[7]));
}

static void twice_in_fastbin_with_one_between(void)
{
	char *blocks[9];

	for (int i = 0; i < 9; i++)
		blocks[i] = filled(40, 'a');
	for (int i = 0; i < 9; i++)
		free(blocks[i]);
	free(hide(blocks[7]));
	for (int i = 0; i < 10; i++)
		blocks[i % 9] = filled(40, 'b');
	say("%d", blocks[0] == blocks[1]);
}

static void twice_with_the_key_overwritten(void)
{
	char *block = filled(40, 'a');

	free(block);
	memset((char *)hide(block) + 8, 0, 8);
	free(hide(block));
	block = filled(40, 'b');
	say("%d", hide(block) == hide(filled(40, 'c')));
}

static void twice_with_one_between(void)
{
	char *block = filled(100, 'a'), *other = filled(100, 'b');

	free(block);
	free(other);
	free(hide(block));
}

static void twice_with_an_allocation_between(void)
{
	char *block = filled(100, 'a'), *fresh;

	free(block);
	fresh = filled(100, 'b');
	free(hide(block)); /* it is the new one */
	say("%d", fresh == hide(block));
	free(hide(fresh));
}

static void *free_it(void *block)
{
	free(block);
	return NULL;
}

static void in_thread(void *block)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, free_it, block) == 0)
		(void)pthread_join(thread, NULL);
}

static void once_in_another_thread_first(void)
{
	char *block = filled(100, 'a');

	in_thread(block);
	free(hide(block));
}

static void once_in_another_thread_second(void)
{
	char *block = filled(100, 'a');

	free(block);
	in_thread(hide(block));
}

static void once_in_two_threads(void)
{
	char *block = filled(2000, 'a'), *guard = filled(40, 'g');

	in_thread(hide(block));
	in_thread(hide(block));
	free(guard);
}

static void *free_twice(void *nothing)
{
	(void)nothing;
	twice(64);
	return NULL;
}

static void twice_in_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, free_twice, NULL) == 0)
		(void)pthread_join(thread, NULL);
}

static void twice_with_realloc_to_nothing(void)
{
	char *block = filled(100, 'a');

	say("%d", realloc(block, 0) == NULL);
	free(hide(block));
}

static void old_block_of_realloc(void)
{
	char *block = filled(100, 'a'), *guard = filled(24, 'g'), *fresh = realloc(block, 50000);

	say("%d %c", fresh != hide(block), fresh[99]);
	free(hide(block));
	free(guard);
}

static void old_mapped_block_of_realloc(void)
{
	char *block = filled((size_t)1 << 20, 'a'), *fresh = realloc(block, 100);

	say("%c", fresh[99]);
	free(hide(block));
}

static void calloc_block_twice(void)
{
	char *block = calloc(10, 30);

	free(block);
	free(hide(block));
}

static void aligned_block_twice(void)
{
	char *block = aligned_alloc(256, 512);

	free(block);
	free(hide(block));
}

const struct misuse_case double_free_cases[] = {
	CASE(twice_in_tcache),
	CASE(twice_in_largest_tcache_bin),
	CASE(twice_beyond_tcache),
	CASE(twice_at_the_top),
	CASE(twice_mapped),
	CASE(twice_in_fastbin),
	CASE(twice_in_fastbin_with_one_between),
	CASE(twice_with_the_key_overwritten),
	CASE(twice_with_one_between),
	CASE(twice_with_an_allocation_between),
	CASE(once_in_another_thread_first),
	CASE(once_in_another_thread_second),
	CASE(once_in_two_threads),
	CASE(twice_in_a_thread),
	CASE(twice_with_realloc_to_nothing),
	CASE(old_block_of_realloc),
	CASE(old_mapped_block_of_realloc),
	CASE(calloc_block_twice),
	CASE(aligned_block_twice),
	END,
};
