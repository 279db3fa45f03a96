/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - the MEMTRACE_* variables, read once at start.
 *
 * Layer 1. In secure execution mode (AT_SECURE) every variable that names a path is ignored.
 */
#ifndef PRELOAD_OPTIONS_H
#define PRELOAD_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/env.h"

#define OPTIONS_PATH_MAX 4096u
#define OPTIONS_DEPTH_MAX 4096u

enum snapshot_at_kind {
	SNAPSHOT_AT_NONE,
	SNAPSHOT_AT_LIVE, /* once, when live bytes first exceed `bytes` */
	SNAPSHOT_AT_GROW, /* each time live bytes have grown by `bytes` since the last one */
	SNAPSHOT_AT_PEAK, /* at each new peak that is a tenth higher than at the last one */
};

struct snapshot_at {
	enum snapshot_at_kind kind;
	uint64_t bytes;
};

struct options {
	char out[OPTIONS_PATH_MAX];  /* MEMTRACE_OUT, "" = not set */
	char live[OPTIONS_PATH_MAX]; /* MEMTRACE_LIVE, "" = not set */
	char session
		[OPTIONS_PATH_MAX]; /* folder for all but the session's first process, "" = not set */
	uint64_t session_pid, session_start_ticks; /* of its first process */
	uint32_t depth_max;
	uint32_t unwinder;	    /* enum mt_unwinder */
	uint64_t snapshot_every_ns; /* 0 = never */
	uint32_t snapshot_keep;
	int snapshot_signal; /* 0 = none */
	struct snapshot_at snapshot_at[MT_SNAPSHOT_AT_MAX];
	uint64_t sample_bytes; /* mean distance of samples; 0 = every event is recorded */
	uint64_t sample_seed;
	bool has_sample_seed;
	bool starts_off;
	bool is_quiet;
	bool follows_children;
	bool reads_rss;
	bool stores_command_line;
	bool reports_invalid;
	bool is_secure;
};

/* One message a bad value; kept until there is a file to put them into. */
#define OPTIONS_COMPLAINT_MAX 4u

struct options_complaints {
	uint32_t count;
	char text[OPTIONS_COMPLAINT_MAX][112];
};

/* Reads the environment. Uses static storage only; call once, before the first event. */
void options_read(struct options *options, struct options_complaints *complaints);

/*
 * options_environment() - value of a variable of this process's environment; NULL = not set.
 *
 * Works before libc has set `environ`.
 */
const char *options_environment(const char *name);

#endif
