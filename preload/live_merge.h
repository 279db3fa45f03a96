/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_merge.h - eight neighbouring stripes become one again.
 *
 * Layer 2, private to live_*.
 */
#ifndef PRELOAD_LIVE_MERGE_H
#define PRELOAD_LIVE_MERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "live_path.h"

/*
 * live_merge() - close the slots of the node that a path's slot belongs to and put one stripe with all their
 * blocks in the node's place, or, if they are too many for that, a new node with the same stripes. Whoever meets a
 * closed slot does this too: any number of threads at once, one of them wins.
 *
 * Return: false = no memory.
 */
bool live_merge(const struct live_path *path);

/* A block of this group has been removed: makes the stripe smaller, or fewer of it, if that is due. */
void live_merge_look(const struct live_path *path, uint64_t group);

#endif
