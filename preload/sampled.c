/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampled.c - books what a recorded block stands for.
 */
#include "sampled.h"

#include <stddef.h>

#include "counters.h"
#include "memtrace/sampling.h"
#include "sampler.h"

/* Blocks that the program reports itself are recorded without exception. */
uint64_t sampled_weight(const struct mt_live_block *block)
{
	if ((block->flags & MT_LIVE_FLAG_SAMPLED) == 0)
		return 1;
	return mt_sample_weight(block->size, sampler_bytes);
}

/* The sums that stand behind an estimate. */
static void sampled_add_sums(const struct shard *shard, struct mt_counters *counters,
			     enum mt_sampled of, uint64_t size, uint64_t weight)
{
	const struct mt_sample_term terms[] = {
		[MT_SIDE_VARIANCE_COUNT - MT_SIDE_VARIANCE_COUNT] = mt_sample_term(weight, 1, 1),
		[MT_SIDE_VARIANCE_BYTES - MT_SIDE_VARIANCE_COUNT] =
			mt_sample_term(weight, size, size),
		[MT_SIDE_COVARIANCE - MT_SIDE_VARIANCE_COUNT] = mt_sample_term(weight, 1, size),
	};

	if (counters == NULL)
		return;
	(void)counters_add_side(counters, shard->is_shared, MT_SIDE_RECORDED, (uint8_t)of, 1, size);
	for (uint32_t i = 0; weight > 1 && i < sizeof(terms) / sizeof(terms[0]); i++)
		(void)counters_add_side(counters, shard->is_shared, MT_SIDE_VARIANCE_COUNT + i,
					(uint8_t)of, terms[i].low, terms[i].high);
}

void sampled_add_alloc(struct shard *shard, struct mt_counters *counters,
		       const struct mt_live_block *block, bool is_realloc)
{
	uint64_t weight = sampled_weight(block);

	sampled_add_sums(shard, counters, MT_SAMPLED_ALLOCATED, block->size, weight);
	counters_add_alloc_slow(shard, counters, block->size, weight, is_realloc, NULL);
}

void sampled_add_free(struct shard *shard, struct mt_counters *counters,
		      const struct mt_live_block *block, bool is_temporary, bool is_inherited)
{
	uint64_t weight = sampled_weight(block);

	sampled_add_sums(shard, counters, MT_SAMPLED_FREED, block->size, weight);
	counters_add_free_slow(shard, counters, block->size, weight, is_temporary, is_inherited);
}

uint64_t sampled_add_inherited(struct shard *shard, struct mt_counters *counters,
			       const struct mt_live_block *block)
{
	uint64_t weight = sampled_weight(block);

	sampled_add_sums(shard, counters, MT_SAMPLED_INHERITED, block->size, weight);
	return weight;
}
