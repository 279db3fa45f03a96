/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_step.c - chooses the step by the kind of rule, and follows all registers once one of them counts.
 *
 * Only sp, bp and ip are followed all the time. A frame that is described by another register makes the
 * walk start again from the innermost registers, following all, up to that frame; from there on every step
 * is a slow one. The cost of a stack is so at most twice that of its slow steps.
 */
#include "unwind_step.h"

#include "unwind_cfi.h"
#include "unwind_lookup.h"
#include "unwind_stack.h"

static enum unwind_status step_deref(struct unwind_cursor *cursor, uint32_t rule)
{
	uint64_t word_slot = cursor->bp + (uint64_t)rule_deref_cfa(rule);
	uint64_t bp_slot = cursor->bp + (uint64_t)rule_deref_bp(rule), cfa, ip, bp;

	if (!unwind_stack_read(cursor, word_slot, &cfa) || cfa <= cursor->sp ||
	    !unwind_stack_read(cursor, cfa - 8, &ip))
		return UNWIND_BROKEN;
	if (!unwind_stack_read(cursor, bp_slot, &bp))
		bp = UNWIND_BP_UNKNOWN;
	cursor->step = (struct unwind_step){
		.cfa = cfa,
		.ra_slot = cfa - 8,
		.bp_slot = bp_slot,
		.word_slot = word_slot,
		.used = UNWIND_USED_BP,
	};
	return unwind_step_set(cursor, ip, cfa, bp);
}

static enum unwind_status step_stub(struct unwind_cursor *cursor)
{
	uint64_t ip, sp = cursor->sp;

	if (!unwind_stack_read(cursor, sp, &ip))
		return UNWIND_BROKEN;
	cursor->step = (struct unwind_step){
		.cfa = sp + 8,
		.ra_slot = sp,
		.used = UNWIND_USED_SP,
	};
	return unwind_step_set(cursor, ip, sp + 8, cursor->bp);
}

static enum unwind_status step_of_kind(struct unwind_cursor *cursor, uint64_t pc, uint32_t rule)
{
	switch (rule_kind(rule)) {
	case RULE_END:
		return UNWIND_END;
	case RULE_SIGNAL:
		return unwind_step_signal(cursor);
	case RULE_CHAIN:
	case RULE_STRANGE:
		return unwind_step_chain(cursor);
	case RULE_STUB:
		return step_stub(cursor);
	case RULE_DEREF:
		return cursor->is_full ? unwind_step_slow(cursor, pc) : step_deref(cursor, rule);
	case RULE_SP:
	case RULE_BP:
	case RULE_SLOW:
		return unwind_step_slow(cursor, pc);
	default:
		return UNWIND_BROKEN;
	}
}

/* Registers of the innermost frame, or of the one that the last signal interrupted. */
static void start_again(struct unwind_cursor *cursor)
{
	const struct unwind_regs *regs = cursor->regs;
	uint64_t base = cursor->base_context;
	unsigned i;

	cursor->is_full = true;
	if (base == 0) {
		(void)unwind_step_set(cursor, regs->ip, regs->sp, regs->bp);
		cursor->saved[CFI_BX] = regs->bx;
		cursor->saved[CFI_R12] = regs->r12;
		cursor->saved[CFI_R13] = regs->r13;
		cursor->saved[CFI_R14] = regs->r14;
		cursor->saved[CFI_R15] = regs->r15;
	} else {
		(void)unwind_step_set(cursor, unwind_context_read(base, DWARF_RA),
				      unwind_context_read(base, DWARF_SP),
				      unwind_context_read(base, DWARF_BP));
		for (i = 0; i < CFI_SAVED_COUNT; i++)
			cursor->saved[i] = unwind_context_read(base, cfi_saved_register(i));
	}
	cursor->context = base;
	cursor->is_exact = true;
}

/*
 * Brings saved[] up to the frame that the cursor is in: by going there once more, because a second cursor would be
 * a large part of the stack that an event may use.
 */
static __attribute__((noinline)) bool follow_all(struct unwind_cursor *cursor)
{
	uint64_t ip = cursor->ip, sp = cursor->sp, bp = cursor->bp;

	start_again(cursor);
	while (cursor->sp < sp) {
		uint64_t pc = cursor->ip - !cursor->is_exact;
		struct rules_hit hit;

		unwind_lookup(pc, cursor->generation, &hit);
		if (rule_kind(hit.rule) == RULE_SIGNAL ||
		    step_of_kind(cursor, pc, hit.rule) != UNWIND_FRAME)
			return false;
	}
	cursor->bp = bp;
	return cursor->sp == sp && cursor->ip == ip;
}

enum unwind_status unwind_step_odd(struct unwind_cursor *cursor, uint64_t pc, uint32_t rule)
{
	enum unwind_status status;

	cursor->step = (struct unwind_step){0};
	status = step_of_kind(cursor, pc, rule);
	if (status == UNWIND_NEEDS_ALL)
		status = follow_all(cursor) ? unwind_step_slow(cursor, pc) : UNWIND_BROKEN;
	return status;
}
