/* SPDX-License-Identifier: Apache-2.0 */
/*
 * after_free.c - blocks that are used after they were freed, or before anything was written to them.
 */
#include <stdlib.h>
#include <string.h>

#include "misuse.h"

static unsigned sum_of(const char *block, size_t bytes)
{
	unsigned sum = 0;

	for (size_t i = 0; i < bytes; i++)
		sum = sum * 31 + (unsigned char)block[i];
	return sum;
}

/* Its first 16 bytes are the allocator's: links and a random key. */
static void read_freed(void)
{
	char *block = filled(100, 'a');

	free(block);
	say("%u", sum_of((char *)hide(block) + 16, 84));
}

static void read_freed_large(void)
{
	char *block = filled(5000, 'a'), *guard = filled(24, 'g');

	free(block);
	say("%u", sum_of((char *)hide(block) + 32, 4000));
	free(guard);
}

static void read_freed_mapped(void)
{
	char *block = filled((size_t)1 << 20, 'a');

	free(block);
	say("%c", *(char *)hide(block));
}

static void write_freed_mapped(void)
{
	char *block = filled((size_t)1 << 20, 'a');

	free(block);
	*(char *)hide(block) = 'x';
}

static void write_freed(void)
{
	char *block = filled(100, 'a'), *fresh;

	free(block);
	memset((char *)hide(block) + 16, 'x', 84);
	fresh = hide(malloc(100));
	say("%d %c", fresh == hide(block), fresh[50]);
}

static void write_freed_link(void)
{
	char *block = filled(100, 'a');

	free(block);
	memset(hide(block), 'x', 8);
	say("%d", malloc(100) != NULL);
	say("%d", malloc(100) != NULL);
}

static void write_freed_large_link(void)
{
	char *block = filled(2000, 'a'), *guard = filled(24, 'g');

	free(block);
	memset(hide(block), 'x', 8);
	free(filled(2500, 'b'));
	say("%d", malloc(2000) != NULL);
	free(guard);
}

static void read_through_old_pointer(void)
{
	char *block = filled(64, 'a');

	free(block);
	(void)filled(64, 'n');
	say("%c", ((char *)hide(block))[20]);
}

static void read_old_block_of_realloc(void)
{
	char *block = filled(64, 'a'), *guard = filled(24, 'g');

	say("%d", realloc(block, 9000) != hide(block));
	say("%c", ((char *)hide(block))[20]);
	free(guard);
}

static void function_of_freed_object(void)
{
	void (**object)(void) = hide(malloc(64));

	object[4] = read_freed;
	free(object);
	(void)filled(64, 0);
	((void (**)(void))hide(object))[4]();
}

static void read_unwritten(void)
{
	say("%u", sum_of(hide(malloc(1000)), 1000));
}

static void read_unwritten_of_used_memory(void)
{
	free(filled(1000, 'a'));
	say("%u", sum_of((char *)hide(malloc(1000)) + 16, 984));
}

static void read_unwritten_mapped(void)
{
	say("%u", sum_of(hide(malloc((size_t)1 << 20)), (size_t)1 << 20));
}

static void read_unwritten_behind_realloc(void)
{
	char *block = realloc(filled(100, 'a'), 3000);

	say("%u", sum_of(hide(block), 3000));
}

static void read_calloc_of_used_memory(void)
{
	free(filled(1000, 'a'));
	say("%u", sum_of(hide(calloc(10, 100)), 1000));
}

static void order_of_blocks(void)
{
	char *blocks[20];

	for (int i = 0; i < 20; i++)
		blocks[i] = filled(64, 'a');
	for (int i = 0; i < 20; i += 3)
		free(blocks[i]);
	for (int i = 0; i < 7; i++) {
		char *fresh = filled(64, 'b');

		for (int j = 0; j < 20; j++)
			if (fresh == hide(blocks[j]))
				say("%d", j);
	}
}

static void distances_of_blocks(void)
{
	char *last = filled(24, 'a');

	for (size_t bytes = 1; bytes < 100000; bytes = bytes * 3 / 2 + 1) {
		char *block = filled(bytes, 'a');

		say("%zu: %td", bytes, block - last);
		last = block;
	}
}

const struct misuse_case after_free_cases[] = {
	CASE(read_freed),
	CASE(read_freed_large),
	CASE(read_freed_mapped),
	CASE(write_freed_mapped),
	CASE(write_freed),
	CASE(write_freed_link),
	CASE(write_freed_large_link),
	CASE(read_through_old_pointer),
	CASE(read_old_block_of_realloc),
	CASE(function_of_freed_object),
	CASE(read_unwritten),
	CASE(read_unwritten_of_used_memory),
	CASE(read_unwritten_mapped),
	CASE(read_unwritten_behind_realloc),
	CASE(read_calloc_of_used_memory),
	CASE(order_of_blocks),
	CASE(distances_of_blocks),
	END,
};
