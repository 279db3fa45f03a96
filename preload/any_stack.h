/* SPDX-License-Identifier: Apache-2.0 */
/*
 * any_stack.h - for functions that are called with whatever stack the program has.
 *
 * Layer 0. Hand-written assembly, old JITs and coroutines call malloc with a stack that is not aligned to 16
 * bytes, which libc's functions do not mind. A function marked so aligns the stack for itself and for all
 * that it calls. The interposed functions are not marked: their own frames stay simple to unwind.
 */
#ifndef PRELOAD_ANY_STACK_H
#define PRELOAD_ANY_STACK_H

#include <stdint.h>

#if defined(__x86_64__)
#define ANY_STACK __attribute__((force_align_arg_pointer))
#else
#define ANY_STACK
#endif

static inline uintptr_t any_stack_pointer(void)
{
	uintptr_t sp;

#if defined(__x86_64__)
	__asm__ volatile("movq %%rsp, %0" : "=r"(sp));
#else
	sp = (uintptr_t)__builtin_frame_address(0);
#endif
	return sp;
}

#endif
