/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_row.h - one row of the report for people.
 */
#ifndef RENDER_TEXT_ROW_H
#define RENDER_TEXT_ROW_H

#include "render/render.h"

/**
 * text_row_is_shown() - whether there is anything to say of a row: in a diff, that it changed.
 */
bool text_row_is_shown(const struct view *view, const struct row *row);

/**
 * text_row() - its place and figures on one line, and its largest stack below; nothing of a row that
 * is not shown.
 *
 * Return: 0 or -ENOMEM.
 */
int text_row(struct rendering *rendering, const struct row *row);

#endif
