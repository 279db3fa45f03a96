/* SPDX-License-Identifier: Apache-2.0 */
/*
 * estimate.h - what stands behind the figures of a process of which only samples were recorded.
 */
#ifndef MODEL_ESTIMATE_H
#define MODEL_ESTIMATE_H

#include "memtrace/format.h"

/* Sums over recorded blocks. The variances are those of the estimates of their number and bytes. */
struct estimate_part {
	double blocks, bytes; /* what was recorded itself */
	double block_variance, byte_variance, covariance;
};

enum estimate_of {
	ESTIMATE_ALLOCATED = MT_SAMPLED_ALLOCATED,
	ESTIMATE_FREED = MT_SAMPLED_FREED,
	ESTIMATE_INHERITED = MT_SAMPLED_INHERITED,
	ESTIMATE_LIVE = MT_SAMPLED_COUNT, /* inherited + allocated - freed */
	ESTIMATE_COUNT,
};

struct estimate {
	struct estimate_part parts[ESTIMATE_COUNT];
	/*
	 * What a block that was not recorded would stand for, where such are to be suspected but none of their
	 * kind was; else 0. Of several sites: the largest.
	 */
	double escaped_blocks, escaped_bytes;
};

struct sampled_text {
	char text[64];
};

/**
 * sampled_text() - "sampled (1 per 512 KiB)"; "exact" for 0.
 */
struct sampled_text sampled_text(uint64_t sample_bytes);

/**
 * estimate_unseen() - of a whole process before any of its samples: what it may have allocated without one.
 *
 * A byte begins a sample with probability 1/R, so none is taken of x bytes with exp(-x/R), whatever the sizes of
 * the blocks; as many blocks as bytes is the most that there can have been.
 */
struct estimate estimate_unseen(uint64_t sample_bytes);

/**
 * estimate_part_add() - add a part times a factor, which may be negative.
 */
void estimate_part_add(struct estimate_part *sum, const struct estimate_part *part, double factor);

/**
 * estimate_add() - of sites taken together: whether a block was recorded says nothing about others.
 */
void estimate_add(struct estimate *sum, const struct estimate *part);

#endif
