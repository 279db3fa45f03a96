/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.h - which frames and threads a report is about.
 *
 * Patterns of one kind widen the choice, kinds narrow it: (function a or b) and (module c). What an
 * exclusion fits is out whatever else fits.
 */
#ifndef MODEL_FILTER_H
#define MODEL_FILTER_H

#include <stdbool.h>

#include "base/error.h"
#include "model/stack.h"

enum filter_kind {
	FILTER_FUNCTION, /* as demangled, without its parameters, or as in the object file */
	FILTER_FILE,	 /* the path, or its end behind a slash */
	FILTER_MODULE,	 /* the path, or its end behind a slash */
	FILTER_THREAD,	 /* kind of thread */
	FILTER_KIND_COUNT,
};

struct filter;

int filter_new(struct filter **out);
void filter_free(struct filter *filter);

/**
 * filter_include() - let pass only what fits.
 * @text: see pattern.h; not kept.
 *
 * Return: 0; -EINVAL; -ENOMEM.
 */
int filter_include(struct filter *filter, enum filter_kind kind, const char *text,
		   struct error *error);

/**
 * filter_exclude() - keep out what fits.
 * @text: function=PATTERN, file=PATTERN, module=PATTERN, thread=PATTERN, or a pattern that
 *        function, file and module are compared with.
 */
int filter_exclude(struct filter *filter, const char *text, struct error *error);

/**
 * filter_passes() - whether a frame on some kind of thread passes. A filter that is NULL passes
 * all.
 */
bool filter_passes(const struct filter *filter, const struct frame *frame, const char *thread);

/**
 * filter_passes_stack() - whether some frame of a stack fits and none is excluded.
 */
bool filter_passes_stack(const struct filter *filter, const struct stack *stack);

/**
 * filter_is_empty() - whether all passes.
 */
bool filter_is_empty(const struct filter *filter);

#endif
