/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_die.c - remembers for each unit which function lies in which namespace, type or function.
 */
#define _GNU_SOURCE 1
#include "model/symbolize_die.h"

#include <dwarf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#define ORIGIN_MAX 16
#define OUTERMOST SIZE_MAX

/* An entry that names something, in the order of the file. */
struct die_scope {
	Dwarf_Off offset;
	const char *name;
	size_t parent; /* index into scopes; OUTERMOST: the unit itself */
};

struct die_unit {
	struct die_scope *scopes;
	size_t count, capacity;
};

static const char *die_text(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute value;

	return dwarf_formstring(dwarf_attr_integrate(die, attribute, &value));
}

bool die_next(Dwarf_Die *die)
{
	Dwarf_Die next;

	if (dwarf_siblingof(die, &next) != 0 || dwarf_dieoffset(&next) <= dwarf_dieoffset(die))
		return false;
	*die = next;
	return true;
}

uint64_t die_number(Dwarf_Die *die, unsigned int attribute)
{
	Dwarf_Attribute value;
	Dwarf_Word number = 0;

	if (dwarf_formudata(dwarf_attr(die, attribute, &value), &number) != 0)
		return 0;
	return number;
}

static bool language_has_scopes(Dwarf_Die *unit)
{
	switch (dwarf_srclang(unit)) {
	case DW_LANG_C:
	case DW_LANG_C89:
	case DW_LANG_C99:
	case DW_LANG_C11:
	case DW_LANG_Mips_Assembler:
		return false;
	default:
		return true;
	}
}

static bool tag_is_scope(int tag)
{
	switch (tag) {
	case DW_TAG_namespace:
	case DW_TAG_module:
	case DW_TAG_class_type:
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
	case DW_TAG_interface_type:
	case DW_TAG_subprogram:
		return true;
	default:
		return false;
	}
}

static int die_unit_add(struct die_unit *unit, Dwarf_Die *die, int tag, size_t parent)
{
	const char *name = dwarf_diename(die);

	if (unit->count == unit->capacity) {
		size_t capacity = unit->capacity ? 2 * unit->capacity : 64;
		struct die_scope *scopes = reallocarray(unit->scopes, capacity, sizeof(*scopes));

		if (!scopes)
			return -ENOMEM;
		unit->scopes = scopes;
		unit->capacity = capacity;
	}
	if (!name && tag == DW_TAG_namespace)
		name = "(anonymous namespace)";
	unit->scopes[unit->count++] = (struct die_scope){dwarf_dieoffset(die), name, parent};
	return 0;
}

static int die_unit_walk(struct die_unit *unit, Dwarf_Die *parent_die, size_t parent, int depth)
{
	Dwarf_Die die;
	int status = 0;

	if (depth > TREE_DEPTH_MAX || dwarf_child(parent_die, &die) != 0)
		return 0;
	do {
		int tag = dwarf_tag(&die);
		size_t scope = parent;

		if (tag_is_scope(tag)) {
			scope = unit->count;
			status = die_unit_add(unit, &die, tag, parent);
		} else if (tag != DW_TAG_lexical_block) {
			continue;
		}
		if (status == 0)
			status = die_unit_walk(unit, &die, scope, depth + 1);
	} while (status == 0 && die_next(&die));
	return status;
}

/* The scopes of the unit that an entry belongs to; NULL when there is no memory. */
static const struct die_unit *namer_unit(struct die_namer *namer, Dwarf_Die *die)
{
	struct digest key = digest_word((struct digest){0, 0}, (uintptr_t)die->cu);
	size_t index = digest_map_find(&namer->map, key);
	Dwarf_Die root;

	if (index != DIGEST_MAP_NONE)
		return &namer->units[index];
	if (!dwarf_diecu(die, &root, NULL, NULL))
		return NULL;
	if (namer->count == namer->capacity) {
		size_t capacity = namer->capacity ? 2 * namer->capacity : 16;
		struct die_unit *units = reallocarray(namer->units, capacity, sizeof(*units));

		if (!units)
			return NULL;
		namer->units = units;
		namer->capacity = capacity;
	}
	if (digest_map_put(&namer->map, key, namer->count) != 0)
		return NULL;
	namer->units[namer->count] = (struct die_unit){0};
	(void)die_unit_walk(&namer->units[namer->count], &root, OUTERMOST, 0);
	return &namer->units[namer->count++];
}

static size_t die_unit_find(const struct die_unit *unit, Dwarf_Off offset)
{
	size_t first = 0, end = unit->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (unit->scopes[middle].offset < offset)
			first = middle + 1;
		else
			end = middle;
	}
	return first < unit->count && unit->scopes[first].offset == offset ? first : OUTERMOST;
}

/* From code or an inlined call to the declaration that stands in its namespace or type. */
static Dwarf_Die die_declaration(const Dwarf_Die *die)
{
	static const unsigned int origins[] = {DW_AT_abstract_origin, DW_AT_specification};
	Dwarf_Die found = *die, next;
	Dwarf_Attribute value;

	for (size_t hop = 0; hop < ORIGIN_MAX; hop++) {
		bool has_origin = false;

		for (size_t i = 0; i < 2 && !has_origin; i++)
			has_origin = dwarf_formref_die(dwarf_attr(&found, origins[i], &value),
						       &next) != NULL;
		if (!has_origin)
			break;
		found = next;
	}
	return found;
}

/* Puts the names of the scopes around an entry in front of its own. */
static const char *die_qualified_name(struct die_namer *namer, Dwarf_Die *die, const char *name,
				      const char *separator)
{
	Dwarf_Die declaration = die_declaration(die);
	const struct die_unit *unit = namer_unit(namer, &declaration);
	size_t scope = unit ? die_unit_find(unit, dwarf_dieoffset(&declaration)) : OUTERMOST;
	const char *kept = name;

	while (scope != OUTERMOST && (scope = unit->scopes[scope].parent) != OUTERMOST) {
		char *longer = NULL;

		if (!unit->scopes[scope].name)
			continue;
		if (asprintf(&longer, "%s%s%s", unit->scopes[scope].name, separator, kept) < 0)
			return name;
		kept = intern_text(&namer->texts, longer);
		free(longer);
		if (!kept)
			return name;
	}
	return kept;
}

struct die_name die_name(struct die_namer *namer, Dwarf_Die *unit, Dwarf_Die *die)
{
	struct die_name names = {die_text(die, DW_AT_linkage_name), die_text(die, DW_AT_name)};

	if (!names.linkage_name)
		names.linkage_name = die_text(die, DW_AT_MIPS_linkage_name);
	if (!names.linkage_name && names.name && language_has_scopes(unit))
		names.name = die_qualified_name(namer, die, names.name,
						dwarf_srclang(unit) == DW_LANG_D ? "." : "::");
	return names;
}

void die_namer_fini(struct die_namer *namer)
{
	for (size_t i = 0; i < namer->count; i++)
		free(namer->units[i].scopes);
	free(namer->units);
	digest_map_fini(&namer->map);
	intern_fini(&namer->texts);
}
