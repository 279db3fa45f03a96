/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - where the files of this process go.
 *
 * Layer 3. The first process of a session gives the folder of all others its own file's name plus ".d".
 */
#ifndef PRELOAD_NAMES_H
#define PRELOAD_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "options.h"

struct names {
	char program[64]; /* name of the executable's file */
	char executable[OPTIONS_PATH_MAX];
	char directory[OPTIONS_PATH_MAX]; /* working directory at start */
	char session[OPTIONS_PATH_MAX];	  /* folder for the others of the session */
	uint64_t session_pid, session_start_ticks;
	uint64_t start_ticks; /* of this process, field 22 of its stat */
	bool is_first;	      /* this process is the session's first */
};

/* Learns what this process is. Reads /proc; once per image. */
void names_init(struct names *names, const struct options *options);

/* In a forked child: it belongs to its parent's session and is not its first process. */
void names_after_fork(struct names *names);

/*
 * names_try() - the n-th name to try for the trace file of this process, until one could be made.
 * @attempt: from 0.
 *
 * Makes the session's folder when it is needed.
 * Return: false = no more names.
 */
bool names_try(struct names *names, const struct options *options, uint32_t attempt,
	       char path[OPTIONS_PATH_MAX]);

/* Trace file of the session's first process, for another one; false: not known. */
bool names_first_file(const struct names *names, char path[OPTIONS_PATH_MAX]);
/* After the first process of a session has its file: the folder of the others follows from its name. */
void names_set_session(struct names *names, const char *path);

#endif
