/* SPDX-License-Identifier: Apache-2.0 */
/*
 * line_text.h - lines that fit on a terminal.
 */
#ifndef RENDER_LINE_TEXT_H
#define RENDER_LINE_TEXT_H

#include <stddef.h>
#include <stdio.h>

/**
 * line_columns() - columns that a text takes: its characters, not its bytes.
 */
size_t line_columns(const char *text);

/**
 * line_cut() - shorten a text to a number of columns; ".." says that something is missing.
 */
void line_cut(char *text, size_t columns);

/**
 * line_put() - a text and a newline.
 * @columns: where to cut it; 0 = nowhere.
 */
void line_put(FILE *out, unsigned int columns, char *text);

#endif
