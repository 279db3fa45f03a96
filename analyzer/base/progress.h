/* SPDX-License-Identifier: Apache-2.0 */
/*
 * progress.h - one line on standard error while something takes long; nothing unless that is a terminal.
 */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *title; /* what is being done */
	uint64_t next_ns;  /* when to write again */
	bool is_on, is_shown;
};

/**
 * progress_init() - begin; the line appears after half a second.
 * @title: what is being done; must outlive the struct.
 * @is_wanted: false keeps silent in any case.
 */
void progress_init(struct progress *progress, const char *title, bool is_wanted);

/**
 * progress_update() - tell how far it is. Cheap: looks at the clock and rarely writes.
 * @detail: what is being looked at; may be NULL.
 */
void progress_update(struct progress *progress, size_t done, size_t total, const char *detail);

/**
 * progress_fini() - wipe the line.
 */
void progress_fini(struct progress *progress);

#endif
