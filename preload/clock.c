/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c - time, epochs and samples.
 *
 * The epoch is computed from the clock, never counted up, so that a program that was idle does not lag.
 */
#include "clock.h"

#include <stddef.h>

#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"
#include "os.h"
#include "site_peak.h"
#include "trace_file.h"

static uint64_t clock_start_ns;
uint32_t clock_current_epoch;
uint32_t clock_fork_epoch;	     /* blocks born before it were inherited */
static uint64_t clock_timeline_next; /* slots below have been sampled */
static bool clock_reads_rss;

void clock_init(bool is_again, bool reads_rss)
{
	if (!is_again)
		clock_start_ns = os_monotonic_ns();
	else if (clock_current_epoch < MT_LIVE_EPOCH_MAX)
		clock_fork_epoch = ++clock_current_epoch;
	clock_reads_rss = reads_rss;
	trace_file.process->epoch_width_ns = CLOCK_EPOCH_WIDTH_NS;
	trace_file.process->timeline_width_ns = CLOCK_TIMELINE_WIDTH_NS;
	trace_file.header->start_monotonic_ns = clock_start_ns;
	trace_file.header->start_realtime_ns = os_realtime_ns() - clock_now_ns();
}

uint64_t clock_now_ns(void)
{
	return os_monotonic_ns() - clock_start_ns;
}

uint64_t clock_read_rss(void)
{
	char text[128];
	uint64_t pages = 0;
	const char *p = text;

	if (os_read_file("/proc/self/statm", text, sizeof(text)) <= 0)
		return 0;
	while (*p != '\0' && *p != ' ')
		p++;
	for (p += *p == ' '; *p >= '0' && *p <= '9'; p++)
		pages = pages * 10 + (uint64_t)(*p - '0');
	return pages * 4096;
}

static void clock_sample(struct mt_sample *sample, uint64_t now)
{
	uint64_t alloc_count = 0, alloc_bytes = 0;

	if (sample == NULL) {
		trace_file_drop(MT_DROP_TIMELINE);
		return;
	}
	for (uint32_t i = 0; i < trace_file.process->shard_count; i++) {
		alloc_count += mt_load_relaxed(&trace_file.shards[i].alloc_count);
		alloc_bytes += mt_load_relaxed(&trace_file.shards[i].alloc_bytes);
	}
	sample->live_bytes = site_peak_live();
	sample->rss_bytes = clock_reads_rss ? clock_read_rss() : 0;
	sample->alloc_count = alloc_count;
	sample->alloc_bytes = alloc_bytes;
	mt_store_release(&sample->ns, now + 1); /* last: says that the slot is in use */
}

static void clock_move_epoch(uint64_t now)
{
	uint64_t epoch = mt_time_slot(now / CLOCK_EPOCH_WIDTH_NS, MT_EPOCH_BASE);
	uint32_t old = mt_load_relaxed(&clock_current_epoch);

	if (epoch > MT_EPOCH_MAX - 1)
		epoch = MT_EPOCH_MAX - 1;
	while (old < epoch)
		if (mt_cas_relaxed(&clock_current_epoch, &old, (uint32_t)epoch)) {
			clock_sample(trace_file_epoch(epoch), now);
			return;
		}
}

static void clock_move_timeline(uint64_t now)
{
	uint64_t slot = mt_time_slot(now / CLOCK_TIMELINE_WIDTH_NS, MT_TIMELINE_BASE);
	uint64_t next = mt_load_relaxed(&clock_timeline_next);

	while (next <= slot)
		if (mt_cas_relaxed(&clock_timeline_next, &next, slot + 1)) {
			clock_sample(trace_file_timeline(slot), now);
			return;
		}
}

uint64_t clock_look(void)
{
	uint64_t now = clock_now_ns();

	mt_store_relaxed(&trace_file.process->last_event_ns, now);
	clock_move_epoch(now);
	clock_move_timeline(now);
	return now;
}
