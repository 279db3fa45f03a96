/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intern.h - one copy of each text, so that equal texts are equal pointers.
 */
#ifndef BASE_INTERN_H
#define BASE_INTERN_H

#include "base/arena.h"
#include "base/digest_map.h"

/* All zero is an empty table. */
struct intern {
	struct arena arena;
	struct digest_map map;
	const char **texts;
	size_t text_count, text_capacity;
};

/**
 * intern_text() - the copy of a text that lives as long as the table.
 * @text: NULL gives NULL.
 *
 * Return: NULL when there is no memory.
 */
const char *intern_text(struct intern *intern, const char *text);

void intern_fini(struct intern *intern);

#endif
