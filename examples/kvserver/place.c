/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.c - knows the places, and forgets to free at one of them.
 */
#include "place.h"

extern const struct place_record __start_places[], __stop_places[];

static enum place_id leaking = PLACE_NONE;
static unsigned leak_every = 1;
static unsigned long release_count, leaked_count;

const struct place *place_find(enum place_id id)
{
	for (const struct place_record *r = __start_places; r < __stop_places; r++)
		if (r->id == id)
			return &r->place;
	return NULL;
}

void place_set_leak(enum place_id id, unsigned every)
{
	leaking = id;
	leak_every = every ? every : 1;
}

void place_release(enum place_id id, void *p)
{
	if (p && id == leaking &&
	    __atomic_fetch_add(&release_count, 1, __ATOMIC_RELAXED) % leak_every == 0) {
		__atomic_fetch_add(&leaked_count, 1, __ATOMIC_RELAXED);
		return;
	}
	free(p);
}

unsigned long place_leaked(void)
{
	return __atomic_load_n(&leaked_count, __ATOMIC_RELAXED);
}
