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
#include "state.h"

/* Slow path of process_is_traced(). */
ANY_STACK bool process_settle(void);

/* Whether there is a trace file, be it that nothing is recorded at the moment. */
static inline bool process_is_traced(void)
{
	uint32_t state = state_now();

	return state == STATE_UNSETTLED ? process_settle() : state != STATE_LEFT_ALONE;
}

/* Snapshot on behalf of the program; see memtrace_snapshot(). */
int process_snapshot(const char *path, const char *label);

#endif
