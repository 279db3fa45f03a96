/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_names.c - the cache between the demangler and the frames.
 */
#include "model/symbolize_names.h"

#include <stdlib.h>

#include "model/demangle.h"

static struct function_name name_read(struct name_table *table, const char *linkage_name)
{
	char *text = demangle_name(linkage_name);
	struct function_name name = {
		.linkage_name = intern_text(&table->texts, linkage_name),
		.function = intern_text(&table->texts, text),
	};

	free(text);
	return name;
}

struct function_name name_table_function(struct name_table *table, const char *linkage_name)
{
	struct function_name name = {NULL, NULL};
	struct digest key;
	size_t index;

	if (!linkage_name)
		return name;
	key = digest_text((struct digest){0, 0}, linkage_name);
	index = digest_map_find(&table->map, key);
	if (index != DIGEST_MAP_NONE)
		return table->names[index];
	name = name_read(table, linkage_name);
	if (table->count == table->capacity) {
		size_t capacity = table->capacity ? 2 * table->capacity : 256;
		struct function_name *names = reallocarray(table->names, capacity, sizeof(*names));

		if (!names)
			return name;
		table->names = names;
		table->capacity = capacity;
	}
	table->names[table->count] = name;
	if (digest_map_put(&table->map, key, table->count) == 0)
		table->count++;
	return name;
}

void name_table_fini(struct name_table *table)
{
	intern_fini(&table->texts);
	digest_map_fini(&table->map);
	free(table->names);
	*table = (struct name_table){0};
}
