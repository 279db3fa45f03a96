/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - the rows of a report or a diff, and what can be said of all of them.
 */
#ifndef MODEL_ROW_H
#define MODEL_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "model/field.h"
#include "model/group.h"
#include "model/snapshot.h"
#include "model/symbolize.h"

/* What became of a row's live blocks and bytes between the first and the last input of a diff. */
enum change {
	CHANGE_SAME,
	CHANGE_NEW, /* nothing of it was live before */
	CHANGE_GROWN,
	CHANGE_SHRUNK,
	CHANGE_GONE, /* nothing of it is live any more */
};

struct row {
	struct digest key;
	struct figures figures;		 /* in a diff: of the last input */
	const struct snapshot *snapshot; /* where its largest stack is found */
	uint32_t node;			 /* innermost node of that stack; 0 = stack is empty */
	const struct frame *frame; /* what the row is named after; NULL: the first of that stack */
	bool is_approximate;	   /* a site of it changed under each try to read it */
	bool is_peak_bound;	/* peak_live_bytes is not exact: several sites, several threads */
	struct figures *series; /* diff: one per input; NULL in a report */
	enum change change;	/* diff */
	uint32_t grown_count;	/* diff: intervals in which live bytes grew */
	uint32_t shrunk_count;	/* diff: intervals in which they shrank */
	size_t last_site;	/* aggregate(): the site that was last added */
	int64_t stack_live_bytes,
		stack_alloc_bytes; /* aggregate(): size of the largest stack so far */
};

struct row_set {
	enum group_by by;
	bool is_cumulative;
	bool is_filtered; /* some sites or rows were left out */
	struct row *rows;
	size_t count;
	struct figures
		total; /* every site that passed the filter, once; in a diff: of the last input */
	struct figures *series; /* diff: totals per input; NULL in a report */
	size_t input_count;	/* of a diff; 1 for a report */
};

void row_set_free(struct row_set *set);

/**
 * row_set_sort() - most important first: by size of the change in a diff, by value in a report.
 *
 * Of equal changes the growing one comes first, then the larger one. The order is the same in every run.
 */
void row_set_sort(struct row_set *set, const struct field *field);

/**
 * row_set_drop_small() - leave out rows that had less live bytes in every input.
 */
void row_set_drop_small(struct row_set *set, uint64_t min_live_bytes);

/**
 * change_name() - "same", "new", "grown", "shrunk" or "gone".
 */
const char *change_name(enum change change);

/* How few rows make up most of a column, of its growth or of its decrease. */
struct concentration {
	size_t row_count;
	unsigned int percent; /* 0-100 of the sum over all rows of the same sign */
};

/**
 * row_set_concentration() - the fewest rows that make up four fifths; never more than ten.
 * @is_decrease: diff: look at rows that became less.
 *
 * The set must be sorted by this field. row_count is 0 where there is nothing to share.
 */
struct concentration row_set_concentration(const struct row_set *set, const struct field *field,
					   bool is_decrease);

#endif
