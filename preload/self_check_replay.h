/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check_replay.h - what was recorded for a stack against a fresh walk of it, in libmemtrace-check.so only.
 *
 * Layer 3, private to self_check.c.
 */
#ifndef PRELOAD_SELF_CHECK_REPLAY_H
#define PRELOAD_SELF_CHECK_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind.h"

/* Variable of the checking library: compare every n-th recorded stack with a walk of its own. */
#define SELF_CHECK_ENV_REPLAY "MEMTRACE_CHECK_REPLAY"

void self_check_replay_init(void);
bool self_check_replay_is_on(void);

/* regs: of a function below; frame: of the interposed one. */
void self_check_replay(const struct unwind_regs *regs, const struct unwind_frame *frame,
		       struct unwind_bounds *bounds, uint32_t node);
void self_check_replay_report(void);

#endif
