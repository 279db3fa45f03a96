/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_memory.h - memory for stripes of the table of live blocks: runs of pages, used again and again.
 *
 * Layer 1. Lock-free. Memory given back stays mapped (a late reader may still look at it) but its pages go
 * back to the system.
 */
#ifndef PRELOAD_LIVE_MEMORY_H
#define PRELOAD_LIVE_MEMORY_H

#include <stdint.h>

#define LIVE_RUN_PAGES_MAX 32u

/* At least `pages` pages, contents arbitrary; NULL when there is no memory. */
void *live_memory_take(uint32_t pages);
void live_memory_give(void *run, uint32_t pages);

#endif
