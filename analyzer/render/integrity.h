/* SPDX-License-Identifier: Apache-2.0 */
/*
 * integrity.h - how far the figures of a view can be trusted.
 */
#ifndef RENDER_INTEGRITY_H
#define RENDER_INTEGRITY_H

#include <stdint.h>

#include "render/render.h"

/* A report: sums over its inputs. A diff: the last input. */
struct integrity {
	int64_t event_count; /* allocations and frees recorded */
	int64_t dropped_count;
	int64_t unseen_free_count;
	int64_t foreign_free_count;
	int64_t truncated_stack_count;
	int64_t broken_stack_count; /* outer part could not be found */
	uint64_t approximate_site_count;
	int64_t unbalanced_bytes;   /* inherited + allocated - freed - live; 0 = they agree */
	struct stack_census census; /* of the stacks that were looked at so far */
};

void integrity_of(const struct view *view, struct integrity *integrity);

/**
 * totals_of() - the totals of a report's inputs, or of one input of a diff.
 * @input: index into view->snapshots for a diff; anything for other views.
 */
void totals_of(const struct view *view, size_t input, int64_t totals[MT_TOTAL_COUNT]);

/**
 * total_name() - name of a total as every output has it.
 */
const char *total_name(enum mt_total total);

#endif
