/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drop_text.h - what could not be recorded, each kind with its name and its meaning for the figures: the same
 * words wherever they are said.
 */
#ifndef MEMTRACE_MODEL_DROP_TEXT_H
#define MEMTRACE_MODEL_DROP_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/format.h"

struct drop_text {
	const char *name;    /* in JSON and text */
	const char *meaning; /* one line, behind a number */
	const char *advice;  /* what to do about it, or NULL */
};

extern const struct drop_text drop_texts[MT_DROP_COUNT];

/** drop_is_told() - whether it is worth a line when nobody asked: figures are wrong, or something asked for is missing. */
bool drop_is_told(uint32_t drop);

#endif
