/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.h - the rows of a report or a diff, and what can be said of all of them.
 */
#ifndef MODEL_ROW_H
#define MODEL_ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
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

/* A stack of a row: where it is found and the innermost node, 0 = an empty stack. */
struct row_stack {
	const struct snapshot *snapshot;
	/*
	 * What the row is named after, and where it stands in that stack; NULL: the innermost
	 * frame.
	 */
	const struct frame *frame;
	uint32_t frame_index;
	uint32_t node;
	/* By which it is compared with others. */
	int64_t weight, live_bytes, alloc_bytes;
};

/* There may be millions: what only some rows have lies elsewhere. */
struct row {
	struct digest key;
	/* In a diff: of the last input. */
	struct figures figures;
	/* Its largest stack by the aggregation's column, as in struct row_stack. */
	const struct snapshot *snapshot;
	const struct frame *frame;
	uint32_t frame_index;
	uint32_t node;
	int64_t weight, live_bytes, alloc_bytes;
	/* Until the rows of a diff are joined: its stack of least weight, see row_set_least(). */
	uint32_t least;
	/* A site of it changed under each try to read it. */
	bool is_approximate;
	/* peak_live_bytes is not exact: several sites, or several threads. */
	bool is_peak_bound;

	/* Of a diff only: figures per input (NULL in a report), and what they come to. */
	struct figures *series;
	enum change change;
	uint32_t grown_count;  /* intervals in which live bytes grew */
	uint32_t shrunk_count; /* intervals in which they shrank */

	/* What stands behind the figures per input; NULL: every event was recorded. */
	struct estimate *estimates;

	/* While aggregate() works: the site added last. */
	uint32_t last_site;
};

struct row_set {
	enum group_by by;
	bool is_cumulative;
	/* By which the stacks of rows are compared, and whether by its change; see aggregate.h. */
	const struct field *sort;
	bool has_changes;
	bool is_filtered; /* some sites or rows were left out */
	struct row *rows;
	size_t count;
	/* Every site that passed the filter, once; in a diff: of the last input. */
	struct figures total;
	struct figures *series;	    /* of a diff: totals per input; NULL in a report */
	size_t input_count;	    /* of a diff; 1 for a report */
	struct estimate *estimates; /* of the totals, as those of a row */

	/* While rows are added: room, where each key is, and what only some rows have. */
	size_t capacity;
	uint64_t *slots;
	size_t slot_count; /* power of two */
	struct row_stack *least;
	size_t least_count, least_capacity;
	struct arena series_arena;
};

/**
 * row_set_get() - the row of a key, added with nothing in it but the key if it is not there.
 * @out: valid until another row is added. To be called before rows are sorted or dropped.
 *
 * Return: 0 or -ENOMEM.
 */
int row_set_get(struct row_set *set, struct digest key, struct row **out);

/**
 * row_set_reserve() - room for so many rows; a hint, worth it for very many.
 *
 * Return: 0 or -ENOMEM.
 */
int row_set_reserve(struct row_set *set, size_t count);

/**
 * row_set_expect() - a hint that row_set_get() will soon be called for this key.
 */
void row_set_expect(const struct row_set *set, struct digest key);

/**
 * row_set_find() - the row of a key; NULL if there is none. Before rows are sorted or dropped.
 */
const struct row *row_set_find(const struct row_set *set, struct digest key);

/**
 * row_set_add_series() - give a row of a diff its figures per input, all zero, if it has none.
 *
 * Return: 0 or -ENOMEM.
 */
int row_set_add_series(struct row_set *set, struct row *row);

/**
 * row_set_add_estimate() - add what stands behind figures that are added to a row, or to the totals.
 * @estimates: of a row or of the set itself; made when the first is added.
 * @part: NULL: the figures are exact; nothing is to be done.
 *
 * Return: 0 or -ENOMEM.
 */
int row_set_add_estimate(struct row_set *set, struct estimate **estimates, size_t input,
			 const struct estimate *part);

void row_set_free(struct row_set *set);

/**
 * row_show_stack() - make this one the stack that stands for the row.
 */
void row_show_stack(struct row *row, const struct row_stack *stack);

/**
 * row_stack_shown() - that stack.
 */
struct row_stack row_stack_shown(const struct row *row);

/**
 * row_set_least() - the stack of least weight; that which is shown, unless another was put.
 */
struct row_stack row_set_least(const struct row_set *set, const struct row *row);

/**
 * row_set_put_least() - set it.
 *
 * Return: 0 or -ENOMEM.
 */
int row_set_put_least(struct row_set *set, struct row *row, const struct row_stack *stack);

/**
 * row_set_sort() - most important first: by size of the change in a diff, by value in a report.
 *
 * Of equal changes the growing one comes first, then the larger one; of equal rows the callee
 * before its caller. The order is the same in every run.
 *
 * Return: 0 or -ENOMEM.
 */
int row_set_sort(struct row_set *set, const struct field *field);

/**
 * row_set_sort_first() - the same for the first @count rows; the others stand behind them in any order.
 *
 * Return: 0 or -ENOMEM.
 */
int row_set_sort_first(struct row_set *set, const struct field *field, size_t count);

/**
 * row_set_drop_small() - leave out rows that had less live bytes in every input; the totals become
 * those of the rest, but for inclusive rows, which overlap.
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
 * row_count is 0 where there is nothing to share.
 */
struct concentration row_set_concentration(const struct row_set *set, const struct field *field,
					   bool is_decrease);

#endif
