/* SPDX-License-Identifier: Apache-2.0 */
/*
 * early_blocks.c - what becomes of blocks that were allocated while the next allocator was looked up: they are
 * looked at, made larger and smaller, and freed, in main and when the program is all but gone. Runs with
 * odd_allocator preloaded.
 */
#include "truth.h"

#include <malloc.h>

#include "odd_allocator.h"

static struct odd_block last;

static void check(const struct odd_block *block, size_t kept)
{
	truth_require(malloc_usable_size(block->start) == block->bytes, "usable size");
	for (size_t i = 0; i < kept; i++)
		truth_require(block->start[i] == ODD_EARLY_BYTE, "contents");
}

static struct odd_block early(size_t i)
{
	struct odd_block block = odd_allocator_early(i);

	truth_require(block.start != NULL, "early block");
	check(&block, block.bytes);
	return block;
}

static SITE struct odd_block site_resizing(struct odd_block block, size_t bytes)
{
	block.start = realloc(block.start, bytes);
	truth_require(block.start != NULL, "realloc");
	/* odd_allocator gives memory that nobody has had */
	truth_require(bytes > block.bytes || block.start[bytes] == 0, "written past the end");
	block.bytes = bytes;
	return block;
}

static __attribute__((destructor(101))) void end(void)
{
	struct truth t = {.function = "site_resizing"};

	check(&last, last.bytes);
	last = site_resizing(last, 10);
	check(&last, 10);
	truth_alloc(&t, 40000);
	truth_alloc(&t, 30);
	truth_alloc(&t, 10);
	free(last.start);
	truth_free(&t, 10);
	truth_tell(&t);
}

int main(void)
{
	struct odd_block larger, smaller;

	truth_require(odd_allocator_early != NULL, "odd_allocator is preloaded");
	free(early(0).start);
	larger = site_resizing(early(1), 40000);
	check(&larger, 15000);
	smaller = site_resizing(early(2), 30);
	check(&smaller, 30);
	free(early(3).start);
	last = early(4);
	return 0;
}
