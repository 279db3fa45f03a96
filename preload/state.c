/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c - the word that a child of fork finds wiped.
 */
#define _GNU_SOURCE
#include "state.h"

#include <pthread.h>
#include <stddef.h>

#include "os.h"

static uint32_t state_first_word;
static const uint32_t state_no_request;
uint32_t *state_word = &state_first_word;
enum state state_last;
const uint32_t *state_request = &state_no_request;

void state_set(enum state state)
{
	state_last = state;
	mt_store_release(mt_load_relaxed(&state_word), state);
}

static void state_wipe(void)
{
	mt_store_relaxed(state_word, STATE_UNSETTLED);
}

void state_init(void)
{
	uint32_t *word = os_map(4096);

	/* before Linux 4.14 a fork handler does it, for fork() only */
	if (word == NULL || !os_wipe_in_children(word, 4096))
		(void)pthread_atfork(NULL, NULL, state_wipe);
	if (word != NULL)
		mt_store_release(&state_word, word);
}
