/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize.h - turns locations of a snapshot into functions, files and lines, offline.
 *
 * The only door to elfutils. Results are cached per (build ID or path, offset) and live as long as the
 * symbolizer: several snapshots may share one.
 */
#ifndef MODEL_SYMBOLIZE_H
#define MODEL_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/snapshot.h"

/* One source-level frame. Strings are interned: equal text is the same pointer. */
struct frame {
	const char *function;	  /* demangled; NULL = no symbol covers the address */
	const char *linkage_name; /* as in the object file; NULL as above */
	const char *file;	  /* source path as in the debug information; NULL = unknown */
	uint32_t line;		  /* 0 = unknown */
	uint32_t serial;	  /* number of this frame in its symbolizer; 0 = none */
	bool is_inlined;	  /* inlined into the next outer frame */
	const char *module;	  /* path of the object file; "" = none */
	const char *build_id;	  /* lower-case hex; "" = none */
	uint64_t offset;	  /* link-time address; code of no module: raw address */
};

/* All frames of one location, innermost first: inlined ones, then the function itself. At least one. */
struct frame_list {
	const struct frame *frames;
	size_t count;
};

struct symbolize_options {
	const char *sysroot; /* NULL = "/" */
	/* looked into before /usr/lib/debug; NULL-terminated, or NULL */
	const char *const *debug_dirs;
	bool use_debuginfod; /* ask $DEBUGINFOD_URLS for what is not found here */
	bool show_progress;  /* a progress line on standard error while it takes long */
};

struct symbolizer;

int symbolizer_new(const struct symbolize_options *options, struct symbolizer **out,
		   struct error *error);
void symbolizer_free(struct symbolizer *symbolizer);

/**
 * symbolize_location() - frames of one location of a snapshot.
 * @location: index into snapshot->locations, of any kind. Pseudo locations give one frame whose function
 *            is "[thread NAME]", "[truncated]", "[unknown caller]", "[stacks not told apart]" or
 *            "[reported]".
 *
 * Return: the frames, owned by the symbolizer.
 */
struct frame_list symbolize_location(struct symbolizer *symbolizer, const struct snapshot *snapshot,
				     uint32_t location);

/**
 * symbolize_all() - look up all locations of a snapshot, so that symbolize_location() then finds each of them
 * at once. Only this function shows progress.
 */
void symbolize_all(struct symbolizer *symbolizer, const struct snapshot *snapshot);

/**
 * symbolizer_warnings() - what the user should know: replaced binaries, missing files; one line each.
 *
 * Return: NULL-terminated, owned by the symbolizer.
 */
const char *const *symbolizer_warnings(const struct symbolizer *symbolizer);

#endif
