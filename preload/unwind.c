/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind.c - the walk itself: one lookup, one addition and one or two loads for an ordinary frame.
 */
#include "unwind.h"

#include "module_table.h"
#include "unwind_lookup.h"
#include "unwind_stack.h"
#include "unwind_step.h"

void unwind_init(void)
{
	module_table_init();
	unwind_stack_init();
}

void unwind_begin(struct unwind_cursor *cursor, const struct unwind_regs *regs,
		  struct unwind_bounds *bounds)
{
	module_table_check();
	cursor->generation = module_table_generation();
	cursor->regs = regs;
	cursor->bounds = bounds;
	cursor->ip = regs->ip;
	cursor->sp = regs->sp;
	cursor->bp = regs->bp;
	cursor->low = bounds->low;
	cursor->high = bounds->high;
	cursor->frame_chain_high = 0;
	cursor->context = cursor->base_context = 0;
	cursor->entry = NULL;
	cursor->next_status = UNWIND_FRAME;
	cursor->is_exact = true;
	cursor->is_full = cursor->is_probing = false;
	if (__builtin_expect(regs->sp < bounds->low || regs->sp >= bounds->high, 0) &&
	    !unwind_stack_enter(cursor, regs->sp))
		cursor->next_status = UNWIND_BROKEN;
}

void unwind_begin_above(struct unwind_cursor *cursor, const struct unwind_regs *regs,
			const struct unwind_frame *frame, struct unwind_bounds *bounds)
{
	unwind_begin(cursor, regs, bounds);
	cursor->ip = frame->ip;
	cursor->sp = unwind_frame_sp(frame);
	cursor->bp = frame->bp;
	cursor->is_exact = false;
}

/* CFA = register + offset; return address, and perhaps rbp, below it. */
static inline enum unwind_status step_offset(struct unwind_cursor *cursor, uint32_t rule)
{
	bool is_sp = rule_kind(rule) == RULE_SP;
	uint64_t cfa = (is_sp ? cursor->sp : cursor->bp) + rule_cfa_offset(rule);
	uint64_t below = rule_bp_below(rule), ip, bp = cursor->bp;

	if (cfa <= cursor->sp || !unwind_stack_read(cursor, cfa - 8, &ip) ||
	    (below != 0 && !unwind_stack_read(cursor, cfa - below, &bp)))
		return UNWIND_BROKEN;
	cursor->step.cfa = cfa;
	cursor->step.ra_slot = cfa - 8;
	cursor->step.bp_slot = below != 0 ? cfa - below : 0;
	cursor->step.word_slot = 0;
	cursor->step.used = is_sp ? UNWIND_USED_SP : UNWIND_USED_BP;
	return unwind_step_set(cursor, ip, cfa, bp);
}

enum unwind_status unwind_next(struct unwind_cursor *cursor)
{
	uint64_t pc = cursor->ip - !cursor->is_exact;
	struct rules_hit hit;

	if (cursor->next_status != UNWIND_FRAME)
		return (enum unwind_status)cursor->next_status;
	unwind_lookup(pc, cursor->generation, &hit);
	if (__builtin_expect(rule_kind(hit.rule) == RULE_NO_CODE, 0)) {
		cursor->next_status = UNWIND_BROKEN;
		return UNWIND_BROKEN;
	}
	cursor->frame_address = pc;
	cursor->entry = hit.entry;
	cursor->rule = hit.rule;
	cursor->location = hit.location;
	if (__builtin_expect(rule_kind(hit.rule) <= RULE_BP && !cursor->is_full, 1)) {
		cursor->next_status = (uint8_t)step_offset(cursor, hit.rule);
	} else {
		cursor->frame_address = rule_frame_address(hit.rule, pc);
		cursor->next_status = (uint8_t)unwind_step_odd(cursor, pc, hit.rule);
	}
	return UNWIND_FRAME;
}

void unwind_set_location(const struct unwind_cursor *cursor, uint32_t location)
{
	uint64_t pc = cursor->frame_address - rule_frame_address(cursor->rule, 0);

	if (cursor->entry)
		rules_set_location(cursor->entry, rules_key(pc, cursor->generation), cursor->rule,
				   location);
}
