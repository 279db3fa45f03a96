/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_step_signal.c - steps from the frame that the kernel makes for a handler to what was interrupted.
 *
 * When the handler has returned, sp points at the ucontext; all registers are in it. What was interrupted
 * may be on another stack than the handler.
 */
#include "unwind_cfi.h"
#include "unwind_stack.h"
#include "unwind_step.h"

#define GREGS_OFFSET 40 /* of uc_mcontext.gregs in ucontext_t */
#define GREGS_BYTES (17 * 8)

uint32_t unwind_context_offset(uint64_t dwarf_register)
{
	/* position in gregs[] of rax rdx rcx rbx rsi rdi rbp rsp r8-r15 rip */
	static const uint8_t places[DWARF_RA + 1] = {13, 12, 14, 11, 9, 8, 10, 15, 0,
						     1,	 2,  3,	 4,  5, 6, 7,  16};

	return GREGS_OFFSET + 8 * (uint32_t)places[dwarf_register];
}

/* Whether the whole of it can be read. */
static bool check_context(struct unwind_cursor *cursor, uint64_t context)
{
	uint64_t word;

	return unwind_stack_read(cursor, context + GREGS_OFFSET, &word) &&
	       unwind_stack_read(cursor, context + GREGS_OFFSET + GREGS_BYTES - 8, &word);
}

static bool check_stack(struct unwind_cursor *cursor, uint64_t context, uint64_t sp)
{
	if (!cursor->is_probing && sp >= cursor->low && sp < cursor->high)
		return sp > context;
	cursor->frame_chain_high = 0;
	return unwind_stack_enter(cursor, sp);
}

enum unwind_status unwind_step_signal(struct unwind_cursor *cursor)
{
	uint64_t context = cursor->sp, ip, sp;
	bool is_exact = true;

	if (!check_context(cursor, context))
		return UNWIND_BROKEN;
	ip = unwind_context_read(context, DWARF_RA);
	sp = unwind_context_read(context, DWARF_SP);
	if (!check_stack(cursor, context, sp))
		return UNWIND_BROKEN;
	cursor->step = (struct unwind_step){
		.cfa = sp,
		.ra_slot = context + unwind_context_offset(DWARF_RA),
		.bp_slot = context + unwind_context_offset(DWARF_BP),
		.word_slot = context + unwind_context_offset(DWARF_SP),
		.used = UNWIND_USED_SP | UNWIND_USED_OTHER,
	};
	if (ip == 0) {
		/* a call through a null pointer: only its return address tells where from */
		if (!unwind_stack_read(cursor, sp, &ip))
			return UNWIND_BROKEN;
		sp += 8;
		is_exact = false;
	}
	(void)unwind_step_set(cursor, ip, sp, unwind_context_read(context, DWARF_BP));
	cursor->is_exact = is_exact;
	cursor->context = cursor->base_context = context;
	cursor->is_full = false;
	return ip == 0 ? UNWIND_BROKEN : UNWIND_FRAME;
}
