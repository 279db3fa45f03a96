/* SPDX-License-Identifier: Apache-2.0 */
/*
 * setting.c - what glibc lets a program set and ask of its allocator.
 */
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "misuse.h"

static unsigned sum_of(const unsigned char *block, size_t bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum = sum * 31 + block[i];
	return sum;
}

static void perturbed(void)
{
	unsigned char *block;

	say("%d", mallopt(M_PERTURB, 0x5a));
	block = hide(malloc(1000));
	say("%u", sum_of(block, 1000));
	free(block);
	say("%u", sum_of((unsigned char *)hide(block) + 16, 900));
	say("%u", sum_of(hide(calloc(1, 1000)), 1000));
}

static void perturbed_after_use(void)
{
	char *block = filled(1000, 'a');

	(void)mallopt(M_PERTURB, 0xff);
	block = realloc(block, 5000);
	say("%u", sum_of(hide(block), 5000));
}

static void unknown_setting(void)
{
	say("%d %d", mallopt(-1234, 5), mallopt(M_MXFAST, 100000));
	say("%d %d", mallopt(M_MMAP_THRESHOLD, INT32_MAX), mallopt(M_MMAP_THRESHOLD, -1));
}

static void all_mapped(void)
{
	char *block;

	(void)mallopt(M_MMAP_THRESHOLD, 0);
	block = filled(100, 'a');
	free(block);
	free(hide(block));
}

static void none_mapped(void)
{
	char *block;

	(void)mallopt(M_MMAP_MAX, 0);
	block = filled((size_t)1 << 20, 'a');
	say("%zu", (size_t)mallinfo2().hblks);
	free(block);
	free(hide(block));
}

static void no_fast_bins(void)
{
	char *blocks[9];

	(void)mallopt(M_MXFAST, 0);
	for (int i = 0; i < 9; i++)
		blocks[i] = filled(40, 'a');
	for (int i = 0; i < 9; i++)
		free(blocks[i]);
	free(hide(blocks[8]));
}

static void statistics(void)
{
	struct mallinfo2 before = mallinfo2(), after;

	(void)filled(100000, 'a');
	(void)filled((size_t)1 << 20, 'b');
	after = mallinfo2();
	say("%zu %zu %zu", after.uordblks - before.uordblks, after.hblks - before.hblks,
	    after.hblkhd - before.hblkhd);
}

static void statistics_from_the_start(void)
{
	struct mallinfo2 info = mallinfo2();

	say("%zu %zu", (size_t)info.arena, (size_t)info.uordblks);
}

static void trim(void)
{
	free(filled(100000, 'a'));
	say("%d", malloc_trim(0));
	say("%d", malloc_trim((size_t)-1));
	(void)filled(100000, 'a');
}

static void trim_of_broken_heap(void)
{
	char *block = filled(24, 'a');

	memset((char *)hide(block) + 24, 0, 8);
	say("%d", malloc_trim(0));
}

static void statistics_of_broken_heap(void)
{
	char *block = filled(24, 'a'), *other = filled(3000, 'b'), *guard = filled(24, 'g');

	free(hide(other));
	memset(hide(block), 'x', 40);
	say("%zu", (size_t)mallinfo2().ordblks);
	free(guard);
}

static void state_in_xml(void)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&text, &bytes);

	say("%d", malloc_info(0, file));
	(void)fclose(file);
	say("%d", malloc_info(5, stdout));
	say("%d %d", strncmp(text, "<malloc", 7), strstr(text, "</malloc>") != NULL);
	free(text);
}

const struct misuse_case setting_cases[] = {
	CASE(perturbed),
	CASE(perturbed_after_use),
	CASE(unknown_setting),
	CASE(all_mapped),
	CASE(none_mapped),
	CASE(no_fast_bins),
	CASE(statistics),
	CASE(statistics_from_the_start),
	CASE(trim),
	CASE(trim_of_broken_heap),
	CASE(statistics_of_broken_heap),
	CASE(state_in_xml),
	END,
};
