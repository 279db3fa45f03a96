/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filter.c - lists of patterns by kind, and what of a frame each kind is compared with.
 */
#include "model/filter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pattern.h"

struct pattern_list {
	struct pattern **patterns;
	size_t count;
};

struct filter {
	struct pattern_list included[FILTER_KIND_COUNT];
	struct pattern_list excluded[FILTER_KIND_COUNT];
};

static const char *const kind_names[FILTER_KIND_COUNT] = {"function", "file", "module", "thread"};

int filter_new(struct filter **out)
{
	*out = calloc(1, sizeof(**out));
	return *out ? 0 : -ENOMEM;
}

static void list_fini(struct pattern_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		pattern_free(list->patterns[i]);
	free(list->patterns);
}

void filter_free(struct filter *filter)
{
	size_t i;

	if (!filter)
		return;
	for (i = 0; i < FILTER_KIND_COUNT; i++) {
		list_fini(&filter->included[i]);
		list_fini(&filter->excluded[i]);
	}
	free(filter);
}

static int list_add(struct pattern_list *list, const char *text, struct error *error)
{
	struct pattern **patterns;
	int status;

	patterns = realloc(list->patterns, (list->count + 1) * sizeof(struct pattern *));
	if (!patterns)
		return error_set(error, -ENOMEM, "out of memory");
	list->patterns = patterns;
	status = pattern_compile(text, &patterns[list->count], error);
	if (!status)
		list->count++;
	return status;
}

int filter_include(struct filter *filter, enum filter_kind kind, const char *text,
		   struct error *error)
{
	return list_add(&filter->included[kind], text, error);
}

int filter_exclude(struct filter *filter, const char *text, struct error *error)
{
	size_t kind;
	int status = 0;

	for (kind = 0; kind < FILTER_KIND_COUNT; kind++) {
		size_t bytes = strlen(kind_names[kind]);

		if (strncmp(text, kind_names[kind], bytes) == 0 && text[bytes] == '=')
			return list_add(&filter->excluded[kind], text + bytes + 1, error);
	}
	for (kind = 0; kind < FILTER_THREAD && !status; kind++)
		status = list_add(&filter->excluded[kind], text, error);
	return status;
}

/* "server.c" and "src/server.c" are meant to fit /home/me/src/server.c. */
static bool path_fits(const struct pattern *pattern, const char *path)
{
	for (; path; path = strchr(path, '/')) {
		path += *path == '/';
		if (pattern_match(pattern, path))
			return true;
	}
	return false;
}

static bool function_fits(const struct pattern *pattern, const struct frame *frame)
{
	const char *parameters;
	char name[512];
	size_t bytes;

	if (!frame->function)
		return false;
	if (pattern_match(pattern, frame->function) || pattern_match(pattern, frame->linkage_name))
		return true;
	parameters = strchr(frame->function, '(');
	if (!parameters)
		return false;
	bytes = (size_t)(parameters - frame->function);
	if (bytes == 0 || bytes >= sizeof(name))
		return false;
	memcpy(name, frame->function, bytes);
	name[bytes] = '\0';
	return pattern_match(pattern, name);
}

static bool frame_fits(const struct pattern *pattern, enum filter_kind kind,
		       const struct frame *frame, const char *thread)
{
	switch (kind) {
	case FILTER_FUNCTION:
		return function_fits(pattern, frame);
	case FILTER_FILE:
		return pattern_match(pattern, frame->file) || path_fits(pattern, frame->file);
	case FILTER_MODULE:
		return pattern_match(pattern, frame->module) || path_fits(pattern, frame->module);
	case FILTER_THREAD:
		return pattern_match(pattern, thread);
	case FILTER_KIND_COUNT:
		break;
	}
	return false;
}

static bool list_fits(const struct pattern_list *list, enum filter_kind kind,
		      const struct frame *frame, const char *thread)
{
	size_t i;

	for (i = 0; i < list->count; i++)
		if (frame_fits(list->patterns[i], kind, frame, thread))
			return true;
	return false;
}

static bool filter_includes(const struct filter *filter, const struct frame *frame,
			    const char *thread)
{
	enum filter_kind kind;

	for (kind = 0; kind < FILTER_KIND_COUNT; kind++)
		if (filter->included[kind].count > 0 &&
		    !list_fits(&filter->included[kind], kind, frame, thread))
			return false;
	return true;
}

static bool filter_excludes(const struct filter *filter, const struct frame *frame,
			    const char *thread)
{
	enum filter_kind kind;

	for (kind = 0; kind < FILTER_KIND_COUNT; kind++)
		if (list_fits(&filter->excluded[kind], kind, frame, thread))
			return true;
	return false;
}

bool filter_passes(const struct filter *filter, const struct frame *frame, const char *thread)
{
	return !filter ||
	       (filter_includes(filter, frame, thread) && !filter_excludes(filter, frame, thread));
}

bool filter_passes_stack(const struct filter *filter, const struct stack *stack)
{
	bool is_included = !filter;
	size_t i;

	for (i = 0; filter && i < stack->count; i++) {
		if (filter_excludes(filter, stack->frames[i], stack->thread))
			return false;
		is_included |= filter_includes(filter, stack->frames[i], stack->thread);
	}
	return is_included;
}

bool filter_is_empty(const struct filter *filter)
{
	size_t kind;

	for (kind = 0; filter && kind < FILTER_KIND_COUNT; kind++)
		if (filter->included[kind].count || filter->excluded[kind].count)
			return false;
	return true;
}
