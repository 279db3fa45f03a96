/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sampler.h - which blocks are recorded where only samples are: a Poisson process over the bytes that each
 * thread allocates, with MEMTRACE_SAMPLE bytes between two hits on the mean.
 *
 * Layer 3. A block is recorded with probability 1 / mt_sample_weight() of its size, those of MEMTRACE_SAMPLE
 * bytes or more always. Whether a block is recorded says nothing about any other.
 */
#ifndef PRELOAD_SAMPLER_H
#define PRELOAD_SAMPLER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hidden.h"
#include "options.h"
#include "state.h"
#include "thread.h"

/* Bytes between hits on the mean; 0 = every event is recorded. Written once, before the first event. */
extern HIDDEN uint64_t sampler_bytes;

void sampler_init(const struct options *options);

/* The state of a process that records. */
static inline enum state sampler_state(void)
{
	return sampler_bytes != 0 ? STATE_SAMPLED : STATE_TRACED;
}

/* In a forked child: its random numbers are not its parent's. */
void sampler_after_fork(void);

/*
 * sampler_passes() - whether a block of this size is certainly not recorded: one subtraction. If not,
 * sampler_takes() decides.
 *
 * sample_left is always less than sampler_bytes, so that large blocks never pass; neither do sizes that no
 * allocator can serve, since nothing here is signed. A handler that allocates in the middle of this has its own
 * subtraction undone, which moves no probability: gaps have no memory.
 */
static inline bool sampler_passes(size_t size)
{
	struct thread_local_state *local = &thread_local_state;
	uint64_t left;

	if (__builtin_expect(__builtin_sub_overflow(local->sample_left, size + (size == 0), &left),
			     0))
		return false;
	local->sample_left = left;
	return true;
}

/* Whether to record a block that did not pass. To be asked once. */
bool sampler_takes(size_t size);

/*
 * sampler_takes_grown() - whether to record a block, not recorded so far, that was reallocated.
 * @before: what could be used of it, which is all that is known of a block that was not recorded.
 * @after: what can be used of it now; size: what the program asked for.
 */
bool sampler_takes_grown(size_t before, size_t after, size_t size);

/* Whether a recorded block stays recorded at its new size. Always when it grew. */
bool sampler_keeps(size_t before, size_t size);

/* An allocation was recorded: what sampler_is_last() looks at. */
static inline void sampler_mark(void)
{
	thread_local_state.sample_mark = thread_local_state.sample_left;
}

/* No block passed in this thread since the last recorded allocation. */
static inline bool sampler_is_last(void)
{
	return thread_local_state.sample_mark == thread_local_state.sample_left;
}

/* For tests: log2(number) for number > 0, in units of 2^-32; low by less than two of them. */
uint64_t sampler_log2(uint64_t number);

/* For tests: the next gap in bytes of the calling thread. */
uint64_t sampler_gap(void);

#endif
