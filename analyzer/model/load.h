/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load.h - what the parts of the loader (snapshot.c, load_*.c) hand to each other. Nobody else's business.
 *
 * Order matters while the process runs: what refers to something is read before what it refers to, so
 * that everything it can name has been written by then. The steps stand in snapshot.c.
 */
#ifndef MODEL_LOAD_H
#define MODEL_LOAD_H

#include "model/columns.h"
#include "model/reader.h"
#include "model/snapshot.h"

/*
 * Limit of the sum of all counters' magnitudes in one file: whoever adds up rows of a file that passed
 * cannot overflow. A month of 100 GB/s stays below.
 */
#define LOAD_MAGNITUDE_MAX (INT64_C(1) << 61)

struct load {
	struct reader reader;
	struct snapshot *snapshot;
	bool is_running; /* counters may change while they are read */
	bool is_found;	 /* the process is there under the pid in the header */

	struct columns columns;
	struct reader_layout counters_layout;
	struct mt_counters *entries; /* by id in the file; node 0 = not in use */
	size_t entry_count;
	uint32_t *entry_next;  /* by id: next entry of the same stack, 0 = last */
	uint32_t *entry_first; /* by index into snapshot->nodes: first entry, 0 = none */
	size_t entry_first_count;

	struct reader_table sites, side, nodes, locations, modules, thread_kinds, invalid;
	/* sums over the shards of a live file; of peak_bytes the highest */
	struct {
		size_t count, used_count; /* records, and those with allocations */
		uint64_t alloc_count, live_bytes;
		int64_t peak_bytes;
	} shards;
	bool is_at_peak;	  /* what is live is the peak: so it is for each site */
	unsigned char *side_seen; /* by id in the file: 1 = belongs to an entry */
	/* by id in the file: index into snapshot->locations or ->nodes, 0 = not usable */
	uint32_t *location_of, *node_of;
	size_t location_count, node_of_count; /* of these two */
	const char *strings;		      /* kept */
	size_t string_bytes;
};

/**
 * load_keep() - zeroed memory that lives as long as the snapshot; NULL after setting the error line.
 */
void *load_keep(struct load *load, uint64_t count, size_t size);

/**
 * load_string() - text at an offset of the string table.
 *
 * What is half written in a live file reads as "". In a snapshot it is an error.
 */
int load_string(struct load *load, uint32_t offset, const char **text);

/**
 * load_text() - kept copy of a text field, cut at its end, control characters replaced by '?'.
 *
 * Return: NULL when out of memory, after setting the error line.
 */
const char *load_text(struct load *load, const char *field, size_t bytes);

/* When the contents were true, after start: now for a running process. */
uint64_t load_taken_ns(const struct load *load);

/* Of one site: sums over recorded blocks, exact. */
enum {
	ESTIMATE_SUM_BLOCKS,
	ESTIMATE_SUM_BYTES,
	ESTIMATE_SUM_BLOCK_VARIANCE,
	ESTIMATE_SUM_BYTE_VARIANCE,
	ESTIMATE_SUM_COVARIANCE,
	ESTIMATE_SUM_COUNT
};

struct estimate_sums {
	bool is_used;
	__int128 of[MT_SAMPLED_COUNT][ESTIMATE_SUM_COUNT];
};

/* What stands behind the figures of a sampled process; of others these do nothing. load_estimate.c */
int load_estimates(struct load *load, size_t site_count);
void load_estimate_begin(const struct load *load, struct estimate_sums *sums);
void load_estimate_add(struct estimate_sums *sums, const struct mt_side *record);
void load_estimate_keep(struct load *load, const struct estimate_sums *sums,
			const struct site *site);

/* The steps; each returns 0 or a negative errno after setting the error line. */
int load_columns(struct load *load);	/* load_records.c */
int load_process(struct load *load);	/* load_records.c */
int load_state(struct load *load);	/* load_state.c */
int load_counters(struct load *load);	/* load_counters.c */
int load_kinds(struct load *load);	/* load_records.c */
int load_locations(struct load *load);	/* load_stacks.c */
int load_nodes(struct load *load);	/* load_stacks.c */
int load_file_sites(struct load *load); /* load_stacks.c */
int load_invalid(struct load *load);	/* load_invalid.c */
int load_groups(struct load *load);	/* load_counters.c */
int load_reread(struct load *load);	/* load_counters.c */
int load_rss(struct load *load);	/* load_state.c */
int load_samples(struct load *load);	/* load_records.c */
int load_threads(struct load *load);	/* load_records.c */
int load_texts(struct load *load);	/* load_records.c */
int load_modules(struct load *load);	/* load_stacks.c */
int load_names(struct load *load);	/* load_records.c */
int load_sites(struct load *load);	/* load_sites.c */
int load_shards(struct load *load);	/* load_totals.c */
int load_peak(struct load *load);	/* load_totals.c */
int load_totals(struct load *load);	/* load_totals.c */

#endif
