/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_rule.c - reduces a row of call frame information to a rule.
 */
#include "unwind_rule.h"

#include <string.h>

#include "os.h"
#include "unwind_cfi.h"
#include "unwind_expression.h"
#include "unwind_place.h"

#define ADDRESS_BITS 48

static uint32_t make_offset_rule(enum rule_kind kind, int64_t cfa_offset, int64_t bp_below)
{
	if (cfa_offset <= 0 || cfa_offset % 8 != 0 || cfa_offset / 8 >= 1 << 19 || bp_below < 0 ||
	    bp_below % 8 != 0 || bp_below / 8 >= 1 << 9)
		return RULE_SLOW;
	return (uint32_t)kind | (uint32_t)(bp_below / 8) << 4 | (uint32_t)(cfa_offset / 8) << 13;
}

static bool fits_deref(int64_t offset)
{
	return offset % 8 == 0 && offset / 8 >= -(1 << 13) && offset / 8 < 1 << 13;
}

static uint32_t make_deref_rule(int64_t cfa, int64_t bp)
{
	if (!fits_deref(cfa) || !fits_deref(bp))
		return RULE_SLOW;
	return RULE_DEREF | ((uint32_t)(cfa / 8) & 0x3fff) << 4 | (uint32_t)(bp / 8) << 18;
}

/* Leaves sp and bp open; ip is the address that the rule is for. */
static bool read_open_register(void *context, uint64_t column, struct expression_value *out)
{
	const uint64_t *pc = context;

	*out = (struct expression_value){0};
	if (column == DWARF_SP)
		out->base = EXPRESSION_SP;
	else if (column == DWARF_BP)
		out->base = EXPRESSION_BP;
	else if (column == DWARF_RA)
		out->number = *pc;
	else
		return false;
	return true;
}

static bool evaluate(const struct eh_frame *frame, int64_t name, uint64_t pc,
		     struct expression_value *out)
{
	struct cfi_expression expression = cfi_row_expression(frame, name);
	struct expression_source source = {.read_register = read_open_register, .context = &pc};

	return expression_evaluate(&source, expression.start, expression.end, NULL, out);
}

static bool read_cfa(const struct eh_frame *frame, const struct cfi_row *row, uint64_t pc,
		     struct expression_value *cfa)
{
	if (row->is_cfa_expression)
		return evaluate(frame, row->cfa_offset, pc, cfa);
	if (!read_open_register(&pc, row->cfa_register, cfa))
		return false;
	cfa->number += (uint64_t)(int64_t)row->cfa_offset;
	return true;
}

/* CFA in a word of the frame: rbp is saved at a place that rbp itself tells. */
static uint32_t compile_deref(const struct eh_frame *frame, const struct cfi_row *row, uint64_t pc,
			      const struct expression_value *cfa)
{
	struct expression_value bp;

	if (cfa->base != EXPRESSION_BP || row->kinds[CFI_BP] != CFI_EXPRESSION ||
	    !evaluate(frame, row->values[CFI_BP], pc, &bp) || bp.is_deref ||
	    bp.base != EXPRESSION_BP)
		return RULE_SLOW;
	return make_deref_rule((int64_t)cfa->number, (int64_t)bp.number);
}

static uint32_t compile_row(const struct eh_frame *frame, const struct cfi_row *row, uint64_t pc)
{
	struct expression_value cfa;
	bool is_bp_saved = row->kinds[CFI_BP] == CFI_OFFSET;

	if (row->kinds[CFI_RA] == CFI_UNDEFINED)
		return RULE_END;
	if (frame->is_signal || row->kinds[CFI_RA] != CFI_OFFSET || row->values[CFI_RA] != -8 ||
	    row->kinds[CFI_SP] != CFI_SAME || !read_cfa(frame, row, pc, &cfa))
		return RULE_SLOW;
	if (cfa.is_deref)
		return compile_deref(frame, row, pc, &cfa);
	if (cfa.base == EXPRESSION_NUMBER || (!is_bp_saved && row->kinds[CFI_BP] != CFI_SAME))
		return RULE_SLOW;
	if (is_bp_saved && row->values[CFI_BP] >= 0)
		return RULE_SLOW;
	return make_offset_rule(cfa.base == EXPRESSION_SP ? RULE_SP : RULE_BP, (int64_t)cfa.number,
				is_bp_saved ? -(int64_t)row->values[CFI_BP] : 0);
}

static bool is_text(const struct module_info *module, uint64_t pc)
{
	return pc >= module->text_start && pc < module->text_end;
}

/* Bytes of code; NULL = not there. Executable segments may leave gaps between them. */
static const uint8_t *code_at(const struct module_info *module, uint64_t address, size_t bytes)
{
	const void *code = (const void *)(uintptr_t)address;

	if (!is_text(module, address) || module->text_end - address < bytes ||
	    !os_is_readable(code, bytes))
		return NULL;
	return code;
}

/* The instructions that return from a signal: mov $15, %rax; syscall. */
static bool is_signal_return(const struct module_info *module, uint64_t address)
{
	static const uint8_t expected[] = {0x48, 0xc7, 0xc0, 0x0f, 0x00, 0x00, 0x00, 0x0f, 0x05};
	const uint8_t *code = code_at(module, address, sizeof(expected));

	return code && memcmp(code, expected, sizeof(expected)) == 0;
}

/* jmp *address(%rip); push $number; jmp: linkers other than GNU's describe no such stub. */
static bool is_plt_entry(const struct module_info *module, uint64_t pc)
{
	const uint8_t *code = code_at(module, pc, 16);

	return code && code[0] == 0xff && code[1] == 0x25 && code[6] == 0x68 && code[11] == 0xe9;
}

/*
 * No frame description covers pc. If one begins right behind it, then nothing was called there: the start
 * of a function was put on the stack as the end of it, as makecontext() does.
 */
static uint32_t compile_gap(const struct module_info *module, uint64_t pc)
{
	struct eh_frame frame;

	if (!code_at(module, pc, 1))
		return RULE_NO_CODE;
	if (is_plt_entry(module, pc))
		return RULE_STUB;
	if (eh_frame_find(module, pc + 1, &frame) && frame.pc_start == pc + 1)
		return RULE_END | RULE_BEHIND;
	return RULE_CHAIN;
}

static uint32_t compile_at(const struct module_info *module, uint64_t pc,
			   struct unwind_place *place)
{
	bool is_found = unwind_place_find(place, module, pc);

	if (!is_text(module, pc))
		return RULE_NO_CODE;
	if (!is_found || place->frame.is_signal) {
		/* the address that a handler returns to, or where another signal came */
		if (is_signal_return(module, pc + 1))
			return RULE_SIGNAL | RULE_BEHIND;
		if (is_signal_return(module, pc))
			return RULE_SIGNAL;
	}
	if (!is_found)
		return compile_gap(module, pc);
	return cfi_place_move(&place->frame, pc, &place->cfi)
		       ? compile_row(&place->frame, &place->cfi.row, pc)
		       : RULE_CHAIN;
}

uint32_t rule_compile(const struct module_info *module, uint64_t pc)
{
	struct unwind_place own, *place = unwind_place_take(pc);
	uint32_t rule;

	if (place == NULL) {
		own.generation = 0;
		return compile_at(module, pc, &own);
	}
	rule = compile_at(module, pc, place);
	unwind_place_give(place);
	return rule;
}

uint32_t rule_compile_unknown(uint64_t pc)
{
	if (pc >> ADDRESS_BITS != 0 || !os_is_readable((const void *)(uintptr_t)pc, 1))
		return RULE_NO_CODE;
	return RULE_STRANGE;
}
