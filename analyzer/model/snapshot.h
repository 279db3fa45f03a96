/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.h - a trace file or snapshot in memory, checked, with shards summed and equal nodes merged.
 *
 * Everything behind this header works on these structures and never looks at the file again.
 */
#ifndef MODEL_SNAPSHOT_H
#define MODEL_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "memtrace/format.h"
#include "model/estimate.h"

enum snapshot_state {
	SNAPSHOT_RUNNING, /* the process is there */
	SNAPSHOT_EXITED,  /* went through exit() */
	SNAPSHOT_EXECED,  /* replaced itself by exec */
	SNAPSHOT_KILLED,  /* gone without exit(): _exit, a signal, the OOM killer */
};

/* Index 0 stands for code of no known module; its path is "". */
struct module {
	const char *path; /* as the process saw it; owned by the snapshot */
	uint64_t start, end, bias;
	uint64_t load_ns, unload_ns;
	uint32_t generation;
	uint32_t flags;		 /* MT_MODULE_* */
	uint32_t build_id_bytes; /* 0 = none */
	uint8_t build_id[MT_BUILD_ID_MAX];
};

enum location_kind {
	LOCATION_CODE,	    /* offset in a module; module 0: raw address */
	LOCATION_THREAD,    /* outermost: the kind of thread */
	LOCATION_TRUNCATED, /* the outer part was cut off */
	LOCATION_UNKNOWN,   /* the outer part could not be found */
	LOCATION_OVERFLOW,  /* stacks that could not be told apart: tables were full */
	LOCATION_API,	    /* reported by the program without a stack */
};

/*
 * offset: LOCATION_CODE: link-time address of the frame (the call instruction's last byte, or the
 * instruction itself for the innermost frame and above a signal); LOCATION_THREAD: index into thread_kinds.
 */
struct location {
	enum location_kind kind;
	uint32_t module; /* LOCATION_CODE: index into modules */
	uint64_t offset;
	const char *name; /* LOCATION_THREAD: name of the thread kind; owned by the snapshot */
};

/* parent < own index; parent 0 = none. Index 0 unused. No two nodes are equal. */
struct node {
	uint32_t parent;
	uint32_t location; /* index into locations */
};

struct size_count {
	uint64_t count;
	uint64_t bytes;
};

#define SIZE_BUCKET_COUNT 65

/* What a site allocated; sums over all shards. The names are those of the JSON output. */
struct counters {
	int64_t alloc_count, free_count;
	int64_t alloc_bytes, freed_bytes;
	int64_t live_blocks, live_bytes; /* inherited + allocated - freed */
	int64_t peak_live_bytes;	 /* the site's own maximum */
	int64_t at_peak_live_bytes;	 /* its live bytes when the process was at its peak */
	int64_t realloc_count, temporary_count;
	int64_t inherited_blocks, inherited_bytes; /* alive at fork */
	/* of those, freed here; part of free_count and freed_bytes */
	int64_t inherited_free_count, inherited_freed_bytes;
};

struct site {
	uint32_t node;	     /* innermost node: the stack is its path to the root */
	bool is_approximate; /* changed under each try to read it */
	bool is_peak_bound;  /* peak_live_bytes may be low by process.hold_bytes per shard */
	uint32_t first_epoch;
	struct counters counters;
	uint32_t size_first; /* into sizes: size_count entries, by rising bucket */
	uint32_t size_count;
};

struct site_size {
	uint8_t bucket; /* mt_size_bucket() */
	uint64_t count; /* allocations */
};

struct thread_record {
	int32_t tid;
	uint64_t start_ns, end_ns;
	const char *name, *kind;
};

struct thread_kind {
	const char *name;      /* thread name with each run of digits as '#' */
	uint64_t thread_count; /* threads of this kind seen */
};

struct text_record {
	uint64_t ns;
	uint32_t severity; /* messages only: 1 note, 2 warning */
	const char *text;
};

