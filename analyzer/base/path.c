/* SPDX-License-Identifier: Apache-2.0 */
/*
 * path.c - joins and tidies file names part by part.
 */
#include "base/path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct path {
	char *text;
	size_t length;
	size_t root_length; /* 1 for a leading slash; never taken back */
};

static bool part_is(const char *part, size_t length, const char *text)
{
	return strlen(text) == length && memcmp(part, text, length) == 0;
}

/* Start of the last part, if that can be taken back. */
static bool path_last_part(const struct path *path, size_t *start)
{
	size_t i = path->length;

	while (i > path->root_length && path->text[i - 1] != '/')
		i--;
	*start = i;
	return i < path->length && !part_is(path->text + i, path->length - i, "..");
}

static void path_add_part(struct path *path, const char *part, size_t length)
{
	size_t start;

	if (length == 0 || part_is(part, length, "."))
		return;
	if (part_is(part, length, "..")) {
		if (path_last_part(path, &start)) {
			path->length = start > path->root_length ? start - 1 : start;
			return;
		}
		if (path->root_length > 0)
			return;
	}
	if (path->length > path->root_length)
		path->text[path->length++] = '/';
	memcpy(path->text + path->length, part, length);
	path->length += length;
}

static void path_add(struct path *path, const char *name)
{
	while (*name) {
		size_t length = strcspn(name, "/");

		path_add_part(path, name, length);
		name += length + (name[length] == '/');
	}
}

char *path_join(const char *directory, const char *name)
{
	struct path path = {0};

	if (!directory || *name == '/')
		directory = "";
	path.text = malloc(strlen(directory) + strlen(name) + 3);
	if (!path.text)
		return NULL;
	if (*name == '/' || *directory == '/')
		path.text[path.length++] = '/';
	path.root_length = path.length;
	path_add(&path, directory);
	path_add(&path, name);
	path.text[path.length] = '\0';
	return path.text;
}
