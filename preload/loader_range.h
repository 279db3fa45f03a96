/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loader_range.h - where the dynamic loader's code lies, to recognise calls that come from it.
 *
 * Layer 1.
 */
#ifndef PRELOAD_LOADER_RANGE_H
#define PRELOAD_LOADER_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "hidden.h"

/* Once, at start-up. */
void loader_range_init(void);

/* private */
extern HIDDEN uintptr_t loader_range_start, loader_range_bytes;

static inline bool loader_range_holds(const void *code)
{
	return __builtin_expect((uintptr_t)code - loader_range_start < loader_range_bytes, 0);
}

#endif
