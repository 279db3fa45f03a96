/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_memory.h - memory for the table of live blocks and for long stacks: runs of pages, used again and again.
 *
 * Layer 1. Lock-free. Memory given back stays mapped, as a late thread may still look at it, and is only ever
 * used for the same purpose; all but a thirty-second of it goes back to the system.
 */
#ifndef PRELOAD_LIVE_MEMORY_H
#define PRELOAD_LIVE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "os_lock.h"

struct mt_pair;

#define LIVE_RUN_PAGES_MAX 80u

enum live_use { LIVE_USE_STRIPE, LIVE_USE_FRAMES, LIVE_USE_COUNT };

/* So many pages, contents arbitrary; NULL when there is no memory. */
void *live_memory_take(enum live_use use, uint32_t pages);
/* For a stripe; tells whether the memory has been one before. */
void *live_memory_take_stripe(uint32_t pages, bool *is_reused);
void live_memory_give(enum live_use use, void *run, uint32_t pages);

/* Eight slots, contents arbitrary; NULL when there is no memory. */
struct mt_pair *live_memory_take_node(void);
/* Makes sure that there is some for a time in which the system must not be asked. */
void live_memory_prepare(void);
/* Where the next memory comes from. What has not been used of it may have pages all the same: they are given back. */
struct os_range live_memory_range(void);
void live_memory_forget(void);
/* One that nobody can know: never given back before. */
struct mt_pair *live_memory_new_node(void);
void live_memory_give_node(struct mt_pair *slots);

#endif
