/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers.h - timers of threads whose handlers allocate and free, and now and then jump out.
 */
#ifndef SOAK_HANDLERS_H
#define SOAK_HANDLERS_H

#include <stdbool.h>

/* Sets the handlers of the process. */
void handlers_init(void);

/* Starts a timer for the calling thread; on a stack of its own, if so wanted. */
void handlers_start(bool has_stack);
void handlers_stop(void);

/* A signal that the calling thread sends itself. */
void handlers_raise(void);

/* Calls that the calling thread's handler may jump out of. Returns after a while. */
void handlers_be_interrupted(void);

/* While held, the calling thread's handlers do nothing. */
void handlers_hold(bool is_held);

/* How often a handler has jumped. */
long handlers_jumps(void);

#endif
