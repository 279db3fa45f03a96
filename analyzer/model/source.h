/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.h - the text of a line of source, where the source is found on this machine.
 */
#ifndef MODEL_SOURCE_H
#define MODEL_SOURCE_H

#include <stdint.h>

#include "base/error.h"

struct source;

/**
 * source_new() - get ready to read lines.
 * @sysroot: looked below first; NULL = none. Not kept.
 *
 * Return: 0 or -ENOMEM.
 */
int source_new(const char *sysroot, struct source **out, struct error *error);

/**
 * source_free() - NULL is allowed.
 */
void source_free(struct source *source);

/**
 * source_line() - one line, without the white space around it; control characters are spaces.
 * @file: as struct frame has it; one without a leading slash is relative to the working directory. NULL is
 *        allowed.
 * @line: from 1.
 *
 * Each file is read once.
 *
 * Return: owned by @source; NULL if there is no such line, or nothing but white space.
 */
const char *source_line(struct source *source, const char *file, uint32_t line);

#endif
