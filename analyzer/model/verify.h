/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.h - compares what the call stacks of a running process add up to with its table of live blocks.
 *
 * For every site, inherited + allocated - freed must be the blocks and bytes that the table holds for it.
 */
#ifndef MODEL_VERIFY_H
#define MODEL_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/live_read.h"
#include "model/snapshot.h"

/* A site whose two figures differ. */
struct verify_row {
	size_t site;		  /* index into snapshot->sites */
	struct live_sum counted;  /* by its counters */
	struct live_sum in_table; /* blocks found */
};

struct verify {
	struct snapshot *snapshot; /* owned */
	size_t site_count;	   /* compared */
	size_t busy_count;	   /* sites that had events meanwhile: not compared */
	struct live_sum found;	   /* all blocks in the table */
	struct live_sum stray;	   /* blocks of stacks that have no counters */
	struct verify_row *rows;   /* differences; owned */
	size_t row_count;
};

/* Whether anything differs. */
static inline bool verify_has_failed(const struct verify *verify)
{
	return verify->row_count > 0 || verify->stray.block_count != 0;
}

/**
 * verify_process() - compare, several times as long as something differs: a thread may have been stopped in
 * the middle of an event.
 * @out: filled on success, also when sites differ; free with verify_fini().
 *
 * Return: 0 or a negative errno; error says it in one line.
 */
int verify_process(pid_t pid, struct verify *out, struct error *error);
void verify_fini(struct verify *verify);

#endif
