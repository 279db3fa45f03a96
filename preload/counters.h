/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters.h - books allocations and frees on a stack's counters.
 *
 * Layer 2. The entry belongs to the shard. Without an entry (NULL: no room) only the shard's own sums go on,
 * and the loss is counted.
 */
#ifndef PRELOAD_COUNTERS_H
#define PRELOAD_COUNTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "shard.h"

/* is_realloc: the new block of a successful realloc of a block. */
void counters_add_alloc(struct shard *shard, struct mt_counters *counters, uint64_t size,
			bool is_realloc);

void counters_add_free(struct shard *shard, struct mt_counters *counters, uint64_t size,
		       bool is_temporary, bool is_inherited);

/* In a forked child, before its first event: a block that was alive at the fork. */
void counters_add_inherited(struct shard *shard, struct mt_counters *counters, uint64_t size);

#endif
