/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_text.c - lines that fit on a terminal.
 */
#include "render/line_text.h"

#include <string.h>

/* Terminals count characters: the bytes behind the first of each are not counted. */
size_t line_columns(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

void line_cut(char *text, size_t columns)
{
	size_t seen = 0;
	char *at = text;

	if (line_columns(text) <= columns)
		return;
	for (; *at; at++) {
		if (((unsigned char)*at & 0xc0) == 0x80)
			continue;
		if (++seen + 2 > columns)
			break;
	}
	if ((size_t)(at - text) + 2 <= strlen(text))
		memcpy(at, "..", 3);
	else
		*at = '\0';
}

void line_put(FILE *out, unsigned int columns, char *text)
{
	if (columns)
		line_cut(text, columns);
	(void)fprintf(out, "%s\n", text);
}
