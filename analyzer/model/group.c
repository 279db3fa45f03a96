/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group.c - turns stacks and frames into digests of what makes them the same.
 */
#include "model/group.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

static const struct {
	const char *one, *many;
} group_names[GROUP_COUNT] = {
	[GROUP_SITE] = {"site", "sites"},	[GROUP_FUNCTION] = {"function", "functions"},
	[GROUP_LINE] = {"line", "lines"},	[GROUP_FILE] = {"file", "files"},
	[GROUP_MODULE] = {"module", "modules"}, [GROUP_THREAD] = {"thread", "threads"},
};

const char *group_name(enum group_by by, uint64_t count)
{
	return count == 1 ? group_names[by].one : group_names[by].many;
}

int group_find(const char *text, enum group_by *by, struct error *error)
{
	size_t i, hits = 0;
	size_t bytes = strlen(text);

	for (i = 0; i < GROUP_COUNT && bytes > 0; i++) {
		if (strncmp(group_names[i].one, text, bytes) != 0)
			continue;
		*by = (enum group_by)i;
		if (group_names[i].one[bytes] == '\0')
			return 0;
		hits++;
	}
	if (hits == 1)
		return 0;
	return error_set(
		error, -EINVAL,
		"cannot group by '%s'; there are site, function, line, file, module, thread", text);
}

/* What a key says of the module: its build, or its name where that is not known. */
static struct digest digest_build(struct digest key, const char *build_id, const char *path)
{
	return digest_text(key, *build_id ? build_id : path_base(path));
}

static struct digest digest_unresolved(struct digest key, const struct frame *frame)
{
	return digest_word(digest_build(key, frame->build_id, frame->module), frame->offset);
}

static struct digest digest_file(const struct group_rules *rules, struct digest key,
				 const struct frame *frame)
{
	if (frame->file)
		return digest_text(key, group_rules_file(rules, frame->file));
	return digest_text(key, path_base(frame->module));
}

static struct digest digest_function(const struct group_rules *rules, struct digest key,
				     const struct frame *frame)
{
	if (!frame->function)
		return digest_unresolved(key, frame);
	return digest_file(rules, digest_text(key, frame->function), frame);
}

struct digest group_frame_key(const struct group_rules *rules, enum group_by by,
			      const struct frame *frame)
{
	struct digest key = {by, 0};

	switch (by) {
	case GROUP_LINE:
		if (frame->file && frame->line)
			return digest_word(digest_file(rules, key, frame), frame->line);
		return digest_unresolved(key, frame);
	case GROUP_FUNCTION:
		return digest_function(rules, key, frame);
	case GROUP_FILE:
		return digest_file(rules, key, frame);
	case GROUP_MODULE:
		return digest_text(key, path_base(frame->module));
	case GROUP_SITE:
	case GROUP_THREAD:
	case GROUP_COUNT:
		break;
	}
	return key;
}

static struct digest digest_code(struct digest key, const struct snapshot *snapshot,
				 const struct location *location)
{
	const struct module *module = &snapshot->modules[location->module];
	uint64_t words[MT_BUILD_ID_MAX / sizeof(uint64_t)] = {0};
	size_t i;

	memcpy(words, module->build_id, module->build_id_bytes);
	if (!module->build_id_bytes)
		key = digest_text(key, path_base(module->path));
	for (i = 0; i * sizeof(uint64_t) < module->build_id_bytes; i++)
		key = digest_word(key, words[i]);
	return digest_word(key, location->offset);
}

static int digest_names(const struct group_rules *rules, const struct snapshot *snapshot,
			struct stack_reader *reader, uint32_t location, struct digest *key)
{
	struct frame_list list;
	size_t i;
	int status = stack_frames_of(reader, snapshot, location, &list);

	for (i = 0; !status && i < list.count; i++)
		*key = digest_function(rules, *key, &list.frames[i]);
	return status;
}

/* Adds one location to the key of its callers. */
static int digest_location(const struct group_rules *rules, struct stack_reader *reader,
			   const struct snapshot *snapshot, uint32_t index, struct digest *key)
{
	const struct location *location = &snapshot->locations[index];
	const struct module *module;

	if (location->kind == LOCATION_THREAD)
		return 0;
	if (location->kind != LOCATION_CODE) {
		*key = digest_word(*key, location->kind);
		return 0;
	}
	module = &snapshot->modules[location->module];
	if (module->flags & MT_MODULE_SELF)
		return 0;
	if (group_rules_by_name(rules, module->path))
		return digest_names(rules, snapshot, reader, index, key);
	*key = digest_code(*key, snapshot, location);
	return 0;
}

static size_t keys_bytes(size_t count)
{
	return (count + 1) * sizeof(struct digest);
}

void group_site_keys_free(struct digest *keys, const struct snapshot *snapshot)
{
	pages_free(keys, keys_bytes(snapshot->site_count));
}

/* The key of every node, taken as the innermost one of a stack. */
static int node_keys(const struct group_rules *rules, struct stack_reader *reader,
		     const struct snapshot *snapshot, struct digest *keys)
{
	size_t i;
	int status = 0;

	for (i = 1; i < snapshot->node_count && !status; i++) {
		const struct node *node = &snapshot->nodes[i];

		keys[i] = keys[node->parent];
		status = digest_location(rules, reader, snapshot, node->location, &keys[i]);
	}
	return status;
}

int group_site_keys(const struct group_rules *rules, struct stack_reader *reader,
		    const struct snapshot *snapshot, struct digest **out)
{
	struct digest *of_nodes = pages_alloc(keys_bytes(snapshot->node_count));
	struct digest *keys = pages_alloc(keys_bytes(snapshot->site_count));
	int status = of_nodes && keys ? 0 : -ENOMEM;
	size_t i;

	if (!status)
		status = node_keys(rules, reader, snapshot, of_nodes);
	for (i = 0; i < snapshot->site_count && !status; i++)
		keys[i] = of_nodes[snapshot->sites[i].node];
	pages_free(of_nodes, keys_bytes(snapshot->node_count));
	if (status)
		group_site_keys_free(keys, snapshot);
	else
		*out = keys;
	return status;
}
