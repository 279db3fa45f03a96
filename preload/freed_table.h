/* SPDX-License-Identifier: Apache-2.0 */
/*
 * freed_table.h - which blocks were freed last, and by which stack. Private memory of a fixed size, taken only
 * where invalid frees are reported.
 *
 * Layer 2. Nobody waits: a block is remembered in the one place that its address leads to, in place of whatever
 * was there.
 */
#ifndef PRELOAD_FREED_TABLE_H
#define PRELOAD_FREED_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#define FREED_TABLE_BLOCKS (UINT32_C(1) << 16)

struct freed_block {
	uint64_t address, size; /* size: requested */
	uint32_t alloc_node;	/* innermost nodes of the stacks; 0 = not known */
	uint32_t freed_node;
};

/* Takes 32 bytes a block; false = there is no memory. Once, before anything below. */
bool freed_table_init(void);

void freed_table_put(const struct freed_block *block);

/* Blocks that were freed so far are not to be spoken of again: others were handed out unseen. */
void freed_table_forget_all(void);

/* The block of this address; false = it is not, or no longer, among those remembered. */
bool freed_table_find(uint64_t address, struct freed_block *block);

/* One that held this address, but did not begin there. */
bool freed_table_find_around(uint64_t address, struct freed_block *block);

#endif
