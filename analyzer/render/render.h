/* SPDX-License-Identifier: Apache-2.0 */
/*
 * render.h - what a report shows, and the formats it can be shown in: one struct renderer per
 * format.
 */
#ifndef RENDER_RENDER_H
#define RENDER_RENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/json_writer.h"
#include "model/diff.h"
#include "model/field.h"
#include "model/row.h"
#include "model/snapshot.h"
#include "model/stack.h"

struct source;

#define TEXT_LIMIT_DEFAULT 10
#define TEXT_DEPTH_DEFAULT 12

enum view_kind {
	VIEW_REPORT,
	VIEW_DIFF,
	VIEW_LEAKS,
};

/* A suppression and what it took out of the rows. */
struct view_suppression {
	const char *pattern;
	int64_t site_count, live_blocks, live_bytes;
};

/* Everything a renderer needs; owned by the command. */
struct view {
	enum view_kind kind;
	const struct row_set *rows; /* sorted by `sort` */
	const struct field *sort;
	const struct field *const *fields; /* NULL = those that the format shows by default */
	size_t field_count;
	size_t limit;				 /* rows shown; 0 = all */
	size_t depth;				 /* frames shown of a stack; 0 = all */
	const struct snapshot *const *snapshots; /* inputs; of a diff: in its order */
	size_t snapshot_count;
	struct stack_reader *reader;
	struct source *source;		 /* text of source lines; NULL = not shown */
	const struct findings *findings; /* what the user should know of the inputs; may be NULL */
	const struct symbolizer *symbolizer; /* whose warnings are shown as well; may be NULL */
	const struct view_suppression *suppressions;
	size_t suppression_count;
	unsigned int columns; /* text: cut lines to this width; 0 = never */
	bool has_color;
};

/* One view on its way out. */
struct rendering {
	FILE *out;
	const struct view *view;
	struct json_writer json; /* of the JSON renderer */
};

/* Each step returns 0 or -ENOMEM; whether the stream took it is told by ferror(). */
struct renderer {
	const char *name;
	int (*begin)(struct rendering *rendering);
	int (*row)(struct rendering *rendering, const struct row *row);
	int (*end)(struct rendering *rendering);
};

extern const struct renderer text_renderer;
extern const struct renderer json_renderer;
extern const struct renderer csv_renderer;

/**
 * render() - show a view; stops early where the stream no longer takes anything.
 *
 * Return: 0 or a negative errno.
 */
int render(const struct renderer *renderer, FILE *out, const struct view *view);

#endif
