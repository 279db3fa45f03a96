/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_filter.h - which addresses are certainly of no recorded block: what free() asks first where only samples
 * are recorded.
 *
 * Layer 2. A byte for each 256 bytes of address space, modulo 64 MiB: neighbours share cache lines, so that the
 * filter costs a program as many of those as 1/256 of the memory it works on. A byte counts the recorded
 * blocks that begin there; one that has reached 255 stays, and costs its addresses a look into the table
 * for ever.
 *
 *              whoever holds the block
 *   add        before the block is in the table of live blocks, so before anybody can free it
 *   remove     after it has left the table
 *
 * What is interrupted for ever, by a handler that jumps away or a fork, leaves a count too high, never too low.
 */
#ifndef PRELOAD_SAMPLE_FILTER_H
#define PRELOAD_SAMPLE_FILTER_H

#include <stdbool.h>
#include <stdint.h>

#include "hidden.h"
#include "memtrace/atomic.h"

#define SAMPLE_FILTER_BITS 18
#define SAMPLE_FILTER_FULL UINT8_MAX

extern HIDDEN uint8_t sample_filter[1u << SAMPLE_FILTER_BITS];

/* Arenas begin at multiples of 64 MiB: their number is mixed in. */
static inline uint32_t sample_filter_index(uintptr_t address)
{
	return (uint32_t)((address ^ address >> 13) >> 8) & ((1u << SAMPLE_FILTER_BITS) - 1);
}

/* False: the block is not recorded. */
static inline bool sample_filter_may_hold(uintptr_t address)
{
	return mt_load_relaxed(&sample_filter[sample_filter_index(address)]) != 0;
}

void sample_filter_add(uintptr_t address);
void sample_filter_remove(uintptr_t address);

#endif
