/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.h - lines of aligned columns.
 */
#ifndef RENDER_TABLE_H
#define RENDER_TABLE_H

#include <stdio.h>

struct table;

enum table_align {
	TABLE_LEFT,
	TABLE_RIGHT, /* numbers */
};

/**
 * table_new() - an empty table. All functions below take NULL and do nothing: out of memory shows once, in
 * table_print().
 */
struct table *table_new(void);
void table_free(struct table *table);

/* Before the first row. */
void table_column(struct table *table, const char *heading, enum table_align align);

void table_row(struct table *table);

/* The next cell of the row; copied. Control characters are shown as escapes. */
void table_cell(struct table *table, const char *text);

/**
 * table_print() - all of it; headings only if it has rows.
 * @indent: in front of each line.
 *
 * Return: 0 or -ENOMEM.
 */
int table_print(struct table *table, const char *indent, FILE *out);

#endif
