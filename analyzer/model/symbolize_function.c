/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_function.c - flattens the tree of debug information entries into arrays of functions and of
 * inlined calls, once, so that an address costs a search among numbers.
 */
#include "model/symbolize_function.h"

#include <dwarf.h>
#include <errno.h>
#include <stdlib.h>

/* Makes room for one more element behind count of them. */
#define ARRAY_RESERVE(array, count, capacity)                                                      \
	((count) < (capacity) ? 0 : array_grow((void **)&(array), &(capacity), sizeof(*(array))))

static int array_grow(void **array, size_t *capacity, size_t element_bytes)
{
	size_t larger = *capacity ? 2 * *capacity : 8;
	void *grown = reallocarray(*array, larger, element_bytes);

	if (!grown)
		return -ENOMEM;
	*array = grown;
	*capacity = larger;
	return 0;
}

/* Linkers move the ranges of code that they discard to 0 or to the end of the address space. */
static bool range_is_there(uint64_t low, uint64_t high)
{
	return low != 0 && low < high && high < UINT64_MAX - 1;
}

static int function_list_add(struct function_list *list, Dwarf_Die *die)
{
	Dwarf_Addr base = 0, low, high;
	bool has_code = false;
	int status;

	status = ARRAY_RESERVE(list->functions, list->count, list->capacity);
	for (ptrdiff_t at = 0;
	     status == 0 && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0;) {
		if (!range_is_there(low, high))
			continue;
		status = range_index_add(&list->ranges, low, high, list->count);
		has_code = true;
	}
	if (status == 0 && has_code)
		list->functions[list->count++] = (struct function){.die = *die};
	return status;
}

static bool language_keeps_functions_out_of_types(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_C_plus_plus:
	case DW_LANG_C_plus_plus_03:
	case DW_LANG_C_plus_plus_11:
	case DW_LANG_C_plus_plus_14:
		return true;
	default:
		return false;
	}
}

/* What to look into for functions. */
struct function_walk {
	struct function_list *list;
	bool into_types, into_functions;
};

static bool walk_enters(const struct function_walk *walk, int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
		return true;
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_interface_type:
		return walk->into_types;
	case DW_TAG_subprogram:
	case DW_TAG_inlined_subroutine:
	case DW_TAG_lexical_block:
		return walk->into_functions;
	default:
		return false;
	}
}

static int walk_children(const struct function_walk *walk, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	int status = 0;

	if (depth > TREE_DEPTH_MAX || dwarf_child(parent, &die) != 0)
		return 0;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_subprogram)
			status = function_list_add(walk->list, &die);
		if (status == 0 && walk_enters(walk, tag))
			status = walk_children(walk, &die, depth + 1);
	} while (status == 0 && die_next(&die));
	return status;
}

int function_list_read(struct function_list *list, Dwarf_Die *unit, bool is_thorough)
{
	struct function_walk walk = {
		.list = list,
		.into_types = is_thorough || !language_keeps_functions_out_of_types(unit),
		.into_functions = is_thorough,
	};
	int status = walk_children(&walk, unit, 0);

	range_index_sort(&list->ranges);
	return status;
}

static void function_fini(struct function *function)
{
	free(function->scopes);
	free(function->ranges);
}

void function_list_fini(struct function_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		function_fini(&list->functions[i]);
	free(list->functions);
	range_index_fini(&list->ranges);
	*list = (struct function_list){0};
}

static int scope_add_ranges(struct function *function, Dwarf_Die *die, uint32_t scope)
{
	Dwarf_Addr base = 0, low, high;
	int status = 0;

	for (ptrdiff_t at = 0;
	     status == 0 && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0;) {
		if (!range_is_there(low, high))
			continue;
		status = ARRAY_RESERVE(function->ranges, function->range_count,
				       function->range_capacity);
		if (status == 0)
			function->ranges[function->range_count++] =
				(struct scope_range){low, high, scope};
	}
	return status;
}

/* What reading the inlined calls of a function needs. */
struct scope_walk {
	struct function *function;
	Dwarf_Die *unit;
	Dwarf_Files *files; /* NULL = unknown */
	struct die_namer *namer;
};

static int scope_add(const struct scope_walk *walk, Dwarf_Die *die, uint32_t parent)
{
	struct function *function = walk->function;
	struct scope *scope;

	if (ARRAY_RESERVE(function->scopes, function->scope_count, function->scope_capacity) != 0)
		return -ENOMEM;
	scope = &function->scopes[function->scope_count];
	*scope = (struct scope){.parent = parent, .depth = 1};
	if (parent != SCOPE_NONE)
		scope->depth = function->scopes[parent].depth + 1;
	scope->name = die_name(walk->namer, walk->unit, die);
	if (walk->files && dwarf_hasattr(die, DW_AT_call_file))
		scope->call_file =
			dwarf_filesrc(walk->files, die_number(die, DW_AT_call_file), NULL, NULL);
	scope->call_line = (uint32_t)die_number(die, DW_AT_call_line);
	return scope_add_ranges(function, die, (uint32_t)function->scope_count++);
}

static int scopes_read(const struct scope_walk *walk, Dwarf_Die *parent_die, uint32_t parent,
		       int depth)
{
	Dwarf_Die die;
	int status = 0;

	if (depth > TREE_DEPTH_MAX || dwarf_child(parent_die, &die) != 0)
		return 0;
	do {
		uint32_t scope = parent;

		switch (dwarf_tag(&die)) {
		case DW_TAG_inlined_subroutine:
			scope = (uint32_t)walk->function->scope_count;
			status = scope_add(walk, &die, parent);
			break;
		case DW_TAG_lexical_block:
		case DW_TAG_try_block:
		case DW_TAG_catch_block:
		case DW_TAG_with_stmt:
			break;
		default:
			continue;
		}
		if (status == 0)
			status = scopes_read(walk, &die, scope, depth + 1);
	} while (status == 0 && die_next(&die));
	return status;
}

static void function_read(struct function *function, struct die_namer *namer, Dwarf_Die *unit)
{
	struct scope_walk walk = {function, unit, NULL, namer};
	size_t file_count = 0;

	function->is_read = true;
	function->name = die_name(namer, unit, &function->die);
	if (dwarf_getsrcfiles(unit, &walk.files, &file_count) != 0)
		walk.files = NULL;
	(void)scopes_read(&walk, &function->die, SCOPE_NONE, 0);
}

struct function *function_list_find(struct function_list *list, struct die_namer *namer,
				    Dwarf_Die *unit, uint64_t address, uint64_t *low)
{
	const struct range *range = range_index_find_range(&list->ranges, address);
	struct function *function;

	if (!range)
		return NULL;
	function = &list->functions[range->value];
	if (!function->is_read)
		function_read(function, namer, unit);
	*low = range->low;
	return function;
}

uint32_t function_scope_at(const struct function *function, uint64_t address)
{
	uint32_t best = SCOPE_NONE;

	for (size_t i = 0; i < function->range_count; i++) {
		const struct scope_range *range = &function->ranges[i];

		if (address < range->low || address >= range->high)
			continue;
		if (best == SCOPE_NONE ||
		    function->scopes[range->scope].depth > function->scopes[best].depth)
			best = range->scope;
	}
	return best;
}
