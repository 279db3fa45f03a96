/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_die.h - names of debug information entries. Private to symbolize*.c.
 *
 * C++ functions in anonymous namespaces, of local classes and of lambdas may have no linkage name. Theirs
 * is put together from the entries around them, for which a unit is walked once.
 */
#ifndef MODEL_SYMBOLIZE_DIE_H
#define MODEL_SYMBOLIZE_DIE_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/intern.h"

/* Deeper trees are damaged, or not worth it. */
#define TREE_DEPTH_MAX 512

struct die_unit;

/* Scopes of the units that were asked for. All zero is an empty one. */
struct die_namer {
	struct die_unit *units;
	size_t count, capacity;
	struct digest_map map; /* address of the library's unit -> index into units */
	struct intern texts;
};

/* Both NULL where nothing is known. */
struct die_name {
	const char *linkage_name; /* NULL = none is recorded */
	const char *name;	  /* with its scopes, where there is no linkage name */
};

/**
 * die_name() - names of a function, in line or out of line.
 * @unit: root of the unit that @die belongs to.
 *
 * Return: texts that live as long as the namer and the debug information.
 */
struct die_name die_name(struct die_namer *namer, Dwarf_Die *unit, Dwarf_Die *die);

void die_namer_fini(struct die_namer *namer);

/**
 * die_next() - go to the next entry of the same level.
 *
 * Return: whether there is one; a link backwards, which would never end, is none.
 */
bool die_next(Dwarf_Die *die);

/**
 * die_number() - an attribute that is a number; 0 if it is not there.
 */
uint64_t die_number(Dwarf_Die *die, unsigned int attribute);

#endif
