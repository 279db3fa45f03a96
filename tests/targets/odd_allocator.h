/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odd_allocator.h - what targets ask of odd_allocator.c, which is preloaded.
 */
#ifndef ODD_ALLOCATOR_H
#define ODD_ALLOCATOR_H

#include <stdbool.h>

/* Whether a block that was reallocated while the allocator was looked up kept its contents. */
bool odd_allocator_has_kept(void) __attribute__((weak));

/* Called in the middle of each aligned allocation; NULL = nothing. */
void odd_allocator_interrupt(void (*function)(void)) __attribute__((weak));

#endif
