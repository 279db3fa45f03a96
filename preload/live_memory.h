/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_memory.h - memory for stripes of the table of live blocks and for long stacks: runs of pages, used again
 * and again.
 *
 * Layer 1. Lock-free. Memory given back stays mapped (a late reader may still look at it) but its pages go
 * back to the system.
 */
#ifndef PRELOAD_LIVE_MEMORY_H
#define PRELOAD_LIVE_MEMORY_H

#include <stdint.h>

#define LIVE_RUN_PAGES_MAX 32u

/*
 * A late thread may still read the header of a stripe that was given back, and add to its counters: that memory
 * becomes a stripe again and never anything else.
 */
enum live_use { LIVE_USE_STRIPE, LIVE_USE_FRAMES, LIVE_USE_COUNT };

/* At least `pages` pages, contents arbitrary; NULL when there is no memory. */
void *live_memory_take(enum live_use use, uint32_t pages);
void live_memory_give(enum live_use use, void *run, uint32_t pages);

#endif
