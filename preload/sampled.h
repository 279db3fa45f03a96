/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampled.h - books blocks where only samples are recorded: each with its weight, and what tells how far off the
 * sums may be.
 *
 * Layer 3. Used only where sampler_bytes is not 0. A free takes back to the last digit what the allocation put
 * in: both follow from the block's size alone.
 */
#ifndef PRELOAD_SAMPLED_H
#define PRELOAD_SAMPLED_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/live_layout.h"
#include "shard.h"

void sampled_add_alloc(struct shard *shard, struct mt_counters *counters,
		       const struct mt_live_block *block, bool is_realloc);
void sampled_add_free(struct shard *shard, struct mt_counters *counters,
		      const struct mt_live_block *block, bool is_temporary, bool is_inherited);

/* In a forked child: what stands behind a block that was alive at the fork. Returns its weight. */
uint64_t sampled_add_inherited(struct shard *shard, struct mt_counters *counters,
			       const struct mt_live_block *block);

/* How many blocks a recorded one stands for. */
uint64_t sampled_weight(const struct mt_live_block *block);

#endif
