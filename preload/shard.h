/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard.h - sets of counters that one thread writes at a time, so that threads share no cache lines.
 *
 * Layer 2. Exclusive shards are handed from thread to thread with their contents; when all are taken,
 * further threads use one of the shared ones, whose counters are added to with locked instructions. Events
 * inside an event have a shared shard of their own. Nothing is ever folded or moved.
 *
 * A shard finds its counters of a site by three loads: directory, page, entry. Pages are made for the sites that
 * the shard meets; the directory is replaced by one twice as large when sites with larger numbers come.
 */
#ifndef PRELOAD_SHARD_H
#define PRELOAD_SHARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/atomic.h"
#include "memtrace/format.h"

#define SHARD_PAGE_SITES 32u /* four cache lines: a shard may know one site here and there */

struct shard_page {
	struct mt_counters *of_site[SHARD_PAGE_SITES]; /* NULL = the shard has not met it */
};

struct shard_directory {
	uint32_t page_count;
	struct shard_page *pages[];
};

/* Aligned so that two shards never share a cache line. */
struct shard {
	struct mt_shard *record;	   /* in the trace file */
	struct shard_directory *directory; /* private memory; never NULL, nor are its pages */
	int64_t high_bytes, low_bytes;	   /* of record->live_bytes, see site_peak.h */
	uint64_t chunk; /* next << 32 | end: ids of COUNTERS set aside for this shard */
	uint32_t is_slow;
	uint16_t number;
	bool is_shared;
	bool is_single; /* no other shard has had an event yet, as far as the owner knows */
} __attribute__((aligned(64)));

/* Once per process, and again in a forked child: all shards free and empty. */
void shard_init(void);

/*
 * shard_acquire() - a shard for a thread; an exclusive one if there is any.
 * @tid: of the thread, kept for the reader.
 */
struct shard *shard_acquire(int tid);

/* Gives an exclusive shard back; its contents stay. Does nothing for shared ones. */
void shard_release(struct shard *shard);

/* For events inside events and for threads in their last moments. */
struct shard *shard_overflow(void);

/* By number; the first thread gets 0. */
struct shard *shard_at(uint32_t number);

/* The slow part of shard_counters(). */
struct mt_counters *shard_make_counters(struct shard *shard, uint32_t site, uint32_t epoch);

/*
 * shard_counters() - entry in COUNTERS of a site in this shard, made on first use. It stays where it is for the
 * life of the process; a forked child has others.
 * @site: index into SITES.
 * @epoch: now, for the site's first allocation.
 *
 * Return: NULL for site 0 and when there is no room.
 */
static inline struct mt_counters *shard_counters(struct shard *shard, uint32_t site, uint32_t epoch)
{
	/* partners: the CASes in shard.c that put them there */
	const struct shard_directory *directory = mt_load_acquire(&shard->directory);
	uint32_t number = site / SHARD_PAGE_SITES;
	struct mt_counters *counters;

	if (__builtin_expect(number < directory->page_count, 1)) {
		const struct shard_page *page = mt_load_acquire(&directory->pages[number]);

		counters = mt_load_acquire(&page->of_site[site % SHARD_PAGE_SITES]);
		if (__builtin_expect(counters != NULL, 1))
			return counters;
	}
	return shard_make_counters(shard, site, epoch);
}

#endif
