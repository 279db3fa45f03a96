/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overflow.c - writes and reads past the ends of blocks.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "misuse.h"

/* Writes [from, until) relative to a block that has one behind it, and frees both. */
static void write_around(size_t bytes, ptrdiff_t from, ptrdiff_t until, int letter)
{
	char *block = filled(bytes, 'a'), *behind = filled(bytes, 'b');

	memset((char *)hide(block) + from, letter, (size_t)(until - from));
	say("%d", behind[0]);
	free(hide(block));
	free(hide(behind));
	say("%d", filled(bytes, 'c') != NULL);
}

static void off_by_one_in_slack(void)
{
	write_around(20, 20, 21, 'x');
}

static void off_by_one(void)
{
	write_around(24, 24, 25, 'x');
}

static void off_by_one_zero(void)
{
	write_around(24, 24, 25, 0);
}

static void over_the_size(void)
{
	write_around(24, 24, 32, 'x');
}

static void over_the_next_block(void)
{
	write_around(24, 24, 200, 'x');
}

static void over_the_next_large_block(void)
{
	write_around(2000, 2000, 2100, 'x');
}

static void over_the_top(void)
{
	char *block = filled(24, 'a');

	memset((char *)hide(block) + 24, 0xff, 64);
	say("%d", malloc(5000) != NULL);
}

static void before_by_one(void)
{
	write_around(24, -1, 0, 'x');
}

static void before_over_the_size(void)
{
	write_around(24, -8, 0, 0x7f);
}

static void before_over_the_size_of_large(void)
{
	write_around(3000, -8, 0, 0);
}

static void within_a_mapped_block_s_page(void)
{
	char *block = filled(((size_t)1 << 20) - 16, 'a');

	((char *)hide(block))[((size_t)1 << 20) - 8] = 'x';
	free(hide(block));
}

static void before_a_mapped_block(void)
{
	char *block = filled((size_t)1 << 20, 'a');

	memset((char *)hide(block) - 8, 'x', 8);
	free(hide(block));
}

static void far_behind_a_mapped_block(void)
{
	char *block = filled((size_t)64 << 20, 'a');

	((char *)hide(block))[(size_t)1 << 45] = 'x';
	free(hide(block));
}

static void of_a_freed_list(void)
{
	char *first = filled(40, 'a'), *second = filled(40, 'b');

	free(first);
	free(second);
	memset(hide(second), 0x41, 8); /* the link to the next one */
	say("%d", malloc(40) != NULL);
	say("%d", malloc(40) != NULL);
}

static void of_an_unsorted_chunk(void)
{
	char *block = filled(2000, 'a'), *guard = filled(24, 'g');

	free(block);
	memset(hide(block), 0x41, 16);
	say("%d", malloc(100) != NULL);
	free(guard);
}

static void of_a_chunk_s_previous_size(void)
{
	char *first = filled(2008, 'a'), *second = filled(2008, 'b'), *guard = filled(24, 'g');

	free(first);
	memset((char *)hide(second) - 16, 0x20, 8);
	free(hide(second));
	free(guard);
}

static void read_behind(void)
{
	char *block = filled(24, 'a');
	uint64_t size;

	memcpy(&size, (char *)hide(block) + 24, sizeof(size)); /* of the top chunk */
	say("%d", (size & 7) == 1);
}

static void read_before(void)
{
	uint64_t size;

	memcpy(&size, (char *)hide(filled(24, 'a')) - 8, sizeof(size));
	say("%llx", (unsigned long long)size);
}

static void copy_beyond_both_ends(void)
{
	char *from = filled(100, 'a'), *to = filled(20, 'b');

	memcpy(hide(to), hide(from), 100);
	say("%c", to[19]);
	free(hide(to));
	free(hide(from));
}

static void text_without_room_for_its_end(void)
{
	char *block = filled(24, 'a');

	strcpy(hide(block), "exactly twenty-four char");
	say("%zu", strlen(hide(block)));
	free(hide(block));
	free(filled(24, 'a'));
}

const struct misuse_case overflow_cases[] = {
	CASE(off_by_one_in_slack),
	CASE(off_by_one),
	CASE(off_by_one_zero),
	CASE(over_the_size),
	CASE(over_the_next_block),
	CASE(over_the_next_large_block),
	CASE(over_the_top),
	CASE(before_by_one),
	CASE(before_over_the_size),
	CASE(before_over_the_size_of_large),
	CASE(within_a_mapped_block_s_page),
	CASE(before_a_mapped_block),
	CASE(far_behind_a_mapped_block),
	CASE(of_a_freed_list),
	CASE(of_an_unsorted_chunk),
	CASE(of_a_chunk_s_previous_size),
	CASE(read_behind),
	CASE(read_before),
	CASE(copy_beyond_both_ends),
	CASE(text_without_room_for_its_end),
	END,
};
