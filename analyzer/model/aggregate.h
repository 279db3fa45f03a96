/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aggregate.h - sites put together into the rows of a report.
 *
 * Self: a site belongs to the row of its first frame. Cumulative: it belongs to the rows of all its
 * frames, to each of them once, however often a function recurs.
 */
#ifndef MODEL_AGGREGATE_H
#define MODEL_AGGREGATE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/filter.h"
#include "model/group.h"
#include "model/row.h"
#include "model/snapshot.h"
#include "model/stack.h"

struct aggregation {
	enum group_by by;
	bool is_cumulative;
	const struct filter *filter; /* NULL = all */
	/*
	 * Which sites are looked at before the filter; NULL = all. Returns 0 or a negative errno.
	 */
	int (*choose)(void *context, const struct snapshot *snapshot, const struct site *site,
		      bool *is_chosen);
	void *context;
	/* The column by which the stack that stands for a row is the largest; NULL = live bytes. */
	const struct field *sort;
	/* That counts as well how each stack changed: rows by site from diff_rows(), not sorted. */
	const struct row_set *changes;
	const struct group_rules *rules;
	struct stack_reader *reader;
};

/**
 * aggregate() - the rows of one or several snapshots, the sites of which are taken together.
 * @snapshots: must outlive the rows.
 * @out: set on success; free with row_set_free(). In no particular order.
 *
 * Self: a site passes the filter if its first frame does. Cumulative: a row exists for each frame
 * that passes; by site or thread one frame of the stack has to.
 *
 * Return: 0; -ENOMEM; what choose() returned.
 */
int aggregate(const struct aggregation *aggregation, const struct snapshot *const *snapshots,
	      size_t count, struct row_set **out);

#endif
