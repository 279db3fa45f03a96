/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_peak.c - the highest live bytes of the process and of each site: what is not done at every event.
 */
#include "site_peak.h"

#include <stddef.h>

#include "os.h"

static int64_t site_peak_hold(void)
{
	return mt_load_acquire(&trace_file.process->hold_bytes); /* partner: site_peak_share() */
}

static bool site_peak_raise(int64_t *peak, int64_t value)
{
	int64_t old = mt_load_relaxed(peak);

	while (old < value)
		if (mt_cas_relaxed(peak, &old, value))
			return true;
	return false;
}

static void site_peak_next_number(void)
{
	(void)mt_add_relaxed(&trace_file.process->peak_number, 1);
}

/* Highest live bytes of an entry since the last reset of the peaks. */
static int64_t site_peak_highest_of(const struct mt_counters *counters)
{
	if (mt_load_relaxed(&counters->peak_number) <
	    mt_load_relaxed(&trace_file.process->peak_reset_number))
		return site_peak_live_of(counters);
	return mt_load_relaxed(&counters->peak_bytes);
}

void site_peak_publish(struct mt_counters *counters)
{
	struct mt_site *site = trace_file_entry(TRACE_SITES, counters->site);
	int64_t live = site_peak_live_of(counters);
	int64_t old = mt_load_relaxed(&counters->published_bytes);

	if (old != live && mt_cas_relaxed(&counters->published_bytes, &old, live))
		(void)site_peak_raise(&site->peak_bytes,
				      mt_add_relaxed(&site->live_bytes, live - old));
}

void site_peak_several(struct mt_site *site, uint32_t counters_id)
{
	for (uint32_t id = counters_id; id != 0;) {
		struct mt_counters *counters = trace_file_entry(TRACE_COUNTERS, id);

		if ((mt_load_relaxed(&counters->flags) & MT_COUNTERS_SEVERAL) == 0) {
			/* the flag first: an event that its owner counts from now on is published by the owner */
			(void)mt_fetch_or_relaxed(&counters->flags, MT_COUNTERS_SEVERAL);
			/* it was alone until now: its own peak was the site's */
			(void)site_peak_raise(&site->peak_bytes, site_peak_highest_of(counters));
			site_peak_publish(counters);
		}
		id = counters->next;
	}
}

/* Several writers may do this at once: then an event of another may count as before the peak. */
void site_peak_before_shared(struct mt_counters *counters)
{
	uint64_t number = mt_load_relaxed(&trace_file.process->peak_number);

	if (mt_load_relaxed(&counters->peak_number) != number)
		site_peak_note(counters, number);
}

void site_peak_after_shared(struct mt_counters *counters)
{
	int64_t live = site_peak_live_of(counters), held = site_peak_held(counters, live);

	(void)site_peak_raise(&counters->peak_bytes, live);
	if (site_peak_is_of_several(counters) && (held > SITE_PEAK_HOLD || held < -SITE_PEAK_HOLD))
		site_peak_publish(counters);
}

/* Adds what this shard has to what the process has, unless it is no more than `hold` bytes off; *sum is that. */
static bool site_peak_pass_on(struct mt_shard *record, int64_t hold, int64_t *sum)
{
	int64_t net, old;

	do {
		/* anew after a lost race: whoever won it may not have seen what was added here */
		net = mt_load_relaxed(&record->live_bytes);
		old = mt_load_relaxed(&record->published_bytes);
		if (net - old <= hold && old - net <= hold)
			return false;
	} while (!mt_cas_relaxed(&record->published_bytes, &old, net));
	*sum = mt_add_relaxed(&trace_file.process->live_bytes, net - old);
	return true;
}

/* Of several shards. */
static void site_peak_tell(struct mt_shard *record, int64_t hold)
{
	int64_t sum;

	if (site_peak_pass_on(record, hold, &sum) &&
	    site_peak_raise(&trace_file.process->peak_live_bytes, sum))
		site_peak_next_number();
}

/* Of the single shard, whose own peak is the process's. */
static void site_peak_tell_single(struct mt_shard *record)
{
	int64_t sum;

	(void)site_peak_pass_on(record, 0, &sum);
	(void)site_peak_raise(&trace_file.process->peak_live_bytes,
			      mt_load_relaxed(&record->peak_bytes));
}

static void site_peak_set_limits(struct shard *shard)
{
	int64_t told = mt_load_relaxed(&shard->record->published_bytes);

	mt_store_relaxed(&shard->high_bytes, told + SITE_PEAK_HOLD);
	mt_store_relaxed(&shard->low_bytes, told - SITE_PEAK_HOLD);
}

void site_peak_begin(struct shard *shard, bool is_first)
{
	shard->is_single = is_first;
	if (!is_first)
		site_peak_set_limits(shard);
}

