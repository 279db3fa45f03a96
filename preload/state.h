/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.h - whether this process is being traced: one word, read at the head of every event.
 *
 * Layer 1. The word lies on a page that the kernel wipes in a child of fork, whichever call made it.
 */
#ifndef PRELOAD_STATE_H
#define PRELOAD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "hidden.h"
#include "memtrace/atomic.h"

enum state {
	STATE_UNSETTLED = 0, /* not looked at yet, or a child of fork */
	STATE_TRACED,
	STATE_SAMPLED, /* the same of some blocks only; see sampler.h */
	STATE_STOPPED, /* nothing new is recorded, but what becomes of the blocks that were */
	STATE_ASLEEP,  /* nothing has been recorded yet */
	STATE_LEFT_ALONE,
};

extern HIDDEN uint32_t *state_word;

/* What was set last, by this process or by the one that it was forked from. */
extern enum state state_last;

/* What it points to stays 0 until somebody has a request to a process that is asleep. */
extern HIDDEN const uint32_t *state_request;

/* Makes the word; 0 until state_set(). Once per process image. */
void state_init(void);

static inline uint32_t state_now(void)
{
	return mt_load_relaxed(mt_load_relaxed(&state_word));
}

static inline bool state_is_recording(void)
{
	uint32_t state = state_now();

	return state == STATE_TRACED || state == STATE_SAMPLED;
}

void state_set(enum state state);

#endif
