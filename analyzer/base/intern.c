/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intern.c - texts by their digest.
 */
#include "base/intern.h"

#include <stdlib.h>
#include <string.h>

static const char *intern_add(struct intern *intern, const char *text, struct digest key)
{
	size_t bytes = strlen(text) + 1;
	char *copy;

	if (intern->text_count == intern->text_capacity) {
		size_t capacity = intern->text_capacity ? 2 * intern->text_capacity : 256;
		const char **texts = reallocarray(intern->texts, capacity, sizeof(*texts));

		if (!texts)
			return NULL;
		intern->texts = texts;
		intern->text_capacity = capacity;
	}
	copy = arena_alloc(&intern->arena, bytes);
	if (!copy || digest_map_put(&intern->map, key, intern->text_count) != 0)
		return NULL;
	memcpy(copy, text, bytes);
	intern->texts[intern->text_count++] = copy;
	return copy;
}

const char *intern_text(struct intern *intern, const char *text)
{
	struct digest key;
	size_t index;

	if (!text)
		return NULL;
	key = digest_text((struct digest){0, 0}, text);
	index = digest_map_find(&intern->map, key);
	return index == DIGEST_MAP_NONE ? intern_add(intern, text, key) : intern->texts[index];
}

void intern_fini(struct intern *intern)
{
	arena_fini(&intern->arena);
	digest_map_fini(&intern->map);
	free(intern->texts);
	*intern = (struct intern){0};
}
