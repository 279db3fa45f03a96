/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group_rules.c - finds modules that were rebuilt, and names for source files that hold in both
 * builds.
 */
#include "model/group_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest_map.h"
#include "model/file_names.h"

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

struct group_rules {
	const char **rebuilt; /* base names, NULL-terminated */
	size_t count;
	struct file_names file_names;
};

bool group_rules_by_name(const struct group_rules *rules, const char *path)
{
	size_t i;

	for (i = 0; i < rules->count; i++)
		if (strcmp(rules->rebuilt[i], path_base(path)) == 0)
			return true;
	return false;
}

/* Where neither has a build ID, a module of another size is another one. */
static bool has_equal_build(const struct module *a, const struct module *b)
{
	if (!a->build_id_bytes && !b->build_id_bytes)
		return a->end - a->start == b->end - b->start;
	return a->build_id_bytes == b->build_id_bytes &&
	       memcmp(a->build_id, b->build_id, a->build_id_bytes) == 0;
}

/* A module that the other snapshot has under this name, but never in this build. */
static bool is_other_build(const struct module *module, const struct snapshot *other)
{
	bool has_name = false;
	size_t i;

	for (i = 1; i < other->module_count; i++) {
		const struct module *candidate = &other->modules[i];

		if (strcmp(path_base(candidate->path), path_base(module->path)) != 0)
			continue;
		if (has_equal_build(candidate, module))
			return false;
		has_name = true;
	}
	return has_name;
}

static int rules_compare(struct group_rules *rules, const struct snapshot *snapshot,
			 const struct snapshot *other)
{
	size_t i;

	for (i = 1; i < snapshot->module_count; i++) {
		const struct module *module = &snapshot->modules[i];
		const char **rebuilt;

		if (!*module->path || module->flags & MT_MODULE_SELF ||
		    group_rules_by_name(rules, module->path) || !is_other_build(module, other))
			continue;
		rebuilt = realloc(rules->rebuilt, (rules->count + 2) * sizeof(*rebuilt));
		if (!rebuilt)
			return -ENOMEM;
		rebuilt[rules->count++] = path_base(module->path);
		rebuilt[rules->count] = NULL;
		rules->rebuilt = rebuilt;
	}
	return 0;
}

int group_rules_new(const struct snapshot *const *snapshots, size_t count, struct group_rules **out)
{
	struct group_rules *rules = calloc(1, sizeof(*rules));
	int status = 0;
	size_t i;

	if (!rules)
		return -ENOMEM;
	rules->rebuilt = calloc(1, sizeof(*rules->rebuilt));
	if (!rules->rebuilt)
		status = -ENOMEM;
	for (i = 1; i < count && !status; i++)
		status = rules_compare(rules, snapshots[i], snapshots[0]);
	if (status) {
		group_rules_free(rules);
		return status;
	}
	*out = rules;
	return 0;
}

void group_rules_free(struct group_rules *rules)
{
	if (!rules)
		return;
	file_names_fini(&rules->file_names);
	free(rules->rebuilt);
	free(rules);
}

const char *const *group_rules_rebuilt(const struct group_rules *rules)
{
	return rules->rebuilt;
}

const char *group_rules_file(const struct group_rules *rules, const char *path)
{
	return rules->count ? file_names_short(&rules->file_names, path) : path;
}

struct path_list {
	const char **paths;
	size_t count, capacity;
	struct digest_map seen;
};

static int list_add(struct path_list *list, const char *path)
{
	struct digest key = digest_text((struct digest){0, 0}, path);

	if (digest_map_find(&list->seen, key) != DIGEST_MAP_NONE)
		return 0;
	if (list->count == list->capacity) {
		size_t capacity = list->capacity ? list->capacity * 2 : 64;
		const char **paths = realloc(list->paths, capacity * sizeof(*paths));

		if (!paths)
			return -ENOMEM;
		list->paths = paths;
		list->capacity = capacity;
	}
	list->paths[list->count++] = path;
	return digest_map_put(&list->seen, key, 0);
}

static int list_location(struct path_list *list, struct stack_reader *reader,
			 const struct snapshot *snapshot, uint32_t location)
{
	struct frame_list frames;
	size_t i;
	int status = stack_frames_of(reader, snapshot, location, &frames);

	for (i = 0; !status && i < frames.count; i++)
		if (frames.frames[i].file)
			status = list_add(list, frames.frames[i].file);
	return status;
}

static int learn_snapshot(struct group_rules *rules, struct stack_reader *reader,
			  const struct snapshot *snapshot)
{
	struct path_list list = {0};
	size_t i;
	int status = 0;

	stack_reader_expect(reader, snapshot);
	for (i = 1; i < snapshot->location_count && !status; i++) {
		const struct location *location = &snapshot->locations[i];

		if (location->kind == LOCATION_CODE)
			status = list_location(&list, reader, snapshot, (uint32_t)i);
	}
	if (!status)
		status = file_names_add(&rules->file_names, list.paths, list.count);
	digest_map_fini(&list.seen);
	free(list.paths);
	return status;
}

int group_rules_learn(struct group_rules *rules, struct stack_reader *reader,
		      const struct snapshot *const *snapshots, size_t count)
{
	size_t i;
	int status = 0;

	for (i = 0; rules->count > 0 && i < count && !status; i++)
		status = learn_snapshot(rules, reader, snapshots[i]);
	return status;
}
