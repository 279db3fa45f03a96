/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_stack.h - which part of a stack may be read.
 */
#ifndef PRELOAD_UNWIND_STACK_H
#define PRELOAD_UNWIND_STACK_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind.h"

/**
 * unwind_stack_init() - find the end of the main thread's stack; in the main thread.
 */
void unwind_stack_init(void);

/**
 * unwind_stack_enter() - let the cursor walk the stack that sp lies in.
 *
 * Return: false = sp points to nothing that can be read.
 */
bool unwind_stack_enter(struct unwind_cursor *cursor, uint64_t sp);

/**
 * unwind_stack_extend() - make [address, address + 8) readable, if the stack goes on up to there.
 */
bool unwind_stack_extend(struct unwind_cursor *cursor, uint64_t address);

/**
 * unwind_stack_read() - one word of the stack.
 */
static inline bool unwind_stack_read(struct unwind_cursor *cursor, uint64_t address, uint64_t *out)
{
	if (__builtin_expect(address < cursor->low || address > cursor->high - 8, 0) &&
	    !unwind_stack_extend(cursor, address))
		return false;
	__builtin_memcpy(out, (const void *)(uintptr_t)address, 8);
	return true;
}

#endif
