/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place_text.h - how a frame and a row are called in text.
 *
 * Names come from files of strangers: control characters are written as '?'.
 */
#ifndef RENDER_PLACE_TEXT_H
#define RENDER_PLACE_TEXT_H

#include <stdio.h>

#include "render/render.h"

/**
 * place_put() - a text with nothing in it that a terminal would obey.
 */
void place_put(FILE *out, const char *text);

/**
 * place_put_row() - "file.c:123 function", "file.c function", "libfoo.so+0x1234", by what rows are
 * grouped.
 * @frame: what the row is named after.
 */
void place_put_row(FILE *out, const struct view *view, const struct row *row,
		   const struct frame *frame);

/**
 * place_put_frame() - "function at file.c:123", with "(inlined)".
 */
void place_put_frame(FILE *out, const struct row *row, const struct frame *frame);

#endif
