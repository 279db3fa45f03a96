/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampling.h - how many blocks a recorded one stands for where only samples are recorded, and the sums that
 * tell how far off estimates may be.
 *
 * A block of s bytes is recorded with probability 1/w, w = mt_sample_weight(s), and then counts as w blocks
 * and w * s bytes. Weights are whole numbers, so that a free takes back to the last digit what the
 * allocation put in, from nothing but the block's size.
 */
#ifndef MEMTRACE_SAMPLING_H
#define MEMTRACE_SAMPLING_H

#include <stdint.h>

/* Largest mean distance of samples: the sums below are made for it. */
#define MT_SAMPLE_BYTES_MAX (UINT64_C(1) << 30)

/*
 * At mean distance R the bytes of a block are hit with probability p = 1 - exp(-s/R). With x = s/R,
 * 1/p = 1/x + 1/2 + x/12 - ..., which for x < 1 is less than 1/x + 75/128: the next whole number is the
 * weight, and of the blocks hit a part of 1/(w p) is recorded. Blocks of R bytes or more always are.
 */
static inline uint64_t mt_sample_weight(uint64_t size, uint64_t sample_bytes)
{
	if (size == 0)
		size = 1;
	if (size >= sample_bytes)
		return 1;
	return 1 + (128 * sample_bytes + 75 * size - 1) / (128 * size);
}

/*
 * Variance that one recorded block of weight w adds to the estimated sum of a figure that is x for the block:
 * (1 - 1/w) / (1/w)^2 x^2 = w (w - 1) x^2; for two figures x and y their covariance w (w - 1) x y. At most 2^61
 * for the largest distance, so sums are kept as two words: value = low + high * 2^31, each good for 2^31 blocks.
 */
#define MT_SAMPLE_SPLIT 31

struct mt_sample_term {
	uint64_t low, high;
};

static inline struct mt_sample_term mt_sample_term(uint64_t weight, uint64_t x, uint64_t y)
{
	uint64_t value = weight * (weight - 1) * x * y;

	return (struct mt_sample_term){value & ((UINT64_C(1) << MT_SAMPLE_SPLIT) - 1),
				       value >> MT_SAMPLE_SPLIT};
}

#endif
