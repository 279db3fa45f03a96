/* SPDX-License-Identifier: Apache-2.0 */
/*
 * estimate.c - adds up what stands behind estimates.
 */
#include "model/estimate.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

#include "base/size_text.h"

struct sampled_text sampled_text(uint64_t sample_bytes)
{
	struct sampled_text out = {"exact"};

	if (sample_bytes > 0)
		(void)snprintf(out.text, sizeof(out.text), "sampled (1 per %s)",
			       size_text((int64_t)sample_bytes).text);
	return out;
}

struct estimate estimate_unseen(uint64_t sample_bytes)
{
	return (struct estimate){
		.escaped_blocks = (double)sample_bytes,
		.escaped_bytes = (double)sample_bytes,
	};
}

void estimate_part_add(struct estimate_part *sum, const struct estimate_part *part, double factor)
{
	sum->blocks += factor * part->blocks;
	sum->bytes += factor * part->bytes;
	sum->block_variance += factor * part->block_variance;
	sum->byte_variance += factor * part->byte_variance;
	sum->covariance += factor * part->covariance;
}

void estimate_add(struct estimate *sum, const struct estimate *part)
{
	for (size_t i = 0; i < ESTIMATE_COUNT; i++)
		estimate_part_add(&sum->parts[i], &part->parts[i], 1);
	sum->escaped_blocks = fmax(sum->escaped_blocks, part->escaped_blocks);
	sum->escaped_bytes = fmax(sum->escaped_bytes, part->escaped_bytes);
}
