/* SPDX-License-Identifier: Apache-2.0 */
/*
 * single_step.h - SIGTRAP after each instruction of this thread, for handlers that look at what is half done.
 */
#ifndef UNIT_SINGLE_STEP_H
#define UNIT_SINGLE_STEP_H

#include <stdbool.h>
#include <stdint.h>

/* Sets or clears the processor's trap flag, beyond the red zone. */
static inline void single_step(bool is_on)
{
	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
			 "pushfq\n\t"
			 "andq $~0x100, (%%rsp)\n\t"
			 "orq %0, (%%rsp)\n\t"
			 "popfq\n\t"
			 "leaq 128(%%rsp), %%rsp"
			 :
			 : "r"(is_on ? UINT64_C(0x100) : UINT64_C(0))
			 : "memory", "cc");
}

#endif
