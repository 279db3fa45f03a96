/* SPDX-License-Identifier: Apache-2.0 */
/*
 * site_peak.h - the highest live bytes of the process and of each site.
 *
 * Layer 2. Each shard tells the process of its live bytes when they have changed by more than
 * hold_bytes: by anything while only one thread has allocated, by 64 KiB from the second thread on. The
 * process's peaks are numbered; a site notes at each of its events what it had at the last peak before.
 */
#ifndef PRELOAD_SITE_PEAK_H
#define PRELOAD_SITE_PEAK_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/format.h"

struct shard;

/* A second thread allocates: from now on each shard may hold something back. */
void site_peak_share(void);

/* The site of this entry, and of all behind it, gets another entry: its own peak is kept in the site. */
void site_peak_several(struct mt_site *site, uint32_t counters_id);

/* Before an event of this entry is counted: what were its live bytes at the process's last peak? */
void site_peak_fold(struct mt_counters *counters);

/* After an event of this entry was counted. */
void site_peak_after(struct mt_counters *counters);

/* The shard's live bytes have changed by delta. */
void site_peak_add(struct shard *shard, int64_t delta);

/* Now and then, and when its thread ends: nothing is held back. Any thread may do this. */
void site_peak_settle(struct shard *shard);
void site_peak_settle_all(void);

/* Peaks of the process and of all sites start again from what is live now. */
void site_peak_reset(void);

#endif
