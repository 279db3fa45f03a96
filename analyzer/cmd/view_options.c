/* SPDX-License-Identifier: Apache-2.0 */
/*
 * view_options.c - the options that report, diff and leaks have in common.
 */
#include "cmd/view_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/size_text.h"

enum {
	ID_BY = VIEW_OPTION_FIRST,
	ID_SORT,
	ID_LIMIT,
	ID_CUMULATIVE,
	ID_DEPTH,
	ID_ALLOC_FN,
	ID_NO_FOLD,
	ID_FUNCTION,
	ID_FILE,
	ID_MODULE,
	ID_THREAD,
	ID_EXCLUDE,
	ID_MIN_SIZE,
	ID_JSON,
	ID_CSV,
	ID_FIELDS,
	ID_SYSROOT,
	ID_DEBUG_DIR,
	ID_DEBUGINFOD,
};

const struct option_row view_row_options[] = {
	{ID_BY, "by", 'b', "KIND",
	 "group by site (default), function, line, file, module or thread"},
	{ID_SORT, "sort", 's', "COLUMN",
	 "live (default), count, peak, total, temporary ...; a unique prefix is enough"},
	{ID_LIMIT, "limit", 'n', "N", "rows shown, 0 for all (default 10; JSON and CSV: all)"},
	{ID_CUMULATIVE, "cumulative", 'c', NULL, "count a stack for each of its functions, once"},
	{ID_DEPTH, "depth", 'd', "N", "frames shown of a stack, 0 for all (default 12; JSON: all)"},
	{ID_ALLOC_FN, "alloc-fn", 0, "PATTERN", "fold this function as an allocator's wrapper too"},
	{ID_NO_FOLD, "no-fold", 0, NULL, "show allocator wrappers such as operator new"},
};

const struct option_row view_filter_options[] = {
	{ID_FUNCTION, "function", 'f', "PATTERN", "only rows of such functions"},
	{ID_FILE, "file", 'F', "PATTERN", "only rows of such source files"},
	{ID_MODULE, "module", 'm', "PATTERN", "only rows of such programs or libraries"},
	{ID_THREAD, "thread", 't', "PATTERN", "only allocations of such threads"},
	{ID_EXCLUDE, "exclude", 'x', "[KIND=]PATTERN",
	 "no rows of such; KIND is function, file, module or thread"},
	{ID_MIN_SIZE, "min-size", 0, "SIZE", "only rows with so many live bytes, such as 64K"},
};

const struct option_row view_output_options[] = {
	{ID_JSON, "json", 'j', NULL, "JSON, as described in docs/JSON.md"},
	{ID_CSV, "csv", 0, NULL, "comma-separated values with a header line"},
	{ID_FIELDS, "fields", 0, "LIST", "columns to show, separated by commas"},
};

const struct option_row view_symbol_options[] = {
	{ID_SYSROOT, "sysroot", 0, "DIR", "look for programs and libraries below this directory"},
	{ID_DEBUG_DIR, "debug-dir", 0, "DIR", "look for debug files here first; may be repeated"},
	{ID_DEBUGINFOD, "debuginfod", 0, NULL, "ask the servers of $DEBUGINFOD_URLS as well"},
};

int view_options_init(struct view_options *view_options)
{
	*view_options = (struct view_options){
		.by = GROUP_SITE,
		.sort = field_by_name("live_bytes"),
		.renderer = &text_renderer,
	};
	return filter_new(&view_options->filter);
}

void view_options_fini(struct view_options *view_options)
{
	filter_free(view_options->filter);
	free(view_options->fields);
	free(view_options->wrapper_patterns.texts);
	free(view_options->debug_dirs.texts);
}

static int list_add(struct text_list *list, const char *text, struct error *error)
{
	const char **texts = realloc(list->texts, (list->count + 2) * sizeof(*texts));

	if (!texts)
		return error_set(error, -ENOMEM, "out of memory");
	texts[list->count++] = text;
	texts[list->count] = NULL;
	list->texts = texts;
	return 0;
}

static int take_count(const char *text, size_t *count, struct error *error)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value > SIZE_MAX)
		return error_set(error, -EINVAL, "'%s' is not a number of 0 or more", text);
	*count = (size_t)value;
	return 0;
}

static int take_fields(struct view_options *view_options, const char *text, struct error *error)
{
	free(view_options->fields);
	view_options->fields = NULL;
	return field_find_list(text, &view_options->fields, &view_options->field_count, error);
}

static int take_size(const char *text, uint64_t *bytes, struct error *error)
{
	int status = size_text_parse(text, bytes);

	if (status)
		return error_set(error, status, "'%s' is not a size such as 64K or 1.5M", text);
	return 0;
}

static int take_include(struct view_options *view_options, enum filter_kind kind, const char *text,
			struct error *error)
{
	return filter_include(view_options->filter, kind, text, error);
}

static int take(struct view_options *to, int id, const char *value, struct error *error)
{
	switch (id) {
	case ID_BY:
		return group_find(value, &to->by, error);
	case ID_SORT:
		return field_find(value, &to->sort, error);
	case ID_LIMIT:
		to->has_limit = true;
		return take_count(value, &to->limit, error);
	case ID_CUMULATIVE:
		to->is_cumulative = true;
		return 0;
	case ID_DEPTH:
		to->has_depth = true;
		return take_count(value, &to->depth, error);
	case ID_ALLOC_FN:
		return list_add(&to->wrapper_patterns, value, error);
	case ID_NO_FOLD:
		to->is_unfolded = true;
		return 0;
	case ID_FUNCTION:
		return take_include(to, FILTER_FUNCTION, value, error);
	case ID_FILE:
		return take_include(to, FILTER_FILE, value, error);
	case ID_MODULE:
		return take_include(to, FILTER_MODULE, value, error);
	case ID_THREAD:
		return take_include(to, FILTER_THREAD, value, error);
	case ID_EXCLUDE:
		return filter_exclude(to->filter, value, error);
	case ID_MIN_SIZE:
		return take_size(value, &to->min_live_bytes, error);
	case ID_JSON:
		to->renderer = &json_renderer;
		return 0;
	case ID_CSV:
		to->renderer = &csv_renderer;
		return 0;
	case ID_FIELDS:
		return take_fields(to, value, error);
	case ID_SYSROOT:
		to->sysroot = value;
		return 0;
	case ID_DEBUG_DIR:
		return list_add(&to->debug_dirs, value, error);
	case ID_DEBUGINFOD:
		to->use_debuginfod = true;
		return 0;
	default:
		return error_set(error, -EINVAL, "not an option of this command");
	}
}

int view_options_take(struct view_options *view_options, struct options *options, int id)
{
	struct error error = {0};

	if (take(view_options, id, options->value, &error) == 0)
		return 0;
	options->exit_code = options_fail(options, "%s: %s", options->option, error.text);
	return -1;
}
