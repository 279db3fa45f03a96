/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.c - draws the gaps between hits and decides on the blocks that are hit.
 *
 * Gaps are floor(E), E exponential with mean sampler_bytes: a block of s bytes is not hit when the gap is at
 * least s, which has probability exp(-s / sampler_bytes) exactly. All arithmetic is on integers: floating
 * point would raise exception flags that belong to the program.
 */
#include "sampler.h"

#include <sys/auxv.h>

#include "memtrace/atomic.h"
#include "memtrace/sampling.h"
#include "os.h"

#define SAMPLER_STEP UINT64_C(0x9e3779b97f4a7c15)
#define SAMPLER_LN2 UINT64_C(2977044472) /* in units of 2^-32 */
#define SAMPLER_ONE (UINT64_C(1) << 31)	 /* fixed point of sampler_thins() */

uint64_t sampler_bytes;

static uint64_t sampler_seed;
static bool sampler_is_repeatable; /* the seed is the user's */
static uint64_t sampler_thread_count;

static uint64_t sampler_mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

void sampler_init(const struct options *options)
{
	const uint64_t *entropy = (const uint64_t *)getauxval(AT_RANDOM);

	sampler_is_repeatable = options->has_sample_seed;
	sampler_seed = options->sample_seed;
	if (!sampler_is_repeatable)
		sampler_seed = sampler_mix(os_monotonic_ns()) ^ (entropy != NULL ? *entropy : 0);
	sampler_thread_count = 0;
	sampler_bytes = options->sample_bytes;
}

void sampler_after_fork(void)
{
	sampler_seed = sampler_mix(sampler_seed + thread_local_state.sample_noise + 1);
	if (!sampler_is_repeatable)
		sampler_seed ^= sampler_mix((uint64_t)os_getpid());
	thread_local_state.sample_noise = 0;
	thread_local_state.sample_left = 0;
	thread_local_state.sample_is_cut = 0;
}

static uint64_t sampler_random(void)
{
	struct thread_local_state *local = &thread_local_state;

	if (local->sample_noise == 0)
		local->sample_noise = sampler_mix(
			sampler_seed ^
			sampler_mix(mt_add_relaxed(&sampler_thread_count, 1) * SAMPLER_STEP));
	local->sample_noise += SAMPLER_STEP;
	return sampler_mix(local->sample_noise);
}

/* Bit by bit: squaring doubles the logarithm, and what then exceeds 2 is the next bit. */
uint64_t sampler_log2(uint64_t number)
{
	uint32_t zeros = (uint32_t)__builtin_clzll(number);
	uint64_t mantissa = number << zeros, result = 63 - zeros;

	for (uint32_t i = 0; i < 32; i++) {
		unsigned __int128 square = (unsigned __int128)mantissa * mantissa;
		uint32_t bit = (uint32_t)(square >> 127);

		mantissa = (uint64_t)(square >> (63 + bit));
		result = result << 1 | bit;
	}
	return result;
}

uint64_t sampler_gap(void)
{
	uint64_t number = sampler_random() | 1;
	uint64_t bits = (UINT64_C(64) << 32) - sampler_log2(number);

	return (uint64_t)((unsigned __int128)bits * SAMPLER_LN2 * sampler_bytes >> 64);
}

/* What exceeds the largest sample_left is drawn when it comes to it: a gap has no memory. */
static void sampler_draw(struct thread_local_state *local)
{
	uint64_t gap = sampler_gap(), most = sampler_bytes - 1;

	local->sample_is_cut = gap >= most;
	local->sample_left = local->sample_is_cut ? most : gap;
}

/*
 * Of the blocks of s bytes that are hit, with probability p, a part of 1 / (w p) is recorded, w being the
 * weight: draws u in [0, 1) and compares u w x with x / p = 1 + x/2 + x^2/12 - x^4/720 + x^6/30240 for
 * x = s / sampler_bytes < 1.
 */
static bool sampler_thins(uint64_t size)
{
	uint64_t x = size * SAMPLER_ONE / sampler_bytes, x2 = x * x / SAMPLER_ONE;
	uint64_t x4 = x2 * x2 / SAMPLER_ONE, x6 = x4 * x2 / SAMPLER_ONE;
	uint64_t weighted =
		mt_sample_weight(size, sampler_bytes) * size * SAMPLER_ONE / sampler_bytes;
	uint64_t limit = SAMPLER_ONE + x / 2 + x2 / 12 - x4 / 720 + x6 / 30240;

	return (sampler_random() >> 33) * weighted < limit * SAMPLER_ONE;
}

bool sampler_takes(size_t size)
{
	struct thread_local_state *local = &thread_local_state;
	uint64_t bytes = size + (size == 0), rest = bytes;

	if (bytes >= sampler_bytes)
		return true;
	if (local->sample_noise == 0)
		sampler_draw(local);
	while (rest > local->sample_left) {
		if (!local->sample_is_cut) {
			sampler_draw(local);
			return sampler_thins(bytes);
		}
		rest -= local->sample_left;
		sampler_draw(local);
	}
	local->sample_left -= rest;
	return false;
}

/*
 * A block that was not recorded at weight v and is to be recorded with probability 1/w in all is taken with
 * (1/w - 1/v) / (1 - 1/v). Both weights are those of what could be used, so that a chain of reallocs adds up.
 */
bool sampler_takes_grown(size_t before, size_t after, size_t size)
{
	uint64_t v = mt_sample_weight(before, sampler_bytes);
	uint64_t w = mt_sample_weight(after, sampler_bytes);

	if (size >= sampler_bytes)
		return true;
	if (w >= v)
		return false;
	return (sampler_random() >> 32) * (unsigned __int128)w * (v - 1) <
	       (unsigned __int128)(v - w) << 32;
}

bool sampler_keeps(size_t before, size_t size)
{
	uint64_t v = mt_sample_weight(before, sampler_bytes);
	uint64_t w = mt_sample_weight(size, sampler_bytes);

	return w <= v || (sampler_random() >> 32) * w < v << 32;
}
