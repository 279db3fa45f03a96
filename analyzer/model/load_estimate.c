/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_estimate.c - sums side records of samples: what stands behind the estimates of each site.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "memtrace/sampling.h"
#include "model/load.h"

int load_estimates(struct load *load, size_t site_count)
{
	struct snapshot *snapshot = load->snapshot;

	if (snapshot->header.sample_bytes == 0)
		return 0;
	if (snapshot->header.sample_bytes > MT_SAMPLE_BYTES_MAX)
		return reader_refuse(&load->reader,
				     "damaged: samples are %" PRIu64
				     " bytes apart; at most %" PRIu64 " are possible",
				     snapshot->header.sample_bytes, MT_SAMPLE_BYTES_MAX);
	snapshot->estimate = estimate_unseen(snapshot->header.sample_bytes);
	snapshot->estimates = load_keep(load, site_count, sizeof(*snapshot->estimates));
	return snapshot->estimates == NULL ? -EBADMSG : 0;
}

void load_estimate_begin(const struct load *load, struct estimate_sums *sums)
{
	sums->is_used = load->snapshot->estimates != NULL;
	if (sums->is_used)
		memset(sums->of, 0, sizeof(sums->of));
}

void load_estimate_add(struct estimate_sums *sums, const struct mt_side *record)
{
	__int128 *of,
		term = record->count + (__int128)record->bytes * (INT64_C(1) << MT_SAMPLE_SPLIT);

	if (!sums->is_used || record->bucket >= MT_SAMPLED_COUNT)
		return;
	of = sums->of[record->bucket];
	switch (record->kind) {
	case MT_SIDE_RECORDED:
		of[ESTIMATE_SUM_BLOCKS] += record->count;
		of[ESTIMATE_SUM_BYTES] += record->bytes;
		break;
	case MT_SIDE_VARIANCE_COUNT:
		of[ESTIMATE_SUM_BLOCK_VARIANCE] += term;
		break;
	case MT_SIDE_VARIANCE_BYTES:
		of[ESTIMATE_SUM_BYTE_VARIANCE] += term;
		break;
	case MT_SIDE_COVARIANCE:
		of[ESTIMATE_SUM_COVARIANCE] += term;
		break;
	default:
		break;
	}
}

/* A damaged file's sums may be anything; a number of blocks or a variance is not negative. */
static struct estimate_part part_of(const __int128 sums[ESTIMATE_SUM_COUNT])
{
	double of[ESTIMATE_SUM_COUNT];

	for (size_t i = 0; i < ESTIMATE_SUM_COUNT; i++)
		of[i] = sums[i] > 0 ? (double)sums[i] : 0;
	return (struct estimate_part){
		of[ESTIMATE_SUM_BLOCKS],	 of[ESTIMATE_SUM_BYTES],
		of[ESTIMATE_SUM_BLOCK_VARIANCE], of[ESTIMATE_SUM_BYTE_VARIANCE],
		of[ESTIMATE_SUM_COVARIANCE],
	};
}

/*
 * All that was recorded was large enough to be recorded always. Where sizes vary, there may well have been smaller
 * blocks that were not: say of a quarter of the distance.
 */
static void add_escape(const struct snapshot *snapshot, const struct site *site,
		       struct estimate *estimate)
{
	uint64_t sample_bytes = snapshot->header.sample_bytes, size = sample_bytes / 4;
	uint64_t weight = mt_sample_weight(size, sample_bytes);

	if (estimate->parts[ESTIMATE_ALLOCATED].block_variance > 0 ||
	    estimate->parts[ESTIMATE_ALLOCATED].blocks == 0 ||
	    (site->size_count < 2 && site->counters.realloc_count == 0))
		return;
	estimate->escaped_blocks = (double)weight;
	estimate->escaped_bytes = (double)(weight * size);
}

/* What is live is a small difference of large sums: taken before they are rounded. */
void load_estimate_keep(struct load *load, const struct estimate_sums *sums,
			const struct site *site)
{
	struct snapshot *snapshot = load->snapshot;
	__int128 live[ESTIMATE_SUM_COUNT];
	struct estimate *estimate;

	if (!sums->is_used)
		return;
	estimate = &snapshot->estimates[snapshot->site_count];
	for (size_t i = 0; i < ESTIMATE_SUM_COUNT; i++)
		live[i] = sums->of[MT_SAMPLED_ALLOCATED][i] + sums->of[MT_SAMPLED_INHERITED][i] -
			  sums->of[MT_SAMPLED_FREED][i];
	for (size_t i = 0; i < MT_SAMPLED_COUNT; i++)
		estimate->parts[i] = part_of(sums->of[i]);
	estimate->parts[ESTIMATE_LIVE] = part_of(live);
	add_escape(snapshot, site, estimate);
	estimate_add(&snapshot->estimate, estimate);
}
