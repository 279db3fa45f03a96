/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - the calling thread's stack as a node id.
 *
 * Layer 3.
 */
#ifndef PRELOAD_CAPTURE_H
#define PRELOAD_CAPTURE_H

#include <stdint.h>

#include "options.h"
#include "thread.h"
#include "unwind.h"

/* Once, at start-up, after unwind_init(), and again in a forked child. */
void capture_init(const struct options *options);

/* The unwinder in use, enum mt_unwinder: CFI when the one asked for cannot be loaded. */
uint32_t capture_unwinder(void);

/*
 * capture_node() - id of the stack that called the interposed function.
 * @regs: registers in the interposed function itself; its own frame is left out.
 * @kind_node: outermost node.
 *
 * Never fails: without room for the stack all such stacks share one node.
 */
uint32_t capture_node(const struct unwind_regs *regs, struct unwind_bounds *bounds,
		      struct capture_scratch *scratch, uint32_t kind_node);

#endif