void site_peak_share(void)
{
	struct shard *first = shard_at(0);

	if (site_peak_hold() != 0)
		return;
	/*
	 * At its peak a single shard has not raised the number yet. Its owner may be leaving the peak at this
	 * moment, with an addition that is not locked, and one of the two may be lost: both say that what sites
	 * have noted so far is about an earlier peak, and one that says so is enough.
	 */
	if (site_peak_is_now())
		site_peak_next_number();
	site_peak_tell_single(first->record);
	mt_store_release(&trace_file.process->hold_bytes, SITE_PEAK_HOLD);
	mt_store_release(&first->is_slow, 1); /* partner: site_peak_resync() */
}

static void site_peak_cross(struct shard *shard)
{
	site_peak_tell(shard->record, SITE_PEAK_HOLD);
	site_peak_set_limits(shard);
}

void site_peak_after_slow(struct shard *shard, struct mt_counters *counters)
{
	site_peak_cross(shard);
	if (site_peak_is_of_several(counters) &&
	    site_peak_held(counters, site_peak_own(counters)) > SITE_PEAK_HOLD)
		site_peak_publish(counters);
}

void site_peak_resync(struct shard *shard)
{
	struct mt_shard *record = shard->record;

	/* an exchange: a plain store could still be on its way when another thread sets it again */
	(void)mt_exchange_acq_rel(&shard->is_slow, 0);
	if (site_peak_hold() == 0)
		return;
	/* a peak of the moment at which the other thread was in site_peak_share(); if left, sites have noted it */
	if (shard->is_single &&
	    site_peak_raise(&trace_file.process->peak_live_bytes, record->peak_bytes) &&
	    record->live_bytes >= record->peak_bytes)
		site_peak_next_number();
	shard->is_single = false;
	site_peak_cross(shard);
}

void site_peak_fall(struct shard *shard, int64_t size)
{
	if (site_peak_fall_fast(shard, (uint64_t)size))
		return;
	mt_add_owned_i64(&shard->record->live_bytes, -size);
	site_peak_cross(shard);
}

void site_peak_add_shared(struct shard *shard, int64_t delta)
{
	(void)mt_add_relaxed(&shard->record->live_bytes, delta);
	site_peak_tell(shard->record, SITE_PEAK_HOLD);
}

void site_peak_settle(struct shard *shard)
{
	if (site_peak_hold() == 0) {
		site_peak_tell_single(shard->record);
		return;
	}
	site_peak_tell(shard->record, 0);
	if (!shard->is_shared && !shard->is_single)
		site_peak_set_limits(shard);
}

void site_peak_settle_all(void)
{
	for (uint32_t i = 0; i < trace_file.process->shard_count; i++) {
		struct shard *shard = shard_at(i);

		if (site_peak_hold() == 0)
			site_peak_tell_single(shard->record);
		else
			site_peak_tell(shard->record, 0);
		if (!shard->is_shared)
			mt_store_release(&shard->is_slow, 1); /* partner: site_peak_resync() */
	}
}

int64_t site_peak_live(void)
{
	return site_peak_hold() == 0 ? mt_load_relaxed(&trace_file.shards[0].live_bytes)
				     : mt_load_relaxed(&trace_file.process->live_bytes);
}

int64_t site_peak_highest(void)
{
	int64_t told = mt_load_relaxed(&trace_file.process->peak_live_bytes);
	int64_t own = mt_load_relaxed(&trace_file.shards[0].peak_bytes);

	return told > own ? told : own;
}

bool site_peak_is_now(void)
{
	return site_peak_hold() == 0 && site_peak_live() >= site_peak_highest();
}

/* Only the owner may do this, or a handler on its thread. The number is raised: low_bytes need not see to that. */
static void site_peak_reset_single(struct shard *shard)
{
	int64_t live = mt_load_relaxed(&shard->record->live_bytes);

	mt_store_relaxed(&trace_file.process->peak_live_bytes, live);
	mt_store_relaxed(&shard->record->peak_bytes, live);
	mt_store_relaxed(&shard->high_bytes, live);
}

static void site_peak_reset_several(void)
{
	struct mt_process *process = trace_file.process;

	mt_store_relaxed(&trace_file.shards[0].peak_bytes, 0);
	mt_store_relaxed(&process->peak_live_bytes, mt_load_relaxed(&process->live_bytes));
}

void site_peak_reset(void)
{
	struct mt_process *process = trace_file.process;

	if (mt_load_relaxed(&trace_file.shards[0].tid) != os_gettid())
		site_peak_share();
	mt_store_relaxed(&process->peak_reset_number, mt_add_relaxed(&process->peak_number, 1));
	if (site_peak_hold() == 0)
		site_peak_reset_single(shard_at(0));
	else
		site_peak_reset_several();
	/* sites with one entry do this at their next event */
	for (uint32_t id = 1; id < trace_file_count(TRACE_SITES); id++) {
		struct mt_site *site = trace_file_entry(TRACE_SITES, id);

		mt_store_relaxed(&site->peak_bytes, mt_load_relaxed(&site->live_bytes));
	}
	site_peak_next_number();
}
