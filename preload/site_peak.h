/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_peak.h - the highest live bytes of the process and of each site.
 *
 * Layer 2. The process's peaks are numbered; a site notes at its first event after a peak what it had then, and
 * a site without one has it still.
 *
 * As long as all events are those of one shard it is single: it keeps the process's peak itself, without a
 * locked instruction. It is at its peak (high_bytes = low_bytes = what is live) or below (low_bytes without
 * limit). An allocation beyond high_bytes is a new peak; the first free after it leaves the peak, and only that
 * raises the number: all sites have at that moment what they had at the peak.
 *
 * From the second shard on, each tells the process of its live bytes when they have gone beyond high_bytes or
 * low_bytes, SITE_PEAK_HOLD from what it told last. Only the owner of a shard moves its limits; whoever changes
 * what they follow from sets is_slow, and the owner moves them at its next event.
 */
#ifndef PRELOAD_SITE_PEAK_H
#define PRELOAD_SITE_PEAK_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/atomic.h"
#include "memtrace/format.h"
#include "shard.h"
#include "trace_file.h"

#define SITE_PEAK_HOLD ((int64_t)64 << 10)

/* A new shard; the first one is single. */
void site_peak_begin(struct shard *shard, bool is_first);

/* Another shard has events: from now on each may hold something back. Any thread, or a handler. */
void site_peak_share(void);

/* The site of this entry, and of all behind it, gets another entry: its own peak is kept in the site. */
void site_peak_several(struct mt_site *site, uint32_t counters_id);

/* Now and then, and when its thread ends, by the owner of the shard: nothing is held back. */
void site_peak_settle(struct shard *shard);
/* The same for all shards, by any thread. */
void site_peak_settle_all(void);

/* Peaks of the process and of all sites start again from what is live now. */
void site_peak_reset(void);

/* Bytes that are live, and that were at the peak; whether the second has just been reached. */
int64_t site_peak_live(void);
int64_t site_peak_highest(void);
bool site_peak_is_now(void);

/* For shared shards: before and after an event of this entry is counted, and when live bytes have changed. */
void site_peak_before_shared(struct mt_counters *counters);
void site_peak_after_shared(struct mt_counters *counters);
void site_peak_add_shared(struct shard *shard, int64_t delta);

/* The shard's live bytes go down by so much, perhaps beyond its limit. */
void site_peak_fall(struct shard *shard, int64_t size);

/* The owner moves the limits after another thread has set is_slow. */
void site_peak_resync(struct shard *shard);

/* The slow parts of what follows. */
void site_peak_after_slow(struct shard *shard, struct mt_counters *counters);
void site_peak_publish(struct mt_counters *counters);

/* What others see of an entry's live bytes. */
static inline int64_t site_peak_live_of(const struct mt_counters *counters)
{
	return counters->base_bytes + (int64_t)(mt_load_relaxed(&counters->alloc_bytes) -
						mt_load_relaxed(&counters->freed_bytes));
}

/*
 * Before the first event of an entry after a peak: what it had there, and since a reset of the peaks. The number
 * last: whoever reads the entry before that takes what it has now, which is the same.
 */
static inline void site_peak_note(struct mt_counters *counters, uint64_t number)
{
	int64_t live = site_peak_live_of(counters);

	if (__builtin_expect(mt_load_relaxed(&counters->peak_number) <
				     mt_load_relaxed(&trace_file.process->peak_reset_number),
			     0))
		mt_store_relaxed(&counters->peak_bytes, live);
	mt_store_relaxed(&counters->at_peak_bytes, live);
	mt_store_release(&counters->peak_number, number); /* partner: the reader's acquire */
}

/* Before an event of the owner. */
static inline void site_peak_before(struct mt_counters *counters)
{
	uint64_t number = mt_load_relaxed(&trace_file.process->peak_number);

	if (__builtin_expect(counters->peak_number != number, 0))
		site_peak_note(counters, number);
}

/* Live bytes of an entry, as its owner sees them. */
static inline int64_t site_peak_own(const struct mt_counters *counters)
{
	return counters->base_bytes + (int64_t)(counters->alloc_bytes - counters->freed_bytes);
}

static inline void site_peak_raise_own(struct mt_counters *counters, int64_t live)
{
	if (live > counters->peak_bytes)
		mt_store_relaxed(&counters->peak_bytes, live);
}

/* Of an entry that is one of several of its site: how far its live bytes are above what the site knows. */
static inline int64_t site_peak_held(const struct mt_counters *counters, int64_t live)
{
	return live - mt_load_relaxed(&counters->published_bytes);
}

static inline bool site_peak_is_of_several(const struct mt_counters *counters)
{
	return (mt_load_relaxed(&counters->flags) & MT_COUNTERS_SEVERAL) != 0;
}

/* After an allocation was counted, there and in the shard's record. live: of the entry. */
static inline void site_peak_after(struct shard *shard, struct mt_shard *record,
				   struct mt_counters *counters, int64_t live)
{
	int64_t sum = record->live_bytes;

	if (__builtin_expect(sum > mt_load_relaxed(&shard->high_bytes), 0)) {
		if (!shard->is_single) {
			site_peak_after_slow(shard, counters);
			return;
		}
		mt_store_relaxed(&record->peak_bytes, sum);
		mt_store_relaxed(&shard->high_bytes, sum);
		mt_store_relaxed(&shard->low_bytes, sum);
	}
	if (site_peak_is_of_several(counters) &&
	    __builtin_expect(site_peak_held(counters, live) > SITE_PEAK_HOLD, 0))
		site_peak_publish(counters);
}

/* The live bytes of a single shard are about to go down from the peak. */
static inline void site_peak_leave(struct shard *shard)
{
	/* the number first: as long as the live bytes are those of the peak a reader takes no site's note of it */
	mt_add_owned_u64(&trace_file.process->peak_number, 1);
	mt_fence_release();
	mt_store_relaxed(&shard->low_bytes, INT64_MIN);
}

/*
 * The shard's live bytes go down, before the free is counted at the site: until the shard has left the peak, and
 * the site has noted what it had there, the block counts for the peak. False: site_peak_fall() must do it.
 */
static inline bool site_peak_fall_fast(struct shard *shard, uint64_t size)
{
	struct mt_shard *record = shard->record;

	if (__builtin_expect(record->live_bytes - (int64_t)size <
				     mt_load_relaxed(&shard->low_bytes),
			     0)) {
		if (!shard->is_single)
			return false;
		site_peak_leave(shard);
	}
	mt_add_owned_i64(&record->live_bytes, -(int64_t)size);
	return true;
}

/* After a free was counted. */
static inline void site_peak_after_free(struct mt_counters *counters)
{
	if (site_peak_is_of_several(counters) &&
	    __builtin_expect(site_peak_held(counters, site_peak_own(counters)) < -SITE_PEAK_HOLD,
			     0))
		site_peak_publish(counters);
}

#endif
