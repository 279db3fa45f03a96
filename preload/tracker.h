/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker.h - what an allocation, a free and a reallocation mean.
 *
 * Layer 3. The caller has made sure that this process is being traced. Nothing here fails, allocates, waits or
 * touches errno; all of it may be interrupted at any point by a signal handler that allocates, forks or
 * jumps away.
 */
#ifndef PRELOAD_TRACKER_H
#define PRELOAD_TRACKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/live_layout.h"
#include "unwind.h"

/* Once, at start-up, when it is known what is recorded. */
void tracker_init(void);

/* A block has been handed out. frame: of the interposed function. */
void tracker_alloc(const void *block, size_t size, const struct unwind_frame *frame);

/*
 * A block is about to be given back. Before the real free: once that returns another thread may own the
 * address and must not find our entry for it.
 */
void tracker_free(const void *block);

/* The same of what the program reports itself. */
void tracker_report_alloc(const void *block, size_t size, const struct unwind_frame *frame);
void tracker_report_free(const void *block);

/* A realloc in progress. */
struct tracker_realloc {
	struct mt_live_block old;
	bool is_known; /* the old block was in the table; it is not any more */
	size_t usable; /* of the old block; where samples are recorded */
};

/* Before the real realloc of a block, for the same reason as tracker_free(). frame: of the interposed function. */
void tracker_realloc_begin(const void *block, struct tracker_realloc *state,
			   const struct unwind_frame *frame);

/* After it: fresh is what it returned. A failure puts the old block back. */
void tracker_realloc_end(const void *fresh, size_t size, struct tracker_realloc *state,
			 const struct unwind_frame *frame);

/* While recording is off nothing is an event; a request to switch it on must be seen all the same. */
void tracker_idle(void);

/* Recording on or off. Frees of known blocks are recorded in either case. */
void tracker_set_stopped(bool is_stopped);

/* In a forked child: books the blocks it has inherited. */
void tracker_inherit(void);

#endif
