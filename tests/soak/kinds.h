/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kinds.h - the kinds of blocks that the soak has: each is allocated in a function of its own and counted.
 *
 * The counts are global and changed by atomic additions, from any thread and handler.
 */
#ifndef SOAK_KINDS_H
#define SOAK_KINDS_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

enum kind {
	KIND_WORKER,	   /* by threads that live long */
	KIND_HANDED,	   /* freed by another thread */
	KIND_RESIZED,	   /* by realloc */
	KIND_SHORT,	   /* by threads that live shortly */
	KIND_TIMER,	   /* by handlers of timers */
	KIND_RAISED,	   /* by handlers of signals that a thread sends itself */
	KIND_POOL,	   /* reported */
	KIND_POOL_TIMER,   /* reported by handlers that interrupt the allocator */
	KIND_JUMPED,	   /* reported in calls that handlers jump out of */
	KIND_KEPT,	   /* by the thread that forks */
	KIND_CHILD,	   /* by forked children */
	KIND_CHILD_THREAD, /* by their threads */
	KIND_IMAGE,	   /* by executed images */
	KIND_PLUGIN_A,	   /* by libraries that are loaded and unloaded */
	KIND_PLUGIN_B,
	KIND_COUNT
};

/* Not 0: what this thread does must not be interrupted by malloc(). */
extern __thread volatile sig_atomic_t kind_is_in_allocator;

void *kind_malloc(enum kind kind, size_t bytes);
void kind_free(enum kind kind, void *block, size_t bytes);
void *kind_realloc(void *block, size_t old_bytes, size_t bytes);

/* Blocks that are told to the tracer only, each at an address that none has had. */
uintptr_t kind_next_address(void);
void kind_report(enum kind kind, uintptr_t address, size_t bytes);
void kind_report_free(enum kind kind, uintptr_t address, size_t bytes);

/* A block that was in the middle of being reported, or of being reported as free: after this it is gone. */
void kind_forget(uintptr_t address);

/* Of blocks that another function allocates. */
void kind_add(enum kind kind, size_t bytes);
void kind_subtract(enum kind kind, size_t bytes);

/* A forked child counts from zero; what is alive stays so. */
void kind_begin_child(void);

/* Tells the counts of kinds `first` to `last`. */
void kind_tell(enum kind first, enum kind last);

#endif
