/* SPDX-License-Identifier: Apache-2.0 */
/*
 * demangle.h - linkage names of C++, Rust and D as people write them.
 */
#ifndef MODEL_DEMANGLE_H
#define MODEL_DEMANGLE_H

#include <stdbool.h>

/**
 * demangle_name() - the readable name of a function.
 * @linkage_name: as in the symbol table or the debug information. A version behind "@" and the suffixes that
 *                compilers give to split and cloned functions (.cold, .part.0, .constprop.1 ...) are left out,
 *                so that one function has one name wherever the name comes from.
 *
 * Names of other languages are returned as they are, without such suffixes.
 *
 * Return: to be freed by the caller; NULL when there is no memory.
 */
char *demangle_name(const char *linkage_name);

/**
 * demangle_is_mangled() - whether a name carries its scope and types: C++, Rust or D.
 */
bool demangle_is_mangled(const char *linkage_name);

#endif
