/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check_room.h - memory for the two stacks that a check compares, in libmemtrace-check.so only.
 *
 * Layer 3, private to self_check*.c.
 */
#ifndef PRELOAD_SELF_CHECK_ROOM_H
#define PRELOAD_SELF_CHECK_ROOM_H

#include <stdint.h>

#define SELF_CHECK_FRAMES 8192u

struct self_check_room {
	uint64_t here[SELF_CHECK_FRAMES], there[SELF_CHECK_FRAMES];
};

/* NULL when all are in use. Whoever never comes back keeps it. */
struct self_check_room *self_check_room_take(void);
void self_check_room_give(struct self_check_room *room);

#endif
