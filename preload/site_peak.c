/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_peak.c - the highest live bytes of the process and of each site, in a few steps per event.
 */
#include "site_peak.h"

#include <stddef.h>

#include "memtrace/atomic.h"
#include "shard.h"
#include "trace_file.h"

#define SITE_PEAK_HOLD ((int64_t)64 << 10)

void site_peak_share(void)
{
	mt_store_relaxed(&trace_file.process->hold_bytes, SITE_PEAK_HOLD);
}

static int64_t site_peak_live(const struct mt_counters *counters)
{
	return counters->base_bytes + (int64_t)(mt_load_relaxed(&counters->alloc_bytes) -
						mt_load_relaxed(&counters->freed_bytes));
}

static bool site_peak_raise(int64_t *peak, int64_t value)
{
	int64_t old = mt_load_relaxed(peak);

	while (old < value)
		if (mt_cas_relaxed(peak, &old, value))
			return true;
	return false;
}

/* Tells the site of what this entry has; may be done by any thread. */
static void site_peak_publish(struct mt_site *site, struct mt_counters *counters)
{
	int64_t live = site_peak_live(counters);
	int64_t old = mt_load_relaxed(&counters->published_bytes);

	if (old != live && mt_cas_relaxed(&counters->published_bytes, &old, live))
		(void)site_peak_raise(&site->peak_bytes,
				      mt_add_relaxed(&site->live_bytes, live - old));
}

/* Highest live bytes of an entry since the last reset of the peaks. */
static int64_t site_peak_own(const struct mt_counters *counters)
{
	if (mt_load_relaxed(&counters->peak_number) <
	    mt_load_relaxed(&trace_file.process->peak_reset_number))
		return site_peak_live(counters);
	return mt_load_relaxed(&counters->peak_bytes);
}

void site_peak_several(struct mt_site *site, uint32_t counters_id)
{
	for (uint32_t id = counters_id; id != 0;) {
		struct mt_counters *counters = trace_file_entry(TRACE_COUNTERS, id);

		if ((mt_load_relaxed(&counters->flags) & MT_COUNTERS_SEVERAL) == 0) {
			/* the flag first: an event that its owner counts from now on is published by the owner */
			(void)mt_fetch_or_relaxed(&counters->flags, MT_COUNTERS_SEVERAL);
			/* it was alone until now: its own peak was the site's */
			(void)site_peak_raise(&site->peak_bytes, site_peak_own(counters));
			site_peak_publish(site, counters);
		}
		id = counters->next;
	}
}

void site_peak_fold(struct mt_counters *counters)
{
	uint64_t number = mt_load_relaxed(&trace_file.process->peak_number);

	/* writers of a shared shard may do this at once: then an event of the other may count as before the peak */
	if (mt_load_relaxed(&counters->peak_number) == number)
		return;
	mt_store_relaxed(&counters->peak_bytes, site_peak_own(counters));
	mt_store_relaxed(&counters->at_peak_bytes, site_peak_live(counters));
	mt_store_relaxed(&counters->peak_number, number);
}

void site_peak_after(struct mt_counters *counters)
{
	int64_t live = site_peak_live(counters), hold, held;
	uint8_t flags = mt_load_relaxed(&counters->flags);

	if (flags & MT_COUNTERS_SHARED)
		(void)site_peak_raise(&counters->peak_bytes, live);
	else if (live > mt_load_relaxed(&counters->peak_bytes))
		mt_store_relaxed(&counters->peak_bytes, live);
	if ((flags & MT_COUNTERS_SEVERAL) == 0)
		return;
	hold = mt_load_relaxed(&trace_file.process->hold_bytes);
	held = live - mt_load_relaxed(&counters->published_bytes);
	if (held > hold || held < -hold)
		site_peak_publish(trace_file_entry(TRACE_SITES, counters->site), counters);
}

/* Tells the process of what this shard has, unless it is no more than `hold` bytes off. */
static void site_peak_tell(struct mt_shard *record, int64_t hold)
{
	struct mt_process *process = trace_file.process;
	int64_t net, old;

	do {
		/* anew after a lost race: whoever won it may not have seen what was added here */
		net = mt_load_relaxed(&record->live_bytes);
		old = mt_load_relaxed(&record->published_bytes);
		if (net - old <= hold && old - net <= hold)
			return;
	} while (!mt_cas_relaxed(&record->published_bytes, &old, net));
	if (site_peak_raise(&process->peak_live_bytes,
			    mt_add_relaxed(&process->live_bytes, net - old)))
		(void)mt_add_relaxed(&process->peak_number, 1);
}

void site_peak_add(struct shard *shard, int64_t delta)
{
	if (shard->is_shared)
		(void)mt_add_relaxed(&shard->record->live_bytes, delta);
	else
		mt_add_owned_i64(&shard->record->live_bytes, delta);
	site_peak_tell(shard->record, mt_load_relaxed(&trace_file.process->hold_bytes));
}

void site_peak_settle(struct shard *shard)
{
	site_peak_tell(shard->record, 0);
}

void site_peak_settle_all(void)
{
	for (uint32_t i = 0; i < trace_file.process->shard_count; i++)
		site_peak_tell(&trace_file.shards[i], 0);
}

void site_peak_reset(void)
{
	struct mt_process *process = trace_file.process;
	uint64_t number = mt_add_relaxed(&process->peak_number, 1);

	mt_store_relaxed(&process->peak_reset_number, number);
	mt_store_relaxed(&process->peak_live_bytes, mt_load_relaxed(&process->live_bytes));
	/* sites with one entry do this at their next event */
	for (uint32_t id = 1; id < trace_file_count(TRACE_SITES); id++) {
		struct mt_site *site = trace_file_entry(TRACE_SITES, id);

		mt_store_relaxed(&site->peak_bytes, mt_load_relaxed(&site->live_bytes));
	}
	(void)mt_add_relaxed(&process->peak_number, 1);
}
