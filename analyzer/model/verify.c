/* SPDX-License-Identifier: Apache-2.0 */
/*
 * verify.c - compares the counters of a running process with its table of live blocks.
 *
 * The table is read between two readings of the counters. A site that has the same counters in both had
 * no event in between, so its blocks were the same all the time.
 */
#include "model/verify.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "model/target.h"

#define TRY_COUNT 5
#define PAUSE_NS 50000000L
#define NO_SITE SIZE_MAX

/* Index into sites of each site of the trace file; those of equal stacks have the same. */
static size_t *map_sites(const struct snapshot *snapshot)
{
	size_t *of_node = malloc((snapshot->node_count + 1) * sizeof(*of_node));
	size_t *of_file = malloc((snapshot->file_site_count + 1) * sizeof(*of_file));

	if (of_node == NULL || of_file == NULL) {
		free(of_node);
		free(of_file);
		return NULL;
	}
	for (size_t i = 0; i < snapshot->node_count; i++)
		of_node[i] = NO_SITE;
	for (size_t i = 0; i < snapshot->site_count; i++)
		of_node[snapshot->sites[i].node] = i;
	of_node[0] = NO_SITE;
	for (size_t i = 0; i < snapshot->file_site_count; i++)
		of_file[i] = of_node[snapshot->file_sites[i]];
	free(of_node);
	return of_file;
}

/* The state of one comparison. */
struct comparison {
	struct snapshot *before, *after;
	size_t *sites_before, *sites_after; /* by site of the file */
	struct live_sum *found;		    /* by site of the file */
	struct live_sum *in_table;	    /* by index into after->sites */
	bool *is_quiet;			    /* likewise: no event between the readings */
};

static bool is_unchanged(const struct site *before, const struct site *after)
{
	const struct counters *a = &before->counters, *b = &after->counters;

	return !before->is_approximate && !after->is_approximate &&
	       a->alloc_count == b->alloc_count && a->free_count == b->free_count &&
	       a->alloc_bytes == b->alloc_bytes && a->freed_bytes == b->freed_bytes;
}

static int read_all(pid_t pid, struct comparison *comparison, struct error *error)
{
	int result = target_load(pid, &comparison->before, error);
	size_t site_count;

	if (result < 0)
		return result;
	if (comparison->before->process.live_root == 0)
		return error_set(error, -ENODATA,
				 "process %d does not tell where its table of live blocks is",
				 (int)pid);
	site_count = comparison->before->file_site_count;
	comparison->found = calloc(site_count + 1, sizeof(*comparison->found));
	if (comparison->found == NULL)
		return error_set(error, -ENOMEM, "out of memory");
	result = live_read(pid, comparison->before->process.live_root,
			   comparison->before->header.sample_bytes, comparison->found, site_count,
			   error);
	return result < 0 ? result : target_load(pid, &comparison->after, error);
}

static void add(struct live_sum *to, const struct live_sum *what)
{
	to->block_count += what->block_count;
	to->bytes += what->bytes;
}

/* Sums the blocks of equal stacks, and finds the sites that were quiet. */
static int match(struct comparison *comparison, struct error *error)
{
	size_t site_count = comparison->after->site_count;

	comparison->sites_before = map_sites(comparison->before);
	comparison->sites_after = map_sites(comparison->after);
	comparison->in_table = calloc(site_count + 1, sizeof(*comparison->in_table));
	comparison->is_quiet = calloc(site_count + 1, sizeof(*comparison->is_quiet));
	if (comparison->sites_before == NULL || comparison->sites_after == NULL ||
	    comparison->in_table == NULL || comparison->is_quiet == NULL)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < comparison->before->file_site_count; i++) {
		size_t before = comparison->sites_before[i], after = comparison->sites_after[i];

		if (after == NO_SITE)
			continue;
		add(&comparison->in_table[after], &comparison->found[i]);
		if (before != NO_SITE && is_unchanged(&comparison->before->sites[before],
						      &comparison->after->sites[after]))
			comparison->is_quiet[after] = true;
	}
	return 0;
}

static int compare(struct comparison *comparison, struct verify *out, struct error *error)
{
	size_t site_count = comparison->after->site_count;

	out->rows = calloc(site_count + 1, sizeof(*out->rows));
	if (out->rows == NULL)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < comparison->before->file_site_count; i++) {
		const struct live_sum *found = &comparison->found[i];

		add(&out->found, found);
		if (comparison->sites_after[i] == NO_SITE)
			add(&out->stray, found);
	}
	for (size_t i = 0; i < site_count; i++) {
		const struct counters *counters = &comparison->after->sites[i].counters;
		const struct live_sum counted = {counters->live_blocks, counters->live_bytes};
		const struct live_sum *in_table = &comparison->in_table[i];

		out->site_count += comparison->is_quiet[i];
		out->busy_count += !comparison->is_quiet[i];
		if (comparison->is_quiet[i] && (counted.block_count != in_table->block_count ||
						counted.bytes != in_table->bytes))
			out->rows[out->row_count++] = (struct verify_row){i, counted, *in_table};
	}
	return 0;
}

static int verify_once(pid_t pid, struct verify *out, struct error *error)
{
	struct comparison comparison = {0};
	int result = read_all(pid, &comparison, error);

	*out = (struct verify){0};
	if (result == 0)
		result = match(&comparison, error);
	if (result == 0)
		result = compare(&comparison, out, error);
	out->snapshot = comparison.after;
	snapshot_free(comparison.before);
	free(comparison.sites_before);
	free(comparison.sites_after);
	free(comparison.found);
	free(comparison.in_table);
	free(comparison.is_quiet);
	if (result < 0)
		verify_fini(out);
	return result;
}

int verify_process(pid_t pid, struct verify *out, struct error *error)
{
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	int result = verify_once(pid, out, error);

	for (int i = 1; i < TRY_COUNT && result == 0 && verify_has_failed(out); i++) {
		verify_fini(out);
		(void)nanosleep(&pause, NULL);
		result = verify_once(pid, out, error);
	}
	return result;
}

void verify_fini(struct verify *verify)
{
	snapshot_free(verify->snapshot);
	free(verify->rows);
	*verify = (struct verify){0};
}
