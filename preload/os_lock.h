/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_lock.h - locked memory: what a program asks for by mlockall(2), and how ours stays out of it.
 *
 * Layer 0.
 */
#ifndef PRELOAD_OS_LOCK_H
#define PRELOAD_OS_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hidden.h"

struct os_range {
	char *start;
	size_t bytes;
};

/* Whether new mappings of this process are locked, and so filled at once. */
extern HIDDEN bool os_is_locking;

void os_lock(void *start, size_t bytes, unsigned flags);
void os_unlock(void *start, size_t bytes);
int os_lock_all(int flags);
int os_unlock_all(void);
uint64_t os_lock_limit(void); /* bytes; UINT64_MAX = none */

/* Unlocks a range that was mapped so that it is not accessible yet, and makes it so. */
bool os_open_unlocked(void *start, size_t bytes);

#endif
