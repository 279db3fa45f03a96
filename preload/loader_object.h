/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_object.h - the loader's own lookup of the object that holds an address: _dl_find_object (glibc 2.35).
 *
 * Layer 1. It takes no lock, reads no symbol table, and may be called from a signal handler.
 */
#ifndef PRELOAD_LOADER_OBJECT_H
#define PRELOAD_LOADER_OBJECT_H

#include <link.h>
#include <stdbool.h>

/* What the loader fills in; the same in every release so far. */
struct loader_object {
	unsigned long long flags;
	void *map_start, *map_end;
	struct link_map *link_map;
	void *eh_frame;
	unsigned long long reserved[7];
};

/* At start-up. Returns false when the loader has no such function. */
bool loader_object_init(void);

/* False when no object is there, or nobody knows. */
bool loader_object_find(const void *address, struct loader_object *out);

#endif
