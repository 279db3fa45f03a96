/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_large.h - sizes of live blocks that do not fit into an entry of the table.
 *
 * Layer 2, private to live_*. A key is mt_live_large_key(). When there are more than MT_LIVE_LARGE_MAX, the
 * size of the others is MT_LIVE_SIZE_MAX.
 */
#ifndef PRELOAD_LIVE_LARGE_H
#define PRELOAD_LIVE_LARGE_H

#include <stdint.h>

/* Address of struct mt_live_large[MT_LIVE_LARGE_MAX]. */
uint64_t live_large_address(void);
void live_large_put(uint64_t key, uint64_t size);
uint64_t live_large_find(uint64_t key);
uint64_t live_large_take(uint64_t key);

#endif
