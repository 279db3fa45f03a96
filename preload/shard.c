/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard.c - ownership of shards, and how they find and make their entries in COUNTERS.
 */
#include "shard.h"

#include <stddef.h>
#include <string.h>

#include "arena.h"
#include "memtrace/atomic.h"
#include "os.h"
#include "site_peak.h"
#include "trace_file.h"

#define SHARD_EXCLUSIVE_MAX 64u
#define SHARD_SHARED_COUNT 4u
#define SHARD_CHUNK 32u		 /* entries: a page, so that two shards never write to one line */
#define SHARD_DIRECTORY_PAGES 7u /* of the first one: a cache line */
#define SHARD_TID_SHARED (-1)

/* In the place of what is not there yet, so that the reader need not look whether it is. */
static struct shard_directory shard_no_directory;
static struct shard_page shard_no_page;
static struct shard shards[SHARD_EXCLUSIVE_MAX + SHARD_SHARED_COUNT + 1];
static uint32_t shard_exclusive_count;

_Static_assert(sizeof(shards) / sizeof(shards[0]) <= MT_SHARD_MAX, "shards");

void shard_init(void)
{
	uint32_t count = 4 * os_cpu_count();

	if (count > SHARD_EXCLUSIVE_MAX)
		count = SHARD_EXCLUSIVE_MAX;
	shard_exclusive_count = count;
	for (uint32_t i = 0; i < count + SHARD_SHARED_COUNT + 1; i++) {
		/* what a forked child inherits is left behind: it leads to entries of the parent */
		shards[i] = (struct shard){.record = &trace_file.shards[i],
					   .directory = &shard_no_directory,
					   .is_slow = i >= count,
					   .number = (uint16_t)i,
					   .is_shared = i >= count};
		site_peak_begin(&shards[i], i == 0);
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

struct shard *shard_at(uint32_t number)
{
	return &shards[number];
}

/* Takes an id out of the shard's chunk; 0 = no room in the file. Relaxed: an id alone says nothing of other memory. */
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

/* A directory with room for the page of that number and all pages of the old one; NULL = no memory. */
static struct shard_directory *shard_widen(const struct shard_directory *old, uint32_t number)
{
	uint32_t count = old->page_count == 0 ? SHARD_DIRECTORY_PAGES : old->page_count;
	struct shard_directory *wider;

	while (count <= number)
		count *= 2;
	wider = arena_alloc(sizeof(*wider) + count * sizeof(wider->pages[0]));
	if (wider == NULL)
		return NULL;
	wider->page_count = count;
	for (uint32_t i = 0; i < count; i++)
		wider->pages[i] =
			i < old->page_count ? mt_load_acquire(&old->pages[i]) : &shard_no_page;
	return wider;
}

/*
 * Where the pointer to a site's counters belongs; NULL = no memory. A page that another thread of a shared
 * shard adds while the directory is replaced is forgotten, with what it leads to: those entries are still
 * linked to their sites, and the shard gets second ones.
 */
static struct mt_counters **shard_place(struct shard *shard, uint32_t site)
{
	struct shard_directory *directory = mt_load_acquire(&shard->directory);
	uint32_t number = site / SHARD_PAGE_SITES;
	struct shard_page *page, *fresh;

	while (number >= directory->page_count) {
		struct shard_directory *wider = shard_widen(directory, number);

		if (wider == NULL)
			return NULL;
		/* partner: shard_counters() */
		if (mt_cas_acq_rel(&shard->directory, &directory, wider))
			directory = wider;
	}
	page = mt_load_acquire(&directory->pages[number]);
	if (page == &shard_no_page) {
		fresh = arena_alloc_own(sizeof(*fresh));
		if (fresh == NULL)
			return NULL;
		/* partner: shard_counters() */
		if (mt_cas_acq_rel(&directory->pages[number], &page, fresh))
			page = fresh;
	}
	return &page->of_site[site % SHARD_PAGE_SITES];
}

struct mt_counters *shard_make_counters(struct shard *shard, uint32_t site, uint32_t epoch)
{
	struct mt_counters **place, *counters, *old = NULL;
	uint32_t id;

	place = site == 0 ? NULL : shard_place(shard, site);
	id = place == NULL ? 0 : shard_claim(shard);
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
	return mt_cas_acq_rel(place, &old, counters) ? counters : old;
}
