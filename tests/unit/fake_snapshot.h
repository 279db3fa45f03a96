/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_snapshot.h - snapshots made by hand for the tests of what works on them, with a symbolizer
 * that takes names from a table.
 *
 * A stack is written innermost first: "alloc@util.c:10 parse@parse.c:20 main@main.c:5". A frame is
 * FUNCTION@FILE:LINE in module "app", or FUNCTION@FILE:LINE in another as
 * "libx.so!FUNCTION@FILE:LINE"; "?" in place of FUNCTION@FILE:LINE is code without symbols;
 * "inner@a.c:1<outer@b.c:2" is one location with an inlined frame. Equal frames are one location.
 * "[truncated]" may stand at the end.
 */
#ifndef UNIT_FAKE_SNAPSHOT_H
#define UNIT_FAKE_SNAPSHOT_H

#include <stdint.h>

#include "model/aggregate.h"
#include "model/snapshot.h"
#include "model/stack.h"

/**
 * fake_forget_places() - number places in code from the beginning again, so that tests can name
 * offsets.
 */
void fake_forget_places(void);

/**
 * fake_new() - a snapshot of an exited process "app", pid 100, with no site.
 */
struct snapshot *fake_new(void);

/**
 * fake_free() - everything that fake_*() allocated for it.
 */
void fake_free(struct snapshot *snapshot);

/**
 * fake_build_id() - give all modules of this base name a build ID; @first_byte tells builds apart.
 */
void fake_build_id(struct snapshot *snapshot, const char *name, uint8_t first_byte);

/**
 * fake_site() - add a site with allocations and frees of blocks of one size; totals follow.
 *
 * Return: the site, valid until the next one is added.
 */
struct site *fake_site(struct snapshot *snapshot, const char *thread, const char *stack,
		       int64_t alloc_count, int64_t free_count, int64_t block_bytes);

/**
 * fake_sampled() - declare that all its sites hold estimates, and that what they allocated stands for so many
 * samples each; of what was freed and is live their share. To be called after the last fake_site().
 */
void fake_sampled(struct snapshot *snapshot, uint64_t sample_bytes, double sample_count);

/* Everything that is needed to make rows. */
struct fake_bench {
	struct symbolizer *symbolizer;
	struct stack_reader *reader;
	struct group_rules *rules;
};

/**
 * fake_bench_init() - for snapshots that are compared with one another; nothing is folded.
 */
void fake_bench_init(struct fake_bench *bench, const struct snapshot *const *snapshots,
		     size_t count);
void fake_bench_fini(struct fake_bench *bench);

/**
 * fake_rows() - aggregate one snapshot and sort by live bytes; must succeed.
 */
struct row_set *fake_rows(struct fake_bench *bench, const struct snapshot *snapshot,
			  enum group_by by, bool is_cumulative, const struct filter *filter);

/**
 * fake_row() - the row that is named after a function, file, module or thread; fails if there is
 * not exactly one.
 */
const struct row *fake_row(struct fake_bench *bench, const struct row_set *set, const char *name);

#endif
