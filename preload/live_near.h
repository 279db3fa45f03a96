/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_near.h - blocks that lie some groups further than their own, as is common in a well filled stripe.
 *
 * Layer 2, private to live_*. What these cannot do at once they leave to the slow way of live_table.c: a stripe
 * that is being replaced, API blocks, large ones, an address that is in the table already.
 */
#ifndef PRELOAD_LIVE_NEAR_H
#define PRELOAD_LIVE_NEAR_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/live_layout.h"

/* Return: done. */
bool live_near_insert(const struct mt_live_block *block, uint64_t hash);

/* Return: done. If not, *is_removed tells whether it has been removed from a stripe that may be no more. */
bool live_near_remove(uint64_t address, uint64_t hash, struct mt_live_block *block,
		      bool *is_removed);

#endif
