/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.h - time since tracing began, the current epoch, and samples of the process along the way.
 *
 * Layer 3. There is no helper thread: whoever allocates looks at the clock now and then.
 */
#ifndef PRELOAD_CLOCK_H
#define PRELOAD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "hidden.h"
#include "memtrace/atomic.h"

/*
 * clock_init() - time counts from now.
 * @is_again: of a forked child: time goes on from the parent's start, and every epoch from now on is
 *            larger than that of any block the child has inherited.
 */
void clock_init(bool is_again, bool reads_rss);

uint64_t clock_now_ns(void);

/* private */
extern HIDDEN uint32_t clock_current_epoch, clock_fork_epoch;

/* Epoch of a block that is born now, as of the last look. */
static inline uint32_t clock_epoch(void)
{
	return mt_load_relaxed(&clock_current_epoch);
}

/* Blocks of an epoch below this one were inherited by fork. */
static inline uint32_t clock_inherited_below(void)
{
	return clock_fork_epoch;
}

/*
 * clock_look() - read the clock, move the epoch on, take samples that are due.
 *
 * Return: nanoseconds since the start.
 */
uint64_t clock_look(void);

/* Width of the finest epoch, for deciding how often to look. */
#define CLOCK_EPOCH_WIDTH_NS UINT64_C(1000000000)
#define CLOCK_TIMELINE_WIDTH_NS UINT64_C(100000000)

/* Resident set in bytes, read from the system; 0 if it cannot be. */
uint64_t clock_read_rss(void);

#endif
