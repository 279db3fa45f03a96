/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_names.c - compares paths from their ends.
 */
#include "model/file_names.h"

#include <stdlib.h>
#include <string.h>

/*
 * Orders by the last byte first, so that the paths with most in common at the end are neighbours.
 */
static int compare_ends(const void *left, const void *right)
{
	const char *a = *(const char *const *)left, *b = *(const char *const *)right;
	size_t a_bytes = strlen(a), b_bytes = strlen(b);

	while (a_bytes > 0 && b_bytes > 0) {
		unsigned char x = (unsigned char)a[--a_bytes], y = (unsigned char)b[--b_bytes];

		if (x != y)
			return x < y ? -1 : 1;
	}
	return (a_bytes > 0) - (b_bytes > 0);
}

/* Whole components that two different paths share at their ends. */
static size_t shared_components(const char *a, const char *b)
{
	size_t a_left = strlen(a), b_left = strlen(b), components = 0;

	while (a_left > 0 && b_left > 0 && a[a_left - 1] == b[b_left - 1]) {
		a_left--;
		b_left--;
		components += a[a_left] == '/';
	}
	/* one is the other's end: its first component is whole too */
	if ((a_left == 0 && b_left > 0 && b[b_left - 1] == '/') ||
	    (b_left == 0 && a_left > 0 && a[a_left - 1] == '/'))
		components++;
	return components;
}

static const char *last_component(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static struct digest name_key(const char *path)
{
	return digest_text((struct digest){0, 0}, last_component(path));
}

static int names_deepen(struct file_names *names, const char *path, size_t depth)
{
	struct digest key = name_key(path);
	size_t *known = digest_map_value(&names->depths, key);

	if (!known)
		return digest_map_put(&names->depths, key, depth);
	if (*known < depth)
		*known = depth;
	return 0;
}

int file_names_add(struct file_names *names, const char **paths, size_t count)
{
	size_t i;
	int status = 0;

	if (count > 1)
		qsort(paths, count, sizeof(*paths), compare_ends);
	for (i = 1; i < count && !status; i++) {
		size_t shared;

		if (strcmp(paths[i - 1], paths[i]) == 0)
			continue;
		shared = shared_components(paths[i - 1], paths[i]);
		if (shared > 0)
			status = names_deepen(names, paths[i], shared + 1);
	}
	return status;
}

void file_names_fini(struct file_names *names)
{
	digest_map_fini(&names->depths);
}

const char *file_names_short(const struct file_names *names, const char *path)
{
	size_t depth = digest_map_find(&names->depths, name_key(path));
	const char *at = path + strlen(path);

	if (depth == DIGEST_MAP_NONE)
		return last_component(path);
	while (at > path && depth > 0) {
		at--;
		depth -= *at == '/';
	}
	return *at == '/' ? at + 1 : at;
}
