/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suppressions.h - stacks that a user does not want to hear of, in the file format of
 * LeakSanitizer.
 *
 *   # comment
 *   leak:PATTERN
 *
 * A pattern fits a stack if it is found in the function, file or module of one of its frames; *
 * stands for any text, ^ in front and $ at the end tie it to that end.
 */
#ifndef MODEL_SUPPRESSIONS_H
#define MODEL_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/snapshot.h"
#include "model/stack.h"

struct pattern;

struct suppression {
	char *text; /* as in the file, without "leak:" */
	struct pattern *pattern;
	int64_t live_bytes; /* what it has taken out so far */
	int64_t live_blocks;
	int64_t site_count;
};

/* All zero is an empty list. */
struct suppressions {
	struct suppression *list;
	size_t count;
};

/**
 * suppressions_load() - add the lines of a file.
 *
 * Return: 0; -EINVAL a line is not understood, @error names it; another negative errno from the
 * system.
 */
int suppressions_load(struct suppressions *suppressions, const char *path, struct error *error);

/**
 * suppressions_parse() - add the lines of a text.
 * @name: what messages call it.
 */
int suppressions_parse(struct suppressions *suppressions, const char *name, const char *text,
		       struct error *error);

void suppressions_fini(struct suppressions *suppressions);

/**
 * suppressions_match() - the first suppression that fits a stack; NULL if none does.
 */
struct suppression *suppressions_match(const struct suppressions *suppressions,
				       const struct stack *stack);

/**
 * suppressions_count() - book a site with whatever takes it out.
 *
 * Return: whether it is taken out.
 */
bool suppressions_count(struct suppressions *suppressions, const struct stack *stack,
			const struct counters *counters);

#endif
