/* SPDX-License-Identifier: Apache-2.0 */
/*
 * numbering.h - arithmetic of the format: from ids to runs, from times to slots, from sizes to buckets.
 */
#ifndef MEMTRACE_NUMBERING_H
#define MEMTRACE_NUMBERING_H

#include <stdint.h>

/*
 * Run 0 of a type holds ids [0, n0); each following octave [n0 * 2^j, n0 * 2^(j+1)) is split into four
 * equal runs, so that a run is at most max(first run, a quarter of what is in use) and an id tells its
 * run with one count of leading zeros.
 */

/* Run that holds id, for a type whose run 0 holds 2^n0_log2 ids. */
static inline uint32_t mt_run_of(uint64_t id, uint32_t n0_log2)
{
	uint32_t octave;

	if (id >> n0_log2 == 0)
		return 0;
	octave = 63 - (uint32_t)__builtin_clzll(id) - n0_log2;
	return 1 + 4 * octave + (uint32_t)(id >> (n0_log2 + octave - 2) & 3);
}

/* First id of a run but the first: a constant where the arguments are. */
#define MT_RUN_FIRST(run, n0_log2)                                                                 \
	((UINT64_C(4) + ((run)-1) % 4) << ((n0_log2) + ((run)-1) / 4) >> 2)

/* First id of a run, and (with run + 1) its number of ids. */
static inline uint64_t mt_run_first(uint32_t run, uint32_t n0_log2)
{
	return run == 0 ? 0 : MT_RUN_FIRST(run, n0_log2);
}

/*
 * Slots of equal width that double when `base` of them are full: the first `base` slots are one width
 * each, the next base/2 are two widths each, and so on. Sequential, never renumbered; base is a power of 2.
 */
#define MT_EPOCH_BASE 64u
#define MT_TIMELINE_BASE 256u

static inline uint64_t mt_time_slot(uint64_t elapsed_widths, uint32_t base)
{
	uint32_t level, base_log2 = 31 - (uint32_t)__builtin_clz(base);

	if (elapsed_widths < base)
		return elapsed_widths;
	level = 63 - (uint32_t)__builtin_clzll(elapsed_widths) - base_log2; /* 0: [base, 2 base) */
	return base + (uint64_t)level * (base / 2) +
	       ((elapsed_widths - ((uint64_t)base << level)) >> (level + 1));
}

/* First width of a slot: the inverse of mt_time_slot(). */
static inline uint64_t mt_time_slot_start(uint64_t slot, uint32_t base)
{
	uint64_t level, rest;

	if (slot < base)
		return slot;
	level = (slot - base) / (base / 2);
	rest = (slot - base) % (base / 2);
	return ((uint64_t)base << level) + (rest << (level + 1));
}

/* Size bucket: 0 for 0 bytes, else 1 + floor(log2(size)); bucket b holds [2^(b-1), 2^b). */
static inline uint8_t mt_size_bucket(uint64_t size)
{
	/* the form that compilers see to be one bit scan and one addition */
	return __builtin_expect(size == 0, 0) ? 0 : (uint8_t)(1 + (63 ^ __builtin_clzll(size)));
}

#endif
