/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check.h - the shim compares itself with slower ways to know the same, in libmemtrace-check.so only.
 *
 * Layer 3. What is found goes into the messages of the trace file, as lines that begin with "check:".
 */
#ifndef PRELOAD_SELF_CHECK_H
#define PRELOAD_SELF_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "hidden.h"
#include "unwind.h"

struct thread;

/* Variable of the checking library: compare every n-th stack with libunwind's. */
#define SELF_CHECK_ENV_UNWIND "MEMTRACE_CHECK_UNWIND"

/* Once, at start-up. second_is_open: libunwind can be used. */
void self_check_init(bool second_is_open);

/* Whether libunwind is to be loaded for self_check_event(). */
bool self_check_wants_second(void);

/* Whether self_check_event() is to be called. */
extern HIDDEN bool self_check_is_on;

/*
 * At an event: does libunwind see the same stack as a walk, and is that the one it is booked on?
 * frame: of the interposed function. thread: NULL = the event is inside another one.
 */
void self_check_event(const struct unwind_frame *frame, struct thread *thread, uint32_t site);

/* At exit: for each site, do the blocks in the live table add up to inherited + allocated - freed? */
void self_check_at_exit(void);

#endif
