/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_table.h - turns a call stack into a small integer: the id of its innermost node.
 *
 * Layer 2. Lock-free. 0 = no room.
 */
#ifndef PRELOAD_NODE_TABLE_H
#define PRELOAD_NODE_TABLE_H

#include <stdint.h>

#include "memtrace/format.h"

/* Id of a location word, see MT_LOCATION_*. */
uint32_t location_intern(uint64_t word);

/* Location of something that is not code. */
static inline uint64_t location_pseudo(enum mt_pseudo kind, uint64_t number)
{
	return (uint64_t)MT_MODULE_PSEUDO << MT_LOCATION_MODULE_SHIFT |
	       (uint64_t)kind << MT_PSEUDO_SHIFT | number;
}

/* Id of the node below parent. */
uint32_t node_intern(uint32_t parent, uint32_t location);

/*
 * In a child of fork that has its own file: finds again what stands in that. The indexes are not inherited, so that a
 * child which only executes another program does not have the process wait for copies of them.
 */
void node_table_after_fork(void);

/* Index into SITES of the stack that ends in node, made on first use; 0 for node 0. */
uint32_t node_site(uint32_t node);

#endif
