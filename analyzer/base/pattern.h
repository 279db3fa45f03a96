/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern.h - a glob or a regular expression, compiled once, as filters and suppressions take it.
 *
 *   re:TEXT, /TEXT/   extended regular expression, found anywhere
 *   anything else     glob over the whole text: * any run (also of slashes), ? one character, [a-z] [!a-z] one of a
 *                     set, \ takes the next character as it is. "[" that begins no set stands for itself, as
 *                     in "operator new[](unsigned long)"
 *
 * A text that is spelled like the pattern always matches a glob.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>

#include "base/error.h"

struct pattern;

/**
 * pattern_compile() - read a pattern.
 * @text: not kept.
 * @out: set on success; free with pattern_free().
 *
 * Return: 0; -EINVAL for a regular expression that is not one, @error says why; -ENOMEM.
 */
int pattern_compile(const char *text, struct pattern **out, struct error *error);

/**
 * pattern_compile_within() - read a pattern of a suppression file.
 * @text: found anywhere; only * is special, and ^ in front and $ at the end tie it to that end.
 *
 * Return: as pattern_compile().
 */
int pattern_compile_within(const char *text, struct pattern **out, struct error *error);

/**
 * pattern_match() - whether a text fits. NULL fits nothing.
 *
 * Context: any thread.
 */
bool pattern_match(const struct pattern *pattern, const char *text);

/**
 * pattern_free() - release a pattern; NULL is allowed.
 */
void pattern_free(struct pattern *pattern);

#endif
