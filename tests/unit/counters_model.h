/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters_model.h - random events that are booked on shards and in a plain model at once.
 */
#ifndef UNIT_COUNTERS_MODEL_H
#define UNIT_COUNTERS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "shard.h"
#include "squeeze_site.h"

#define MODEL_STACKS 200u
#define MODEL_SHARDS 3u

struct model_site {
	uint64_t alloc_count, alloc_bytes, free_count, freed_bytes, realloc_count, temporary_count;
	int64_t live_bytes, peak_bytes, at_peak_bytes;
	uint64_t sizes[SQUEEZE_BUCKETS];
};

/* By stack. at_peak_bytes is that of the last time that the peak rose. */
extern struct model_site model_sites[MODEL_STACKS];
extern int64_t model_live_bytes, model_peak_bytes;
extern uint32_t model_site_ids[MODEL_STACKS];
extern struct shard *model_shards[MODEL_SHARDS];

/* Fixture: a trace file, shards, and the stacks' sites. */
void model_start(void);

/* Takes exclusive shards as threads do, up to so many; the first with the id of the calling thread. */
void model_take_shards(uint32_t count);

/* One event at random, on one of the first shards. Waves of growing and shrinking make many peaks. */
void model_step(uint32_t event, uint32_t shard_count);

/* One event of a stack that model_step() may use too. */
void model_alloc(struct shard *shard, uint32_t stack, uint64_t size);
void model_free(struct shard *shard, uint32_t stack, uint64_t size);

/* Peaks begin again, here and there. */
void model_reset_peak(void);

/* What a snapshot would say of a stack. */
void model_sum_of(uint32_t stack, struct squeeze_site *sum);

#endif
