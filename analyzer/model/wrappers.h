/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrappers.h - functions that allocate for whoever called them, so that a site is named by the caller that
 * matters.
 *
 * Reports skip such frames from the innermost one outwards, up to the first frame that is none; one that
 * stands further out is shown. The table is in wrappers_table.c, with a reason for each group.
 */
#ifndef MODEL_WRAPPERS_H
#define MODEL_WRAPPERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/symbolize.h"

struct wrappers;

/**
 * wrappers_new() - the table and some patterns of the user's.
 * @extra: patterns of function names (base/pattern.h), which are added; NULL-terminated or NULL. Not kept.
 *
 * Return: 0; -EINVAL for a bad pattern; -ENOMEM.
 */
int wrappers_new(const char *const *extra, struct wrappers **out, struct error *error);

/**
 * wrappers_free() - NULL is allowed.
 */
void wrappers_free(struct wrappers *wrappers);

/**
 * wrappers_match() - whether a frame is one of an allocator wrapper. A frame without a function is none.
 */
bool wrappers_match(const struct wrappers *wrappers, const struct frame *frame);

/**
 * wrappers_is_own() - whether a frame is memtrace's own, from the shim or its second unwinder. Such frames
 * are left out of every report.
 */
bool wrappers_is_own(const struct frame *frame);

/* A row of the table: names with * ? [ are globs. */
struct wrapper_group {
	const char *reason;
	const char *const *functions; /* NULL-terminated */
};

/* Globs of source files whose functions all count as wrappers; NULL-terminated. */
extern const char *const wrapper_files[];
extern const struct wrapper_group wrapper_groups[];
extern const size_t wrapper_group_count;

#endif