/* A free or realloc of what is no live block, as struct mt_invalid; nodes are indices into nodes. */
struct invalid_call {
	enum mt_invalid_kind kind;
	enum mt_invalid_call call;
	uint32_t node, alloc_node, freed_node; /* 0 = not known */
	int64_t count;
	uint64_t ns, address; /* of the first one, as the block */
	uint64_t block_address, block_bytes;
};

struct snapshot {
	char *path;		 /* as given by the user */
	struct mt_header header; /* label, command_line ... are resolved below */
	struct mt_process process;
	enum snapshot_state state;
	/* "" if not there */
	const char *label, *executable, *working_directory, *command_line, *allocator;
	const char *program; /* NUL-terminated header.program */
	uint64_t taken_ns;   /* after start; live and killed files: the last time known */

	struct module *modules;
	size_t module_count; /* index 0 included, as in all tables below that have one */
	struct location *locations;
	size_t location_count;
	struct node *nodes;
	size_t node_count;
	/* live files: by id in the file's SITES: index into nodes, 0 = not written yet */
	uint32_t *file_sites;
	size_t file_site_count;
	struct site *sites; /* no index 0; one per distinct stack, any order */
	size_t site_count;
	struct estimate *estimates; /* by index into sites; NULL: every event was recorded */
	struct estimate estimate;   /* their sum */
	struct site_size *sizes;
	size_t size_count;
	struct mt_sample *epochs;
	size_t epoch_count;
	struct mt_sample *timeline; /* used slots only, by rising time */
	size_t timeline_count;
	struct thread_record *threads;
	size_t thread_count;
	struct thread_kind *thread_kinds; /* index 0 unused */
	size_t thread_kind_count;
	uint64_t threads_seen; /* of all kinds, also those without a record */
	struct text_record *messages;
	size_t message_count;
	struct text_record *marks;
	size_t mark_count;
	struct invalid_call *invalid; /* no two of one kind with equal stacks */
	size_t invalid_count;
	uint64_t drops[MT_DROP_CAPACITY];
	/* live and killed files: counters left out because their stack was only half written */
	uint64_t skipped_count;
	/* exited and killed files: allocations by the shards' own sums - by the sites' */
	int64_t unaccounted_count;
	int64_t totals[MT_TOTAL_COUNT]; /* by enum mt_total */
	void *storage; /* everything that lives as long as this; private to snapshot.c */
};

/**
 * snapshot_load() - read a snapshot or trace file.
 * @path: the file. A trace file of a running process is read without stopping it.
 * @out: filled on success; free with snapshot_free().
 * @error: on failure one line that names the file, what was expected and what was found.
 *
 * The file is hostile input: nothing in it is used before it was checked.
 *
 * Return: 0; -EBADMSG damaged, truncated or not a memtrace file; another negative errno from the system.
 */
int snapshot_load(const char *path, struct snapshot **out, struct error *error);

struct input;

/**
 * snapshot_load_input() - the same for bytes that are not a file, such as memory of a process.
 * @input: not needed after the call returns.
 * @name: stands in messages and becomes snapshot->path.
 * @is_running: the caller knows that the process is there; else its pid and start time are looked up.
 */
int snapshot_load_input(const struct input *input, const char *name, bool is_running,
			struct snapshot **out, struct error *error);

/**
 * snapshot_estimate() - what stands behind the figures of a site; NULL: they are exact.
 */
const struct estimate *snapshot_estimate(const struct snapshot *snapshot, const struct site *site);

/**
 * snapshot_free() - release everything; NULL is allowed.
 */
void snapshot_free(struct snapshot *snapshot);

/**
 * snapshot_write() - squeeze a loaded trace file or snapshot into a new snapshot file.
 * @path: must not exist; created with mode 0600, complete or not at all.
 * @label: NULL keeps the one it has.
 */
int snapshot_write(const struct snapshot *snapshot, const char *path, const char *label,
		   struct error *error);

#endif
