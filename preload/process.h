/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process.h - whether this process is being traced; start-up, forked children, the end.
 *
 * Layer 4.
 */
#ifndef PRELOAD_PROCESS_H
#define PRELOAD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "any_stack.h"
#include "memtrace/atomic.h"

enum process_word {
	PROCESS_UNSETTLED =
		0, /* not looked at yet, or a child of fork: the kernel has wiped the word */
	PROCESS_TRACED = 1,
	PROCESS_LEFT_ALONE = 2,
};

extern uint32_t *process_word;

/* Slow path of process_is_traced(). */
ANY_STACK bool process_settle(void);

/* At the head of every event. False: pass the call on and do nothing else. */
static inline bool process_is_traced(void)
{
	uint32_t word = mt_load_relaxed(mt_load_relaxed(&process_word));

	if (__builtin_expect(word == PROCESS_TRACED, 1))
		return true;
	return word == PROCESS_UNSETTLED && process_settle();
}

/* Snapshot on behalf of the program; see memtrace_snapshot(). */
int process_snapshot(const char *path, const char *label);

#endif
