/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_cfi.h - runs call frame instructions up to an address: how to undo a frame there.
 */
#ifndef PRELOAD_UNWIND_CFI_H
#define PRELOAD_UNWIND_CFI_H

#include <stdbool.h>
#include <stdint.h>

#include "unwind_eh_frame.h"

/* The registers that are followed; the others are lost with the frame. */
enum cfi_column {
	CFI_BX,
	CFI_R12,
	CFI_R13,
	CFI_R14,
	CFI_R15,
	CFI_BP,
	CFI_SP,
	CFI_RA,
	CFI_COLUMN_COUNT,
	CFI_COLUMN_NONE = CFI_COLUMN_COUNT,
};

#define CFI_SAVED_COUNT 5 /* CFI_BX to CFI_R15 */

/* DWARF numbers of the registers. */
enum dwarf_register {
	DWARF_BX = 3,
	DWARF_BP = 6,
	DWARF_SP = 7,
	DWARF_R12 = 12,
	DWARF_R13 = 13,
	DWARF_R14 = 14,
	DWARF_R15 = 15,
	DWARF_RA = 16,
};

/* DWARF number of column CFI_BX to CFI_R15. */
static inline uint64_t cfi_saved_register(unsigned column)
{
	return column == CFI_BX ? DWARF_BX : DWARF_R12 + column - CFI_R12;
}

enum cfi_kind {
	CFI_SAME,	      /* not changed; sp: it is the CFA */
	CFI_UNDEFINED,	      /* lost; return address: there is no caller */
	CFI_OFFSET,	      /* stored at CFA + value */
	CFI_VALUE_OFFSET,     /* is CFA + value */
	CFI_REGISTER,	      /* is in DWARF register value */
	CFI_EXPRESSION,	      /* stored where expression value says */
	CFI_VALUE_EXPRESSION, /* is what expression value says */
};

struct cfi_row {
	int32_t cfa_offset;	/* cfa_register + this */
	uint8_t cfa_register;	/* DWARF number */
	bool is_cfa_expression; /* then cfa_offset names it, for cfi_row_expression() */
	uint8_t kinds[CFI_COLUMN_COUNT];
	int32_t values[CFI_COLUMN_COUNT];
};

/* How far the instructions of one frame have been run. */
struct cfi_place {
	const uint8_t *at; /* the next one; NULL = nothing is known */
	uint64_t pc;	   /* the row holds there */
	uint64_t location; /* and up to this address */
	struct cfi_row row, initial;
};

/* Bytes of one expression. */
struct cfi_expression {
	const uint8_t *start, *end;
};

/**
 * cfi_column_of() - which followed register a DWARF number means; CFI_COLUMN_NONE = none of them.
 */
enum cfi_column cfi_column_of(uint64_t dwarf_register);

/**
 * cfi_row_find() - the row for an address.
 * @frame: covers pc.
 *
 * Return: false = the instructions are malformed, or of another machine.
 */
bool cfi_row_find(const struct eh_frame *frame, uint64_t pc, struct cfi_row *row);

/**
 * cfi_place_move() - cfi_row_find() for several addresses of one frame: from one to a higher one only what lies
 * between them is run.
 * @place: all zeros, or as the last call for that frame has left it. Its row is the result.
 */
bool cfi_place_move(const struct eh_frame *frame, uint64_t pc, struct cfi_place *place);

/**
 * cfi_row_expression() - an expression named in a row of that frame.
 */
struct cfi_expression cfi_row_expression(const struct eh_frame *frame, int64_t value);

#endif
