/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squeeze_site.h - all counters of one site, summed over the shards.
 *
 * Layer 2.
 */
#ifndef PRELOAD_SQUEEZE_SITE_H
#define PRELOAD_SQUEEZE_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/format.h"

#define SQUEEZE_BUCKETS 65u
#define SQUEEZE_SAMPLE_KINDS 4u

struct squeeze_site {
	struct mt_counters counters;
	uint64_t sizes[SQUEEZE_BUCKETS]; /* allocations by bucket */
	uint32_t size_end;		 /* no bucket from this one on has any */
	bool has_samples;
	struct mt_side inherited, inherited_freed;
	/* by kind from MT_SIDE_RECORDED on, and by enum mt_sampled */
	struct mt_side samples[SQUEEZE_SAMPLE_KINDS][MT_SAMPLED_COUNT];
};

/* Sums the entries of a site; counters.node is 0 when it has none yet. */
void squeeze_site_sum(const struct mt_site *site, struct squeeze_site *sum);

#endif
