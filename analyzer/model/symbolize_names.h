/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_names.h - one copy of each text of a frame, and each linkage name demangled once. Private to
 * symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_NAMES_H
#define MODEL_SYMBOLIZE_NAMES_H

#include <stddef.h>

#include "base/intern.h"

/* Both interned; NULL when there is no memory. */
struct function_name {
	const char *linkage_name, *function;
};

/* All zero is an empty table. */
struct name_table {
	struct intern texts;
	struct digest_map map; /* linkage name -> index into names */
	struct function_name *names;
	size_t count, capacity;
};

/**
 * name_table_function() - the readable name of a function; NULL gives NULL.
 */
struct function_name name_table_function(struct name_table *table, const char *linkage_name);

void name_table_fini(struct name_table *table);

#endif
