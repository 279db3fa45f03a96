/* SPDX-License-Identifier: Apache-2.0 */
/*
 * odd_allocator.h - what targets ask of odd_allocator.c, which is preloaded.
 */
#ifndef ODD_ALLOCATOR_H
#define ODD_ALLOCATOR_H

#include <stddef.h>

#define ODD_EARLY_COUNT 5
#define ODD_EARLY_BYTE 0x5a

struct odd_block {
	unsigned char *start;
	size_t bytes;
};

/* A block that was allocated while the allocator was looked up, full of ODD_EARLY_BYTE; NULL = something was wrong. */
struct odd_block odd_allocator_early(size_t i) __attribute__((weak));

/* Called in the middle of each aligned allocation; NULL = nothing. */
void odd_allocator_interrupt(void (*function)(void)) __attribute__((weak));

#endif
