/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wrappers.c - plain names are looked up by their digest, globs are tried one by one.
 */
#include "model/wrappers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_map.h"
#include "base/pattern.h"
#include "memtrace/env.h"

struct pattern_list {
	struct pattern **patterns;
	size_t count, capacity;
};

struct wrappers {
	struct digest_map names;
	struct pattern_list functions, files;
};

static int pattern_list_add(struct pattern_list *list, const char *text, struct error *error)
{
	int status;

	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? 2 * list->capacity : 64;
		struct pattern **patterns =
			reallocarray(list->patterns, capacity, sizeof(struct pattern *));

		if (!patterns)
			return error_set(error, -ENOMEM, "out of memory");
		list->patterns = patterns;
		list->capacity = capacity;
	}
	status = pattern_compile(text, &list->patterns[list->count], error);
	if (status == 0)
		list->count++;
	return status;
}

static bool pattern_list_match(const struct pattern_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (pattern_match(list->patterns[i], text))
			return true;
	return false;
}

static void pattern_list_fini(struct pattern_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		pattern_free(list->patterns[i]);
	free(list->patterns);
}

static int wrappers_add_name(struct wrappers *wrappers, const char *text, struct error *error)
{
	struct digest key = digest_text((struct digest){0, 0}, text);

	if (strpbrk(text, "*?["))
		return pattern_list_add(&wrappers->functions, text, error);
	if (digest_map_find(&wrappers->names, key) == DIGEST_MAP_NONE &&
	    digest_map_put(&wrappers->names, key, 0) != 0)
		return error_set(error, -ENOMEM, "out of memory");
	return 0;
}

static int wrappers_fill(struct wrappers *wrappers, const char *const *extra, struct error *error)
{
	int status = 0;

	for (size_t i = 0; i < wrapper_group_count; i++)
		for (const char *const *name = wrapper_groups[i].functions; status == 0 && *name;
		     name++)
			status = wrappers_add_name(wrappers, *name, error);
	for (const char *const *file = wrapper_files; status == 0 && *file; file++)
		status = pattern_list_add(&wrappers->files, *file, error);
	for (; extra && *extra && status == 0; extra++)
		status = pattern_list_add(&wrappers->functions, *extra, error);
	return status;
}

int wrappers_new(const char *const *extra, struct wrappers **out, struct error *error)
{
	struct wrappers *wrappers = calloc(1, sizeof(*wrappers));
	int status;

	if (!wrappers)
		return error_set(error, -ENOMEM, "out of memory");
	status = wrappers_fill(wrappers, extra, error);
	if (status != 0)
		wrappers_free(wrappers);
	else
		*out = wrappers;
	return status;
}

void wrappers_free(struct wrappers *wrappers)
{
	if (!wrappers)
		return;
	pattern_list_fini(&wrappers->functions);
	pattern_list_fini(&wrappers->files);
	digest_map_fini(&wrappers->names);
	free(wrappers);
}

bool wrappers_match(const struct wrappers *wrappers, const struct frame *frame)
{
	struct digest key;

	if (!frame->function)
		return false;
	key = digest_text((struct digest){0, 0}, frame->function);
	return digest_map_find(&wrappers->names, key) != DIGEST_MAP_NONE ||
	       pattern_list_match(&wrappers->functions, frame->function) ||
	       pattern_list_match(&wrappers->files, frame->file);
}

bool wrappers_is_own(const struct frame *frame)
{
	static const char *const names[] = {MT_SHIM_NAME, MT_LIBUNWIND_NAME};
	const char *slash = strrchr(frame->module, '/');
	const char *name = slash ? slash + 1 : frame->module;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}
