/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind.h - walks the calling thread's stack frame by frame by call frame information.
 *
 * Everything here may run inside malloc() of any program, in any thread and in a signal handler: nothing
 * is allocated, no lock is taken, errno is not touched, and memory is read only where it is known to be
 * readable. A walk needs some 400 bytes of stack, 1.2 KiB where an address is new or where frames are
 * described by registers other than rsp and rbp.
 */
#ifndef PRELOAD_UNWIND_H
#define PRELOAD_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/atomic.h"

/* What a function must preserve for its caller, at one instruction. */
struct unwind_regs {
	uint64_t ip, sp, bp, bx, r12, r13, r14, r15;
};

/*
 * The part of this thread's stack that is known to be readable: [low, high). Kept by the caller, per
 * thread, zeroed when the thread starts; the unwinder fills it in and widens it. Only its thread uses it.
 */
struct unwind_bounds {
	uint64_t low, high;
};

enum unwind_status {
	UNWIND_FRAME,  /* the cursor describes a frame */
	UNWIND_END,    /* the previous frame was the outermost: the stack is whole */
	UNWIND_BROKEN, /* the previous frame's caller could not be found */
};

/* Registers that a step read, for struct unwind_step. */
enum unwind_used {
	UNWIND_USED_SP = 1,
	UNWIND_USED_BP = 2,
	UNWIND_USED_OTHER = 4, /* rbx, r10, r12-r15 or the registers in a signal's ucontext */
};

/* Everything that the step from a frame to its caller was computed from, besides the address of code. */
struct unwind_step {
	uint64_t cfa;	    /* canonical frame address: the caller's sp; 0 = there was no step */
	uint64_t ra_slot;   /* where the return address was read */
	uint64_t bp_slot;   /* where the caller's rbp was read; 0 = it is the same */
	uint64_t word_slot; /* word behind a CFA expression; 0 = none */
	uint32_t used;	    /* enum unwind_used */
};

struct unwind_cursor {
	/* the frame that unwind_next() found */
	uint64_t frame_address; /* return address - 1; innermost, above a signal: the instruction */
	uint32_t location;	/* see unwind_location() */
	struct unwind_step step; /* from it to its caller */

	/* private: registers of its caller */
	uint64_t ip, sp, bp;
	uint64_t low, high;	   /* readable part of the stack we are on */
	uint64_t frame_chain_high; /* saved frame pointers up to here have been looked at */
	uint64_t context;  /* ucontext with all registers of the caller; 0 = there is none */
	uint64_t saved[5]; /* rbx, r12-r15 of the caller, if is_full */
	const struct unwind_regs *regs; /* innermost registers, */
	uint64_t base_context; /* or the outermost ucontext so far: is_full starts from here */
	struct unwind_bounds *bounds;
	struct mt_pair *entry; /* of frame_address in the table of rules; NULL = not there */
	uint32_t rule;	       /* of frame_address */
	uint16_t generation;
	uint8_t next_status; /* what the next call returns if there is no caller */
	bool is_exact;	     /* ip is an instruction itself, not a return address */
	bool is_full;	     /* saved[] is kept up to date */
	bool is_probing;     /* on a stack of unknown extent: every page is looked at first */
};

/**
 * unwind_init() - find the loader's lookup function and the end of the main stack. Once, at start-up.
 */
void unwind_init(void);

/**
 * unwind_begin() - start a walk.
 * @regs: registers of the innermost frame, by unwind_regs_capture(); used until the walk is over.
 * @bounds: of this thread.
 */
void unwind_begin(struct unwind_cursor *cursor, const struct unwind_regs *regs,
		  struct unwind_bounds *bounds);

/* What a function with a frame pointer keeps at it: its caller's rbp and its return address. */
struct unwind_frame {
	uint64_t bp, ip;
};

/* Of the calling function, which gets a frame pointer by this. */
#define UNWIND_FRAME_HERE() ((const struct unwind_frame *)__builtin_frame_address(0))

/* Stack pointer of its caller. */
static inline uint64_t unwind_frame_sp(const struct unwind_frame *frame)
{
	return (uint64_t)(uintptr_t)(frame + 1);
}

/**
 * unwind_begin_above() - start a walk in the caller of a function.
 * @regs: of a function that it has called, directly or not: for frames that need more than rsp and rbp.
 */
void unwind_begin_above(struct unwind_cursor *cursor, const struct unwind_regs *regs,
			const struct unwind_frame *frame, struct unwind_bounds *bounds);

/**
 * unwind_next() - find the next frame, the innermost one first.
 *
 * Return: UNWIND_FRAME while there are frames; then always UNWIND_END or UNWIND_BROKEN. The caller bounds
 * the number of calls.
 */
enum unwind_status unwind_next(struct unwind_cursor *cursor);

/**
 * unwind_location() - the caller's number for the current frame's address.
 *
 * Return: 0 = not known yet.
 */
static inline uint32_t unwind_location(const struct unwind_cursor *cursor)
{
	return cursor->location;
}

/**
 * unwind_set_location() - remember a number for the current frame's address.
 *
 * It is forgotten when a module is unloaded, and may be forgotten at any time.
 */
void unwind_set_location(const struct unwind_cursor *cursor, uint32_t location);

/**
 * unwind_regs_capture() - the calling function's registers at one instruction of it.
 */
static inline __attribute__((always_inline)) void unwind_regs_capture(struct unwind_regs *regs)
{
	__asm__ volatile("leaq 0f(%%rip), %%rax\n"
			 "0:\tmovq %%rax, %0\n\t"
			 "movq %%rsp, %1\n\t"
			 "movq %%rbp, %2\n\t"
			 "movq %%rbx, %3\n\t"
			 "movq %%r12, %4\n\t"
			 "movq %%r13, %5\n\t"
			 "movq %%r14, %6\n\t"
			 "movq %%r15, %7"
			 : "=m"(regs->ip), "=m"(regs->sp), "=m"(regs->bp), "=m"(regs->bx),
			   "=m"(regs->r12), "=m"(regs->r13), "=m"(regs->r14), "=m"(regs->r15)
			 :
			 : "rax");
}

#endif
