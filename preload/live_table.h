/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_table.h - which blocks are alive, what they are and which stack made them. Private memory.
 *
 * Layer 2. Lock-free: no thread, handler, stopped thread or forked child ever waits for another. A child of
 * fork finds the table as it was at that instant, whatever other threads were doing.
 */
#ifndef PRELOAD_LIVE_TABLE_H
#define PRELOAD_LIVE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/live_layout.h"

/* Once per process. */
void live_table_init(void);

/* What outsiders need to find the table. */
uint64_t live_table_root(uint32_t *bytes);

enum live_insert {
	LIVE_INSERTED,
	LIVE_REPLACED, /* the address was in the table: *old is what it was, and is gone */
	LIVE_NO_ROOM,
};

/**
 * live_table_insert() - note a block. Its address is of no block that another thread may insert or remove
 * at the same time: the allocator has just given it to this thread.
 */
enum live_insert live_table_insert(const struct mt_live_block *block, struct mt_live_block *old);

/**
 * live_table_remove() - forget a block.
 *
 * Return: false = not in the table; *block is not set then.
 */
bool live_table_remove(uint64_t address, bool is_api, struct mt_live_block *block);

/**
 * live_table_each() - visit every block. Exact while nothing else changes the table.
 */
void live_table_each(void (*visit)(const struct mt_live_block *block, void *context),
		     void *context);

#endif
