/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_tree.h - what inputs of one process tree have twice: blocks that a child inherited at
 * fork, and the remains of images that exec replaced.
 */
#ifndef MODEL_PROCESS_TREE_H
#define MODEL_PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diff.h"
#include "model/snapshot.h"

/* Live blocks that are no memory of their own. */
struct tree_part {
	int64_t blocks, bytes;
};

struct tree_parts {
	struct tree_part inherited; /* by processes whose parent is an input too */
	struct tree_part replaced;  /* of images that exec replaced, without the above */
};

/**
 * tree_is_replaced() - exec ended this image, and inputs that were not replaced are there too.
 */
bool tree_is_replaced(const struct snapshot *const *snapshots, size_t count,
		      const struct snapshot *snapshot);

/**
 * tree_parts_of() - how much of the live blocks of all inputs counts twice or is gone.
 */
struct tree_parts tree_parts_of(const struct snapshot *const *snapshots, size_t count);

/**
 * tree_drop_inherited() - leave to each process, of which the parent is an input too, the blocks
 * that it allocated itself.
 */
void tree_drop_inherited(struct snapshot *const *snapshots, size_t count);

/**
 * tree_note() - put down how much of the live total is in question.
 * @is_left_out: it was taken out of the total.
 */
void tree_note(const struct tree_parts *parts, bool is_left_out, struct findings *findings);

#endif
