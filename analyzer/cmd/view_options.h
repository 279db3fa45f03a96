/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view_options.h - the options that report, diff and leaks have in common.
 */
#ifndef CMD_VIEW_OPTIONS_H
#define CMD_VIEW_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cmd/options.h"
#include "model/field.h"
#include "model/filter.h"
#include "model/group.h"
#include "render/render.h"

/* Ids below are free for the subcommand's own options. */
#define VIEW_OPTION_FIRST 1000

#define VIEW_ROW_OPTION_COUNT 7
#define VIEW_FILTER_OPTION_COUNT 6
#define VIEW_OUTPUT_OPTION_COUNT 3
#define VIEW_SYMBOL_OPTION_COUNT 3

extern const struct option_row view_row_options[VIEW_ROW_OPTION_COUNT];
extern const struct option_row view_filter_options[VIEW_FILTER_OPTION_COUNT];
extern const struct option_row view_output_options[VIEW_OUTPUT_OPTION_COUNT];
extern const struct option_row view_symbol_options[VIEW_SYMBOL_OPTION_COUNT];

/* For the groups of a struct command_usage. */
#define VIEW_OPTION_GROUPS                                                                         \
	OPTION_GROUP("Rows", view_row_options), OPTION_GROUP("Filters", view_filter_options),      \
		OPTION_GROUP("Output", view_output_options),                                       \
		OPTION_GROUP("Symbols", view_symbol_options)

struct text_list {
	const char **texts; /* NULL-terminated; NULL = empty. The texts are those of argv */
	size_t count;
};

struct view_options {
	enum group_by by;
	bool is_cumulative;
	const struct field *sort;
	const struct field **fields; /* NULL = the format's own choice */
	size_t field_count;
	bool has_limit;
	size_t limit;
	bool has_depth;
	size_t depth;
	struct filter *filter;
	uint64_t min_live_bytes;
	struct text_list wrapper_patterns;
	bool is_unfolded;
	const struct renderer *renderer;
	const char *sysroot;
	struct text_list debug_dirs;
	bool use_debuginfod;
};

/**
 * view_options_init() - the defaults.
 *
 * Return: 0 or -ENOMEM.
 */
int view_options_init(struct view_options *view_options);
void view_options_fini(struct view_options *view_options);

/**
 * view_options_take() - put down the option that options_next() returned.
 *
 * Return: 0; -1 after a usage error, see options->exit_code.
 */
int view_options_take(struct view_options *view_options, struct options *options, int id);

#endif
