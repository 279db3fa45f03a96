/* SPDX-License-Identifier: Apache-2.0 */
/*
 * look.h - what is done now and then instead of at every event.
 *
 * Layer 3.
 */
#ifndef PRELOAD_LOOK_H
#define PRELOAD_LOOK_H

#include "options.h"

struct thread;

/* Once per process, and again in a forked child. */
void look_init(const struct options *options);

/*
 * look_around() - read the clock, obey the control word, make snapshots that are due.
 *
 * Called from an event of this thread, whose look_left it sets anew.
 */
void look_around(struct thread *thread);

/* Snapshot right now, on behalf of the program; 0 or a negative errno (-EBUSY: another is being made). */
int look_snapshot(const char *path, const char *label);

/* Asks for a snapshot at the next look; safe in a signal handler. */
void look_request_snapshot(void);

#endif
