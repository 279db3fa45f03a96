/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_step.h - the steps from a frame to its caller that are not just "register + offset".
 */
#ifndef PRELOAD_UNWIND_STEP_H
#define PRELOAD_UNWIND_STEP_H

#include "unwind.h"

/**
 * unwind_step_odd() - replace the cursor's registers by those of the caller.
 * @pc: address of the frame; @rule: its rule, of any kind.
 *
 * Return: UNWIND_FRAME when there is a caller.
 */
enum unwind_status unwind_step_odd(struct unwind_cursor *cursor, uint64_t pc, uint32_t rule);

/* private to unwind_step.c and unwind_step_*.c */
enum unwind_status unwind_step_signal(struct unwind_cursor *cursor);
enum unwind_status unwind_step_chain(struct unwind_cursor *cursor);

/* Result of unwind_step_slow() besides enum unwind_status: a register that nobody has followed is needed. */
#define UNWIND_NEEDS_ALL ((enum unwind_status)100)

/* By the frame description, which is looked up again. */
enum unwind_status unwind_step_slow(struct unwind_cursor *cursor, uint64_t pc);

/* Offset of a DWARF register (0-16) in the ucontext that the kernel leaves on the stack. */
uint32_t unwind_context_offset(uint64_t dwarf_register);

static inline uint64_t unwind_context_read(uint64_t context, uint64_t dwarf_register)
{
	uint64_t address = context + unwind_context_offset(dwarf_register), value;

	__builtin_memcpy(&value, (const void *)(uintptr_t)address, 8);
	return value;
}

/* For an rbp that could not be read: most callers do without it, and no check lets it through. */
#define UNWIND_BP_UNKNOWN 1

/**
 * unwind_step_set() - go on in the caller.
 * @ip: 0 = there is none.
 */
static inline enum unwind_status unwind_step_set(struct unwind_cursor *cursor, uint64_t ip,
						 uint64_t sp, uint64_t bp)
{
	cursor->ip = ip;
	cursor->sp = sp;
	cursor->bp = bp;
	cursor->is_exact = false;
	cursor->context = 0;
	return ip == 0 ? UNWIND_END : UNWIND_FRAME;
}

#endif
