/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard.c - ownership of shards, and their entries in COUNTERS.
 */
#include "shard.h"

#include <stddef.h>
#include <string.h>

#include "memtrace/atomic.h"
#include "os.h"
#include "site_peak.h"
#include "trace_file.h"

#define SHARD_EXCLUSIVE_MAX 64u
#define SHARD_SHARED_COUNT 4u
#define SHARD_CHUNK 32u /* entries: a page, so that two shards never write to one line */
#define SHARD_INDEX_SLOTS 1024u
#define SHARD_TID_SHARED (-1)

static struct shard shards[SHARD_EXCLUSIVE_MAX + SHARD_SHARED_COUNT + 1];
static uint32_t shard_exclusive_count;

_Static_assert(sizeof(shards) / sizeof(shards[0]) <= MT_SHARD_MAX, "shards");

static uint64_t shard_counters_key(uint32_t id)
{
	const struct mt_counters *counters = trace_file_entry(TRACE_COUNTERS, id);

	return counters == NULL ? 0 : counters->site;
}

void shard_init(void)
{
	uint32_t count = 4 * os_cpu_count();

	if (count > SHARD_EXCLUSIVE_MAX)
		count = SHARD_EXCLUSIVE_MAX;
	shard_exclusive_count = count;
	for (uint32_t i = 0; i < count + SHARD_SHARED_COUNT + 1; i++) {
		/* an index that a forked child inherits is left behind with the parent's ids in it */
		shards[i] =
			(struct shard){.record = &trace_file.shards[i],
				       .counters = {NULL, shard_counters_key, SHARD_INDEX_SLOTS},
				       .number = (uint16_t)i,
				       .is_shared = i >= count};
		trace_file.shards[i].tid = i < count ? 0 : SHARD_TID_SHARED;
	}
	trace_file.process->shard_count = count + SHARD_SHARED_COUNT + 1;
}

struct shard *shard_acquire(int tid)
{
	for (uint32_t i = 0; i < shard_exclusive_count; i++) {
		int32_t expected = 0;

		/* partner: the release in shard_release(): what the last owner wrote is seen */
		if (mt_load_relaxed(&shards[i].record->tid) == 0 &&
		    mt_cas_acq_rel(&shards[i].record->tid, &expected, tid)) {
			if (i > 0)
				site_peak_share();
			return &shards[i];
		}
	}
	return &shards[shard_exclusive_count + (uint32_t)tid % SHARD_SHARED_COUNT];
}

void shard_release(struct shard *shard)
{
	if (!shard->is_shared)
		mt_store_release(&shard->record->tid, 0);
}

struct shard *shard_overflow(void)
{
	return &shards[shard_exclusive_count + SHARD_SHARED_COUNT];
}

/* Takes an id out of the shard's chunk; 0 = no room in the file. */
static uint32_t shard_claim(struct shard *shard)
{
	uint64_t chunk = mt_load_relaxed(&shard->chunk);

	for (;;) {
		uint32_t next = (uint32_t)(chunk >> 32), end = (uint32_t)chunk;

		if (next < end) {
			if (mt_cas_relaxed(&shard->chunk, &chunk, (uint64_t)(next + 1) << 32 | end))
				return next;
			continue;
		}
		next = trace_file_claim(TRACE_COUNTERS, SHARD_CHUNK);
		if (next == 0)
			return 0;
		end = next + SHARD_CHUNK;
		/* in a shared shard two threads may do this at once: one of the chunks stays unused */
		mt_store_relaxed(&shard->chunk, (uint64_t)(next + 1) << 32 | end);
		return next;
	}
}

/* Puts a new entry in front of its site's list, where readers of the file find it. */
static void shard_link(struct mt_counters *counters, uint32_t id, uint32_t epoch)
{
	struct mt_site *site = trace_file_entry(TRACE_SITES, counters->site);
	uint32_t first = mt_load_acquire(&site->counters);

	if (first == 0)
		mt_store_relaxed(&site->epoch, epoch);
	do {
		counters->next = first;
		if (first != 0) {
			counters->flags |= MT_COUNTERS_SEVERAL;
			site_peak_several(site, first);
		}
	} while (!mt_cas_acq_rel(&site->counters, &first, id)); /* partner: readers' acquire */
}

struct mt_counters *shard_counters(struct shard *shard, uint32_t site, uint32_t epoch)
{
	uint32_t id = id_index_find(&shard->counters, site);
	struct mt_counters *counters;

	if (__builtin_expect(id != 0, 1))
		return trace_file_entry(TRACE_COUNTERS, id);
	id = site == 0 ? 0 : shard_claim(shard);
	if (id == 0)
		return NULL;
	counters = trace_file_entry(TRACE_COUNTERS, id);
	counters->node = ((struct mt_site *)trace_file_entry(TRACE_SITES, site))->node;
	counters->site = site;
	counters->shard = shard->number;
	counters->size_bucket = UINT8_MAX;
	if (shard->is_shared)
		counters->flags = MT_COUNTERS_SHARED;
	shard_link(counters, id, epoch);
	/* two writers of a shared shard may both get here: both entries count, the reader sums them */
	id = id_index_insert(&shard->counters, site, id);
	return trace_file_entry(TRACE_COUNTERS, id);
}
