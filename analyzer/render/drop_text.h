/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drop_text.h - what could not be recorded, each kind with its name and its meaning for the figures.
 */
#ifndef RENDER_DROP_TEXT_H
#define RENDER_DROP_TEXT_H

#include <stddef.h>

#include "memtrace/format.h"

struct drop_text {
	enum mt_drop drop;
	const char *name;    /* in JSON and text */
	const char *meaning; /* one line */
};

extern const struct drop_text drop_text_table[];
extern const size_t drop_text_count;

#endif
