/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counters_model.c - random events that are booked on shards and in a plain model at once.
 */
#include "counters_model.h"

#include "counters.h"
#include "node_table.h"
#include "os.h"
#include "site_peak.h"
#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define BLOCKS 3000u

struct model_block {
	uint32_t stack;
	uint64_t size;
	bool is_live;
};

struct model_site model_sites[MODEL_STACKS];
int64_t model_live_bytes, model_peak_bytes;
uint32_t model_site_ids[MODEL_STACKS];
struct shard *model_shards[MODEL_SHARDS];

static struct model_block blocks[BLOCKS];
/* As a thread keeps them that knows its last stacks. */
static struct mt_side *kept_sides[MT_SHARD_MAX][MODEL_STACKS][COUNTERS_SIDES];
static uint64_t random_state = 0x853c49e6748fea9bu;

static uint64_t pick(uint64_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % limit;
}

void model_start(void)
{
	trace_case_start();
	shard_init();
	for (uint32_t i = 0; i < MODEL_STACKS; i++)
		model_site_ids[i] = node_site(node_intern(0, location_intern(0x1000 + i)));
}

void model_take_shards(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (model_shards[i] == NULL)
			model_shards[i] = shard_acquire(os_gettid() + (int)i);
		ck_assert(!model_shards[i]->is_shared);
	}
}

static struct mt_counters *counters_of(struct shard *shard, uint32_t stack)
{
	return shard_counters(shard, model_site_ids[stack], 1);
}

static void raise_peak(void)
{
	if (model_live_bytes <= model_peak_bytes)
		return;
	model_peak_bytes = model_live_bytes;
	for (uint32_t i = 0; i < MODEL_STACKS; i++)
		model_sites[i].at_peak_bytes = model_sites[i].live_bytes;
}

static void alloc(struct shard *shard, uint32_t stack, uint64_t size, bool is_realloc)
{
	struct model_site *site = &model_sites[stack];
	struct mt_side **sides = kept_sides[shard->number][stack];

	counters_add_alloc(shard, counters_of(shard, stack), size, is_realloc,
			   stack % 2 == 0 ? sides : NULL);
	site->alloc_count++;
	site->alloc_bytes += size;
	site->realloc_count += is_realloc;
	site->sizes[mt_size_bucket(size)]++;
	site->live_bytes += (int64_t)size;
	model_live_bytes += (int64_t)size;
	if (site->live_bytes > site->peak_bytes)
		site->peak_bytes = site->live_bytes;
	raise_peak();
}

static void release(struct shard *shard, uint32_t stack, uint64_t size, bool is_temporary)
{
	struct model_site *site = &model_sites[stack];

	counters_add_free(shard, counters_of(shard, stack), size, is_temporary, false);
	site->free_count++;
	site->freed_bytes += size;
	site->temporary_count += is_temporary;
	site->live_bytes -= (int64_t)size;
	model_live_bytes -= (int64_t)size;
}

void model_alloc(struct shard *shard, uint32_t stack, uint64_t size)
{
	alloc(shard, stack, size, false);
}

void model_free(struct shard *shard, uint32_t stack, uint64_t size)
{
	release(shard, stack, size, false);
}

static void alloc_block(struct shard *shard, struct model_block *block, bool is_realloc)
{
	*block = (struct model_block){(uint32_t)pick(MODEL_STACKS), pick(UINT64_C(1) << pick(20)),
				      true};
	alloc(shard, block->stack, block->size, is_realloc);
}

void model_step(uint32_t event, uint32_t shard_count)
{
	struct model_block *block = &blocks[pick(BLOCKS)];
	struct shard *shard = model_shards[pick(shard_count)];

	if (!block->is_live) {
		if (pick(100) < (event / 5000 % 2 == 0 ? 80u : 30u))
			alloc_block(shard, block, false);
	} else if (pick(4) == 0) {
		release(shard, block->stack, block->size, false);
		alloc_block(model_shards[pick(shard_count)], block, true);
	} else {
		release(shard, block->stack, block->size, pick(3) == 0);
		block->is_live = false;
	}
}

void model_reset_peak(void)
{
	site_peak_reset();
	model_peak_bytes = model_live_bytes;
	for (uint32_t i = 0; i < MODEL_STACKS; i++)
		model_sites[i].peak_bytes = model_sites[i].at_peak_bytes =
			model_sites[i].live_bytes;
}

void model_sum_of(uint32_t stack, struct squeeze_site *sum)
{
	squeeze_site_sum(trace_file_entry(TRACE_SITES, model_site_ids[stack]), sum);
}
