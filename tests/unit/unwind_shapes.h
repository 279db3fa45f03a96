/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_shapes.h - call trees of odd frames that write down their own true return addresses.
 *
 * unwind_shapes.c is compiled several times with different options; each gives one shapes_<name>().
 */
#ifndef UNIT_UNWIND_SHAPES_H
#define UNIT_UNWIND_SHAPES_H

#include <stdbool.h>
#include <stdint.h>

#define SHAPES_TRUTH_MAX 6000

enum shape {
	SHAPE_PLAIN,
	SHAPE_REGISTERS, /* all callee-saved registers hold something else */
	SHAPE_VLA,
	SHAPE_ALIGNED,
	SHAPE_REALIGNED, /* aligned locals and a variable-length array */
	SHAPE_ALIGNED_ENTRY,
	SHAPE_MANY_ARGUMENTS,
	SHAPE_LARGE,
	SHAPE_POINTER,
	SHAPE_TAIL, /* a call that never returns is the last instruction */
	SHAPE_QSORT,
	SHAPE_BSEARCH,
	SHAPE_SIGNAL,	  /* raise(), handler on the same stack */
	SHAPE_ALT_SIGNAL, /* handler on an alternate stack */
	SHAPE_FAULT,	  /* interrupted in the middle of a function */
	SHAPE_FIBER,
	SHAPE_FIRST_FRAME, /* from here on functions of unwind_frames.S */
	SHAPE_CFA_IN_RBX = SHAPE_FIRST_FRAME,
	SHAPE_CFA_IN_R12,
	SHAPE_CFA_IN_R13,
	SHAPE_CFA_IN_R14,
	SHAPE_CFA_IN_R15,
	SHAPE_CFA_BY_EXPRESSION,
	SHAPE_RA_IN_R12,
	SHAPE_BP_IN_RBX,
	SHAPE_REMEMBERS,
	SHAPE_UNDESCRIBED,
	SHAPE_BEHIND_STUB,
	SHAPE_COUNT,
};

struct shape_state {
	uint64_t truth[SHAPES_TRUTH_MAX]; /* frame addresses, outermost first */
	unsigned truth_count;
	unsigned depth_left;
	uint32_t random;
	uint32_t allowed;		/* bit per enum shape */
	bool is_in_signal, is_in_fiber; /* these do not nest */
	void (*leaf)(struct shape_state *state);
};

typedef void shape_frame(void (*callback)(void *), void *data);

shape_frame frame_cfa_in_rbx, frame_cfa_in_r12, frame_cfa_in_r13, frame_cfa_in_r14,
	frame_cfa_in_r15;
shape_frame frame_cfa_by_expression, frame_ra_in_r12, frame_bp_in_rbx, frame_remembers;
shape_frame frame_undescribed, frame_behind_stub;

typedef void shapes_run(struct shape_state *state);

shapes_run shapes_o0, shapes_o2, shapes_os, shapes_frame_pointer;

#endif
