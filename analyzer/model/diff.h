/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff.h - rows of several inputs put beside one another, and whether the inputs can be compared at
 * all.
 */
#ifndef MODEL_DIFF_H
#define MODEL_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/row.h"
#include "model/snapshot.h"

/**
 * diff_rows() - join the rows of two or more inputs by their keys.
 * @sets: in the order of time, made with the same aggregation.
 * @out: set on success; free with row_set_free(). Rows with nothing in any input do not appear.
 *
 * Return: 0 or -ENOMEM.
 */
int diff_rows(const struct row_set *const *sets, size_t count, struct row_set **out);

enum finding_kind {
	FINDING_NOTE,
	FINDING_WARNING,
	FINDING_REFUSAL, /* the inputs are not of one program */
};

struct finding {
	enum finding_kind kind;
	char text[400]; /* one line */
};

#define FINDING_MAX 16

struct findings {
	struct finding list[FINDING_MAX];
	size_t count;
};

/**
 * diff_order() - put three or more snapshots of one process in the order of time.
 *
 * A shell lists the tenth of numbered files before the second. Two snapshots stay as they are, and
 * so do those of several processes: their order may be meant. What was done becomes a finding.
 */
void diff_order(struct snapshot **snapshots, size_t count, struct findings *findings);

/**
 * diff_is_one_process() - whether two snapshots are of the same run of a program.
 */
bool diff_is_one_process(const struct snapshot *a, const struct snapshot *b);

/**
 * diff_check() - look whether snapshots can be compared, in the order given.
 * @rebuilt: names of modules that differ, see group_rules_rebuilt().
 */
void diff_check(const struct snapshot *const *snapshots, size_t count, const char *const *rebuilt,
		struct findings *findings);

/**
 * merge_check() - look whether snapshots, at least one, can be added up.
 */
void merge_check(const struct snapshot *const *snapshots, size_t count, struct findings *findings);

#endif
