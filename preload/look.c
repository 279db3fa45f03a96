/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.c - what is done now and then: the clock, the control word, snapshots.
 *
 * A thread looks again after so many events as took it a few milliseconds last time, at most 256: a busy one
 * spends nothing on it, a slow one is never late.
 */
#include "look.h"

#include <errno.h>
#include <stddef.h>

#include "clock.h"
#include "memtrace/atomic.h"
#include "sampler.h"
#include "self_snapshot.h"
#include "site_peak.h"
#include "thread.h"
#include "trace_file.h"
#include "tracker.h"

#define LOOK_EVERY_MAX 256u
#define LOOK_SOON_NS UINT64_C(2000000)	/* looked twice within: look half as often */
#define LOOK_LATE_NS UINT64_C(50000000) /* longer than that: look at each event again */

static const struct options *look_options;
static uint64_t look_next_snapshot_ns;
/* The peak as it was at the last look. */
static int64_t look_peak_bytes;
static uint64_t look_reset_number;
static uint32_t look_is_requested;
/* State of each condition of MEMTRACE_SNAPSHOT_AT: live bytes at the last snapshot it made. */
static int64_t look_at_bytes[MT_SNAPSHOT_AT_MAX];
static uint32_t look_is_busy;

void look_init(const struct options *options)
{
	look_options = options;
	look_next_snapshot_ns = clock_now_ns() + options->snapshot_every_ns;
	for (uint32_t i = 0; i < MT_SNAPSHOT_AT_MAX; i++)
		look_at_bytes[i] = 0;
	mt_store_relaxed(&look_is_busy, 0);
}

void look_request_snapshot(void)
{
	mt_store_relaxed(&look_is_requested, 1);
}

static bool look_is_due_at(const struct snapshot_at *at, int64_t *last)
{
	int64_t live = site_peak_live();
	int64_t bytes = (int64_t)at->bytes;

	switch (at->kind) {
	case SNAPSHOT_AT_LIVE:
		/* once for each time the line is crossed upwards */
		if (live <= bytes)
			*last = 0;
		if (live <= bytes || *last != 0)
			return false;
		break;
	case SNAPSHOT_AT_GROW:
		if (live - *last < bytes)
			return false;
		break;
	case SNAPSHOT_AT_PEAK:
		/* a tenth above the last one, so that a rising program makes a bounded number */
		if (live < site_peak_highest() || live < *last + *last / 10 + 65536)
			return false;
		break;
	case SNAPSHOT_AT_NONE:
		return false;
	}
	*last = live;
	return true;
}

static void look_make_snapshots(uint64_t now)
{
	static const char *const labels[] = {
		[SNAPSHOT_AT_NONE] = NULL,
		[SNAPSHOT_AT_LIVE] = "live",
		[SNAPSHOT_AT_GROW] = "grow",
		[SNAPSHOT_AT_PEAK] = "peak",
	};
	uint32_t expected = 1;

	if (look_options->snapshot_every_ns != 0 && now >= look_next_snapshot_ns) {
		look_next_snapshot_ns = now + look_options->snapshot_every_ns;
		self_snapshot_periodic(now, look_options->snapshot_keep);
	}
	for (uint32_t i = 0; i < MT_SNAPSHOT_AT_MAX; i++)
		if (look_is_due_at(&look_options->snapshot_at[i], &look_at_bytes[i]))
			(void)self_snapshot(NULL, labels[look_options->snapshot_at[i].kind], now);
	if (mt_load_relaxed(&look_is_requested) != 0 &&
	    mt_cas_relaxed(&look_is_requested, &expected, 0))
		(void)self_snapshot(NULL, "signal", now);
}

static void look_obey(enum mt_command command, uint64_t now)
{
	switch (command) {
	case MT_COMMAND_SNAPSHOT:
		(void)self_snapshot(NULL, "ctl", now);
		break;
	case MT_COMMAND_START:
		tracker_set_stopped(false);
		break;
	case MT_COMMAND_STOP:
		tracker_set_stopped(true);
		break;
	case MT_COMMAND_RESET_PEAK:
		site_peak_reset();
		break;
	case MT_COMMAND_NONE:
	default:
		break;
	}
}

/*
 * All that wait, in their order. A controller older than the places writes nothing but the last one; what
 * stands at the places of others has other numbers then.
 */
static void look_obey_all(uint32_t done, uint32_t last, uint64_t now)
{
	int32_t distance = mt_request_distance(done, last);

	for (int32_t before = MT_REQUEST_MAX - 1; before > 0; before--) {
		uint32_t number = mt_request_number(last - ((uint32_t)before << 8));
		uint32_t request =
			mt_load_relaxed(&trace_file.header->requests[mt_request_place(number)]);

		if (before < distance && mt_request_number(request) == number)
			look_obey(mt_request_command(request), now);
	}
	look_obey(mt_request_command(last), now);
	mt_store_release(&trace_file.header->control_done, last); /* partner: the analyzer's poll */
}

static void look_adapt(struct thread *thread, uint64_t now)
{
	uint64_t elapsed = now - thread->look_ns;

	if (elapsed < LOOK_SOON_NS && thread->look_every < LOOK_EVERY_MAX)
		thread->look_every *= 2;
	else if (elapsed > LOOK_LATE_NS)
		thread->look_every = 1;
	thread->look_ns = now;
	/* samples are far apart */
	thread->look_left = sampler_bytes != 0 ? 0 : thread->look_every - 1;
}

static void look_time_peak(uint64_t now)
{
	uint64_t number = mt_load_relaxed(&trace_file.process->peak_reset_number);
	int64_t peak = site_peak_highest();

	if (peak == mt_load_relaxed(&look_peak_bytes) &&
	    number == mt_load_relaxed(&look_reset_number))
		return;
	mt_store_relaxed(&look_peak_bytes, peak);
	mt_store_relaxed(&look_reset_number, number);
	mt_store_relaxed(&trace_file.process->peak_ns, now);
}

void look_around(struct thread *thread)
{
	uint64_t now = clock_look();
	/* partner: the system call that the analyzer writes it by, behind its place in requests */
	uint32_t request = mt_load_acquire(&trace_file.header->control), done, idle = 0;

	look_adapt(thread, now);
	site_peak_settle(thread->shard);
	look_time_peak(now);
	/* one thread at a time; the others have something better to do */
	if (!mt_cas_acq_rel(&look_is_busy, &idle, 1))
		return;
	done = mt_load_relaxed(&trace_file.header->control_done);
	if (request != done)
		look_obey_all(done, request, now);
	look_make_snapshots(now);
	mt_store_release(&look_is_busy, 0);
}

int look_snapshot(const char *path, const char *label)
{
	uint64_t now = clock_look();
	uint32_t idle = 0;
	int status;

	if (!mt_cas_acq_rel(&look_is_busy, &idle, 1))
		return -EBUSY;
	status = self_snapshot(path, label, now);
	mt_store_release(&look_is_busy, 0);
	return status;
}
