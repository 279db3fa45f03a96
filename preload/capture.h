/* SPDX-License-Identifier: Apache-2.0 */
/*
 * capture.h - the calling thread's stack as a site.
 *
 * Layer 3.
 */
#ifndef PRELOAD_CAPTURE_H
#define PRELOAD_CAPTURE_H

#include <stdint.h>

#include "any_stack.h"
#include "options.h"
#include "replay.h"
#include "thread.h"
#include "unwind.h"

/* Once, at start-up, after unwind_init(), and again in a forked child. */
void capture_init(const struct options *options);

/* The unwinder in use, enum mt_unwinder: CFI when the one asked for cannot be loaded. */
uint32_t capture_unwinder(void);

/*
 * capture_site() - index into SITES of the stack that called the interposed function.
 * @frame: of that function; its own frame is left out.
 * @kind_node: outermost node.
 *
 * Without room for the stack all such stacks share one site. Return: 0 = there is not even room for that.
 */
ANY_STACK uint32_t capture_site(const struct unwind_frame *frame, struct unwind_bounds *bounds,
				struct capture_scratch *scratch, uint32_t kind_node);

/*
 * capture_node() - innermost node of that stack, for one that is no site: of a free. The function of the frame may be
 * called by others of this library, whose frames no report shows.
 */
ANY_STACK uint32_t capture_node(const struct unwind_frame *frame, struct unwind_bounds *bounds,
				struct capture_scratch *scratch, uint32_t kind_node);

/* A stack that is not among the thread's records, or not any more. */
ANY_STACK struct replay_booking *capture_new(struct thread *thread,
					     const struct unwind_frame *frame);

/* Where to book an event of this thread, not inside another one. Valid until the next one. */
static inline struct replay_booking *capture_booking(struct thread *thread,
						     const struct unwind_frame *frame)
{
	struct replay_stack *stack = replay_find(&thread->replay, frame);

	return __builtin_expect(stack != NULL, 1) ? &stack->booking : capture_new(thread, frame);
}

#endif
