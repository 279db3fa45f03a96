/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_expression.h - evaluates the DWARF expressions of call frame information.
 *
 * With registers of known value the result is a number. With sp and bp left open it is "sp + number",
 * "bp + number" or the word stored there, if the expression is that simple: so a rule is made of it once.
 */
#ifndef PRELOAD_UNWIND_EXPRESSION_H
#define PRELOAD_UNWIND_EXPRESSION_H

#include <stdbool.h>
#include <stdint.h>

/* Register that a value still has to be added to. */
enum expression_base {
	EXPRESSION_NUMBER,
	EXPRESSION_SP,
	EXPRESSION_BP,
};

struct expression_value {
	uint64_t number;
	uint8_t base;  /* enum expression_base */
	bool is_deref; /* the 8 bytes stored at base + number are meant; only in the result */
};

struct expression_source {
	/* Value of a DWARF register (16 = ip); false = not known. */
	bool (*read_register)(void *context, uint64_t column, struct expression_value *out);
	/* 8 bytes of memory; NULL = none can be read. */
	bool (*read_memory)(void *context, uint64_t address, uint64_t *out);
	void *context;
};

/**
 * expression_evaluate() - run one expression.
 * @initial: pushed first if not NULL.
 *
 * Return: false = malformed, too long, or something in it is not known.
 */
bool expression_evaluate(const struct expression_source *source, const uint8_t *start,
			 const uint8_t *end, const uint64_t *initial, struct expression_value *out);

#endif
