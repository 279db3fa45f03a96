/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_odd.c - the call trees' frames that no compiler makes, see unwind_frames.S.
 */
#include "tree.h"

typedef void odd_frame(void (*callback)(void *), void *data);

odd_frame frame_cfa_in_rbx, frame_cfa_in_r12, frame_cfa_in_r13, frame_cfa_in_r14, frame_cfa_in_r15;
odd_frame frame_cfa_by_expression, frame_ra_in_r12, frame_bp_in_rbx, frame_remembers;
odd_frame frame_undescribed, frame_behind_stub;

struct call {
	struct tree *tree;
	long number;
};

static void from_frame(void *data)
{
	struct call *call = data;

	call->number = tree_live(call->tree, call->number);
}

/* No exception finds its way through a frame without description. */
static long through(odd_frame *frame, struct tree *tree, long number)
{
	struct call call = {tree, number};
	struct tree_escape barrier;

	tree_escape_push(tree, &barrier);
	barrier.is_barrier = true;
	frame(from_frame, &call);
	tree_escape_land(tree, &barrier);
	return call.number;
}

#define ODD(name)                                                                                  \
	static __attribute__((noinline)) long name(struct tree *tree, long number)                 \
	{                                                                                          \
		return through(frame_##name, tree, number);                                        \
	}

ODD(cfa_in_rbx)
ODD(cfa_in_r12)
ODD(cfa_in_r13)
ODD(cfa_in_r14)
ODD(cfa_in_r15)
ODD(cfa_by_expression)
ODD(ra_in_r12)
ODD(bp_in_rbx)
ODD(undescribed)
ODD(behind_stub)

/* 100 KB each: not many */
static __attribute__((noinline)) long remembers(struct tree *tree, long number)
{
	if (tree->fiber->depth > 4 || tree->alternate_depth != 0)
		return number;
	return through(frame_remembers, tree, number);
}

tree_function *const tree_odd_functions[] = {
	cfa_in_rbx, cfa_in_r12, cfa_in_r13,  cfa_in_r14,  cfa_in_r15, cfa_by_expression,
	ra_in_r12,  bp_in_rbx,	undescribed, behind_stub, remembers,
};
const unsigned tree_odd_count = sizeof(tree_odd_functions) / sizeof(tree_odd_functions[0]);
