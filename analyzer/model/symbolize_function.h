/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_function.h - functions of one compilation unit and the calls inlined into them. Private to
 * symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_FUNCTION_H
#define MODEL_SYMBOLIZE_FUNCTION_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/range_index.h"
#include "model/symbolize_die.h"

#define SCOPE_NONE UINT32_MAX

/* A call that was inlined. Texts belong to the debug information. */
struct scope {
	struct die_name name; /* of what was called */
	const char *call_file;
	uint32_t call_line;
	uint32_t parent; /* scope it was inlined into; SCOPE_NONE: the function itself */
	uint32_t depth;
};

/* Part of the code of a scope. */
struct scope_range {
	uint64_t low, high;
	uint32_t scope;
};

struct function {
	Dwarf_Die die;
	struct die_name name;
	struct scope *scopes;
	size_t scope_count, scope_capacity;
	struct scope_range *ranges;
	size_t range_count, range_capacity;
	bool is_read; /* names and scopes are there */
};

/* All zero is an empty list. */
struct function_list {
	struct function *functions;
	size_t count, capacity;
	struct range_index ranges; /* of code -> index into functions */
};

/**
 * function_list_read() - collect the functions of a unit that have code.
 * @unit: its root.
 * @is_thorough: look everywhere, also into functions and, for C and C++, into types. Otherwise only where
 *               compilers of these languages put functions, which is many times faster.
 *
 * Return: 0 or -ENOMEM.
 */
int function_list_read(struct function_list *list, Dwarf_Die *unit, bool is_thorough);
void function_list_fini(struct function_list *list);

/**
 * function_list_find() - the function that an address belongs to, with its inlined calls; NULL if none.
 * @low: set to the start of the function's range that the address lies in.
 */
struct function *function_list_find(struct function_list *list, struct die_namer *namer,
				    Dwarf_Die *unit, uint64_t address, uint64_t *low);

/**
 * function_scope_at() - the innermost inlined call that an address belongs to, or SCOPE_NONE.
 */
uint32_t function_scope_at(const struct function *function, uint64_t address);

#endif
