/* SPDX-License-Identifier: Apache-2.0 */
/*
 * table.c - lines of aligned columns.
 */
#include "render/table.h"

#include <errno.h>
#include <libsmartcols/libsmartcols.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct table {
	struct libscols_table *lines;
	struct libscols_line *row;
	size_t cell_count; /* of the row so far */
	bool is_broken;	   /* something found no memory */
};

struct table *table_new(void)
{
	struct table *table = calloc(1, sizeof(*table));

	if (table == NULL)
		return NULL;
	scols_init_debug(0);
	table->lines = scols_new_table();
	if (table->lines == NULL) {
		free(table);
		return NULL;
	}
	/* a path that does not fit is wrapped by the terminal, never cut */
	(void)scols_table_enable_maxout(table->lines, 0);
	(void)scols_table_set_termforce(table->lines, SCOLS_TERMFORCE_NEVER);
	return table;
}

void table_free(struct table *table)
{
	if (table == NULL)
		return;
	scols_unref_table(table->lines);
	free(table);
}

void table_column(struct table *table, const char *heading, enum table_align align)
{
	if (table == NULL)
		return;
	if (scols_table_new_column(table->lines, heading, 0,
				   align == TABLE_RIGHT ? SCOLS_FL_RIGHT : 0) == NULL)
		table->is_broken = true;
}

void table_row(struct table *table)
{
	if (table == NULL)
		return;
	table->row = scols_table_new_line(table->lines, NULL);
	table->cell_count = 0;
	table->is_broken |= table->row == NULL;
}

void table_cell(struct table *table, const char *text)
{
	if (table == NULL || table->row == NULL)
		return;
	if (scols_line_set_data(table->row, table->cell_count++, text) != 0)
		table->is_broken = true;
}

int table_print(struct table *table, const char *indent, FILE *out)
{
	char *text = NULL;
	int ret = 0;

	if (table == NULL || table->is_broken)
		return -ENOMEM;
	if (scols_table_get_nlines(table->lines) == 0)
		return 0;
	if (scols_print_table_to_string(table->lines, &text) != 0 || text == NULL)
		return -ENOMEM;
	for (char *line = text, *end; *line != '\0'; line = end) {
		size_t bytes = strcspn(line, "\n");

		end = line + bytes + (line[bytes] == '\n');
		while (bytes > 0 && line[bytes - 1] == ' ')
			bytes--;
		(void)fprintf(out, "%s%.*s\n", indent, (int)bytes, line);
	}
	free(text);
	return ret;
}
