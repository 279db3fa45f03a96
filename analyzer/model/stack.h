/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stack.h - the call stack of a site as source-level frames, the way reports show it.
 *
 * Frames of the tracer itself are never in it. Frames of allocator wrappers at the inner end are
 * folded, so that the first frame is the one that matters.
 */
#ifndef MODEL_STACK_H
#define MODEL_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/snapshot.h"
#include "model/symbolize.h"

struct wrappers;
struct stack_reader;

/* All zero is an empty stack; stack_read() uses the memory again. */
struct stack {
	const struct frame **frames; /* innermost first, at least one; owned by the symbolizer */
	size_t count;
	size_t capacity;
	const char *thread; /* kind of thread; "" = unknown */
	bool is_truncated;  /* the outer part was cut off or could not be found */
};

/**
 * stack_reader_new() - make a reader for one or several snapshots.
 * @symbolizer: must outlive the reader.
 * @wrappers: which frames to fold; NULL = none. Must outlive the reader.
 *
 * Return: 0 or -ENOMEM.
 */
int stack_reader_new(struct symbolizer *symbolizer, const struct wrappers *wrappers,
		     struct stack_reader **out);
void stack_reader_free(struct stack_reader *reader);

/**
 * stack_reader_expect() - get ready for all stacks of a snapshot; a hint, which shows progress.
 */
void stack_reader_expect(struct stack_reader *reader, const struct snapshot *snapshot);

/**
 * stack_read() - the stack that ends in a node.
 *
 * Where every frame is a wrapper, the outermost one stays.
 *
 * Return: 0 or -ENOMEM.
 */
int stack_read(struct stack_reader *reader, const struct snapshot *snapshot, uint32_t node,
	       struct stack *stack);
void stack_fini(struct stack *stack);

/**
 * stack_frames_of() - the frames of one location without the tracer's own.
 * @list: count 0 for a kind of thread and for the tracer's own code.
 *
 * Return: 0 or -ENOMEM.
 */
int stack_frames_of(struct stack_reader *reader, const struct snapshot *snapshot, uint32_t location,
		    struct frame_list *list);

/**
 * stack_thread() - the kind of thread at the outer end of a stack; nothing is symbolized. "" =
 * unknown.
 */
const char *stack_thread(const struct snapshot *snapshot, uint32_t node);

/* What a reader has come across so far. */
struct stack_census {
	size_t location_count;	 /* different places in code */
	size_t unresolved_count; /* of those: no symbol covers them */
};

struct stack_census stack_reader_census(const struct stack_reader *reader);

#endif
