/* SPDX-License-Identifier: Apache-2.0 */
/*
 * step.c - what happens before each atomic step of the shim's core in the programs that are built to yield: now and
 * then another thread has the processor, or this one comes later by some hundred instructions.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "memtrace/atomic.h"
#include "stress.h"

#define YIELD_ONE_IN 64u
#define PAUSE_ONE_IN 16u
#define PAUSE_MAX 512u

static __thread uint64_t state; /* of this thread's random numbers; 0 = before the first */
static uint64_t thread_count;

static uint64_t step_random(void)
{
	uint64_t x = state;

	if (x == 0)
		x = stress_seed() ^ __atomic_add_fetch(&thread_count, 1, __ATOMIC_RELAXED) << 32;
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	state = x;
	return x >> 16;
}

void mt_step(void)
{
	uint64_t random = step_random();

	if (random % YIELD_ONE_IN == 0)
		sched_yield();
	else if (random % PAUSE_ONE_IN == 0)
		for (uint64_t i = random / PAUSE_ONE_IN % PAUSE_MAX; i > 0; i--)
			__asm__ volatile("");
}
