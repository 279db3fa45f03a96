/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.h - private memory of the shim: handed out for ever, never from the program's heap.
 *
 * Layer 1. Lock-free; may be called from a signal handler.
 */
#ifndef PRELOAD_ARENA_H
#define PRELOAD_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "os_lock.h"

/* Zeroed, aligned to 64 bytes, never given back; NULL when the system has no memory. */
void *arena_alloc(size_t bytes);

/*
 * The same for small things that children of fork have no use for: they find it zeroed, or copied where the system
 * cannot do that, and whatever stands there is still theirs to read and write.
 */
void *arena_alloc_own(size_t bytes);

/* Makes sure that there is some for a time in which the system must not be asked. */
void arena_prepare(void);

/* Where the next memory comes from, of both kinds; empty where there is none. */
struct os_range arena_range(bool is_own);

#endif
