/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check_room.c - a few rooms that stay mapped: asking the system at each event would take longer than the check.
 */
#include "self_check_room.h"

#include <stddef.h>

#include "memtrace/atomic.h"
#include "os.h"

#define ROOM_MAX 64u

/* The lowest bit of the address says that somebody is inside. */
static uintptr_t room_places[ROOM_MAX];

static struct self_check_room *room_make(uintptr_t *place)
{
	struct self_check_room *room = os_map(sizeof(*room));
	uintptr_t expected = 0;

	if (room == NULL || mt_cas_acq_rel(place, &expected, (uintptr_t)room | 1))
		return room;
	os_unmap(room, sizeof(*room));
	return NULL;
}

struct self_check_room *self_check_room_take(void)
{
	for (uint32_t i = 0; i < ROOM_MAX; i++) {
		uintptr_t place = mt_load_relaxed(&room_places[i]);
		struct self_check_room *room = (struct self_check_room *)place;

		if ((place & 1) != 0)
			continue;
		if (room == NULL)
			room = room_make(&room_places[i]);
		else if (!mt_cas_acq_rel(&room_places[i], &place, place | 1))
			room = NULL;
		if (room != NULL)
			return room;
	}
	return NULL;
}

void self_check_room_give(struct self_check_room *room)
{
	for (uint32_t i = 0; i < ROOM_MAX; i++)
		if (mt_load_relaxed(&room_places[i]) == ((uintptr_t)room | 1))
			mt_store_release(&room_places[i],
					 (uintptr_t)room); /* partner: the CAS above */
}
