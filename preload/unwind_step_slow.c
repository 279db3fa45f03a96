/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_step_slow.c - undoes a frame by its row of call frame information, with all registers.
 */
#include "unwind_cfi.h"
#include "unwind_expression.h"
#include "unwind_stack.h"
#include "unwind_step.h"

struct slow_step {
	struct unwind_cursor *cursor;
	struct eh_frame frame;
	struct cfi_row row;
	struct unwind_step step;
	bool needs_all;
};

static bool read_other_register(struct slow_step *slow, uint64_t column, uint64_t *out)
{
	const struct unwind_cursor *cursor = slow->cursor;
	enum cfi_column saved = cfi_column_of(column);

	slow->step.used |= UNWIND_USED_OTHER;
	if (cursor->context != 0 && column <= DWARF_RA) {
		*out = unwind_context_read(cursor->context, column);
		return true;
	}
	if (saved >= CFI_SAVED_COUNT)
		return false;
	*out = cursor->saved[saved];
	slow->needs_all |= !cursor->is_full;
	return cursor->is_full;
}

static bool read_register(void *context, uint64_t column, struct expression_value *out)
{
	struct slow_step *slow = context;

	*out = (struct expression_value){0};
	switch (column) {
	case DWARF_SP:
		slow->step.used |= UNWIND_USED_SP;
		out->number = slow->cursor->sp;
		return true;
	case DWARF_BP:
		slow->step.used |= UNWIND_USED_BP;
		out->number = slow->cursor->bp;
		return true;
	case DWARF_RA:
		out->number = slow->cursor->ip;
		return true;
	default:
		return read_other_register(slow, column, &out->number);
	}
}

static bool read_memory(void *context, uint64_t address, uint64_t *out)
{
	struct slow_step *slow = context;

	if (slow->step.word_slot != 0) /* there is room to tell of one only */
		slow->step.used |= UNWIND_USED_OTHER;
	slow->step.word_slot = address;
	return unwind_stack_read(slow->cursor, address, out);
}

static bool evaluate(struct slow_step *slow, int64_t name, const uint64_t *initial, uint64_t *out)
{
	struct cfi_expression expression = cfi_row_expression(&slow->frame, name);
	struct expression_source source = {read_register, read_memory, slow};
	struct expression_value value;

	if (!expression_evaluate(&source, expression.start, expression.end, initial, &value))
		return false;
	*out = value.number;
	return true;
}

static bool find_cfa(struct slow_step *slow, uint64_t *cfa)
{
	struct expression_value value;

	if (slow->row.is_cfa_expression)
		return evaluate(slow, slow->row.cfa_offset, NULL, cfa);
	if (!read_register(slow, slow->row.cfa_register, &value))
		return false;
	*cfa = value.number + (uint64_t)(int64_t)slow->row.cfa_offset;
	return true;
}

/* Value of a column in the caller; *slot is where it was read, if it was. */
static bool restore_column(struct slow_step *slow, enum cfi_column column, uint64_t same,
			   uint64_t *slot, uint64_t *out)
{
	uint64_t cfa = slow->step.cfa;
	int32_t value = slow->row.values[column];
	struct expression_value moved;

	switch (slow->row.kinds[column]) {
	case CFI_SAME:
		*out = same;
		return true;
	case CFI_UNDEFINED:
		*out = 0;
		return true;
	case CFI_VALUE_OFFSET:
		*out = cfa + (uint64_t)(int64_t)value;
		return true;
	case CFI_REGISTER:
		if (!read_register(slow, (uint64_t)value, &moved))
			return false;
		*out = moved.number;
		return true;
	case CFI_VALUE_EXPRESSION:
		return evaluate(slow, value, &cfa, out);
	case CFI_EXPRESSION:
		if (!evaluate(slow, value, &cfa, slot))
			return false;
		break;
	default:
		*slot = cfa + (uint64_t)(int64_t)value;
		break;
	}
	return unwind_stack_read(slow->cursor, *slot, out);
}

/* What a callee-saved register holds before the step, as far as it is known. */
static uint64_t saved_before(const struct unwind_cursor *cursor, unsigned column)
{
	return cursor->context ? unwind_context_read(cursor->context, cfi_saved_register(column))
			       : cursor->saved[column];
}

static bool restore_saved(struct slow_step *slow)
{
	struct unwind_cursor *cursor = slow->cursor;
	uint64_t values[CFI_SAVED_COUNT], slot;
	unsigned i;

	for (i = 0; i < CFI_SAVED_COUNT; i++) {
		if (!restore_column(slow, (enum cfi_column)i, saved_before(cursor, i), &slot,
				    &values[i]))
			return false;
	}
	__builtin_memcpy(cursor->saved, values, sizeof(values));
	return true;
}

/* Apart, so that what it puts on the stack is gone before the instructions are run. */
static __attribute__((noinline)) bool find_frame(struct slow_step *slow, uint64_t pc)
{
	struct module_info module;

	return module_table_find(pc, &module) && eh_frame_find(&module, pc, &slow->frame);
}

/*
 * The caller may be on another stack only if it was interrupted. An interrupted frame may have left its
 * stack already and be about to jump: longjmp().
 */
static bool check_stack(struct slow_step *slow, uint64_t sp)
{
	struct unwind_cursor *cursor = slow->cursor;

	if (sp > cursor->sp - (cursor->context != 0) && sp <= cursor->high)
		return true;
	if (slow->frame.is_signal)
		return unwind_stack_enter(cursor, sp);
	return sp > cursor->sp && unwind_stack_extend(cursor, sp - 8);
}

enum unwind_status unwind_step_slow(struct unwind_cursor *cursor, uint64_t pc)
{
	struct slow_step slow = {.cursor = cursor};
	uint64_t ip, sp, bp, slot;

	if (!find_frame(&slow, pc) || !cfi_row_find(&slow.frame, pc, &slow.row))
		return UNWIND_BROKEN;
	if (slow.row.kinds[CFI_RA] == CFI_UNDEFINED)
		return UNWIND_END;
	if (!find_cfa(&slow, &slow.step.cfa) ||
	    !restore_column(&slow, CFI_RA, 0, &slow.step.ra_slot, &ip) ||
	    !restore_column(&slow, CFI_SP, slow.step.cfa, &slot, &sp))
		return slow.needs_all ? UNWIND_NEEDS_ALL : UNWIND_BROKEN;
	if (!restore_column(&slow, CFI_BP, cursor->bp, &slow.step.bp_slot, &bp))
		bp = UNWIND_BP_UNKNOWN;
	if (slow.needs_all)
		return UNWIND_NEEDS_ALL;
	if (cursor->is_full && !restore_saved(&slow))
		return UNWIND_BROKEN;
	if (!check_stack(&slow, sp))
		return UNWIND_BROKEN;
	cursor->step = slow.step;
	(void)unwind_step_set(cursor, ip, sp, bp);
	cursor->is_exact = slow.frame.is_signal;
	return ip == 0 ? UNWIND_END : UNWIND_FRAME;
}
