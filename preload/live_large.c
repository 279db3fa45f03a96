/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_large.c - sizes of live blocks that do not fit into an entry of the table.
 */
#include "live_large.h"

#include <stddef.h>

#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"

static struct mt_live_large live_large[MT_LIVE_LARGE_MAX];

uint64_t live_large_address(void)
{
	return (uint64_t)(uintptr_t)live_large;
}

void live_large_put(uint64_t key, uint64_t size)
{
	for (uint32_t i = 0; i < MT_LIVE_LARGE_MAX; i++) {
		uint64_t expected = 0;

		/* the size may come later: who looks for it got the block from who put it here */
		if (mt_cas_acq_rel(&live_large[i].address, &expected, key)) {
			mt_store_relaxed(&live_large[i].size, size);
			return;
		}
	}
}

static struct mt_live_large *live_large_search(uint64_t key)
{
	for (uint32_t i = 0; i < MT_LIVE_LARGE_MAX; i++)
		if (mt_load_relaxed(&live_large[i].address) == key)
			return &live_large[i];
	return NULL;
}

uint64_t live_large_find(uint64_t key)
{
	struct mt_live_large *large = live_large_search(key);

	return large != NULL ? mt_load_relaxed(&large->size) : MT_LIVE_SIZE_MAX;
}

uint64_t live_large_take(uint64_t key)
{
	struct mt_live_large *large = live_large_search(key);
	uint64_t size;

	if (large == NULL)
		return MT_LIVE_SIZE_MAX;
	size = mt_load_relaxed(&large->size);
	mt_store_release(&large->address, 0);
	return size;
}
