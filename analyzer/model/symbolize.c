/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize.c - keeps the modules that were looked at and the frames that were found.
 */
#define _GNU_SOURCE 1
#include "model/symbolize.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/progress.h"
#include "model/symbolize_find.h"
#include "model/symbolize_names.h"
#include "model/symbolize_object.h"

struct symbolizer {
	struct find find;
	struct name_table names;
	struct arena frames;
	uint32_t frame_count; /* the last serial number given out */
	struct code_object **objects;
	size_t object_count, object_capacity;
	struct digest_map object_map; /* path and build ID -> index into objects */
	struct frame_list *lists;
	size_t list_count, list_capacity;
	struct digest_map list_map; /* object and offset -> index into lists */
	bool show_progress;
};

/* Stand where objects are numbered: for one that there was no memory for, and for what is not code. */
#define OBJECT_NONE ((size_t)-1)
#define OBJECT_PSEUDO ((size_t)-2)

/* What is handed out when there is no memory for more. */
static const struct frame unknown_frame = {.module = "", .build_id = ""};
static const struct frame_list unknown_list = {&unknown_frame, 1};

int symbolizer_new(const struct symbolize_options *options, struct symbolizer **out,
		   struct error *error)
{
	struct symbolizer *symbolizer = calloc(1, sizeof(*symbolizer));
	int status;

	if (!symbolizer)
		return error_set(error, -ENOMEM, "out of memory");
	symbolizer->show_progress = options->show_progress;
	status = find_init(&symbolizer->find, options, error);
	if (status != 0)
		symbolizer_free(symbolizer);
	else
		*out = symbolizer;
	return status;
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	for (size_t i = 0; i < symbolizer->object_count; i++)
		code_object_free(symbolizer->objects[i]);
	free(symbolizer->objects);
	free(symbolizer->lists);
	digest_map_fini(&symbolizer->object_map);
	digest_map_fini(&symbolizer->list_map);
	arena_fini(&symbolizer->frames);
	name_table_fini(&symbolizer->names);
	find_fini(&symbolizer->find);
	free(symbolizer);
}

const char *const *symbolizer_warnings(const struct symbolizer *symbolizer)
{
	static const char *const none[] = {NULL};

	return symbolizer->find.warnings ? (const char *const *)symbolizer->find.warnings : none;
}

/* Takes the object. Returns its number, OBJECT_NONE when there is no memory. */
static size_t object_keep(struct symbolizer *symbolizer, struct digest key,
			  struct code_object *object)
{
	if (object && symbolizer->object_count == symbolizer->object_capacity) {
		size_t capacity =
			symbolizer->object_capacity ? 2 * symbolizer->object_capacity : 32;
		struct code_object **objects =
			reallocarray(symbolizer->objects, capacity, sizeof(*objects));

		if (!objects)
			goto failed;
		symbolizer->objects = objects;
		symbolizer->object_capacity = capacity;
	}
	if (!object || digest_map_put(&symbolizer->object_map, key, symbolizer->object_count) != 0)
		goto failed;
	symbolizer->objects[symbolizer->object_count] = object;
	return symbolizer->object_count++;
failed:
	code_object_free(object);
	return OBJECT_NONE;
}

static const char *module_path(const struct snapshot *snapshot, const struct module *module)
{
	if (!*module->path && (module->flags & MT_MODULE_MAIN) && snapshot->executable)
		return snapshot->executable;
	return module->path;
}

static size_t object_of_module(struct symbolizer *symbolizer, const struct snapshot *snapshot,
			       const struct module *module)
{
	const struct find_module wanted = {
		.path = module_path(snapshot, module),
		.id = {module->build_id, module->build_id_bytes},
		.start_ns = snapshot->header.start_realtime_ns,
		.pid = snapshot->state == SNAPSHOT_RUNNING ? snapshot->header.pid : 0,
		.start = module->start,
		.is_executable = module->flags & MT_MODULE_MAIN,
	};
	struct digest key = digest_text((struct digest){0, 0}, wanted.path);
	size_t index;

	for (size_t i = 0; i < wanted.id.bytes; i++)
		key = digest_word(key, wanted.id.data[i]);
	index = digest_map_find(&symbolizer->object_map, key);
	if (index != DIGEST_MAP_NONE)
		return index;
	return object_keep(symbolizer, key,
			   code_object_new(&symbolizer->find, &symbolizer->names, &wanted));
}

/* Code of no module: addresses mean something within one process only. */
static size_t object_of_process(struct symbolizer *symbolizer, const struct snapshot *snapshot)
{
	const struct mt_header *header = &snapshot->header;
	struct digest key = digest_text((struct digest){0, 0}, NULL);
	size_t index;

	key = digest_word(digest_word(key, (uint64_t)header->pid), header->start_realtime_ns);
	index = digest_map_find(&symbolizer->object_map, key);
	if (index != DIGEST_MAP_NONE)
		return index;
	return object_keep(symbolizer, key,
			   code_object_new_jit(&symbolizer->find, &symbolizer->names, header->pid,
					       header->start_realtime_ns));
}

static size_t object_of(struct symbolizer *symbolizer, const struct snapshot *snapshot,
			const struct location *location)
{
	if (location->kind != LOCATION_CODE)
		return OBJECT_PSEUDO;
	if (location->module == MT_MODULE_NONE || location->module >= snapshot->module_count)
		return object_of_process(symbolizer, snapshot);
	return object_of_module(symbolizer, snapshot, &snapshot->modules[location->module]);
}

static struct frame_list list_of_one(struct symbolizer *symbolizer, const char *function,
				     uint64_t offset)
{
	struct frame *frame = arena_alloc(&symbolizer->frames, sizeof(*frame));
	const char *none = intern_text(&symbolizer->names.texts, "");

	if (!frame || !none)
		return unknown_list;
	frame->module = frame->build_id = none;
	frame->offset = offset;
	frame->serial = ++symbolizer->frame_count;
	frame->function = frame->linkage_name = intern_text(&symbolizer->names.texts, function);
	return (struct frame_list){frame, 1};
}

static struct frame_list list_of_pseudo(struct symbolizer *symbolizer,
					const struct location *location)
{
	static const char *const functions[] = {
		[LOCATION_TRUNCATED] = "[truncated]",
		[LOCATION_UNKNOWN] = "[unknown caller]",
		[LOCATION_OVERFLOW] = "[stacks not told apart]",
		[LOCATION_API] = "[reported]",
	};
	struct frame_list list;
	char *text = NULL;

	if (location->kind != LOCATION_THREAD)
		return list_of_one(symbolizer, functions[location->kind], 0);
	if (asprintf(&text, "[thread %s]", location->name ? location->name : "") < 0)
		return unknown_list;
	list = list_of_one(symbolizer, text, 0);
	free(text);
	return list;
}

/* Adds a list under its key; when there is no memory the next call finds it anew. */
static void list_keep(struct symbolizer *symbolizer, struct digest key, struct frame_list list)
{
	if (symbolizer->list_count == symbolizer->list_capacity) {
		size_t capacity = symbolizer->list_capacity ? 2 * symbolizer->list_capacity : 1024;
		struct frame_list *lists =
			reallocarray(symbolizer->lists, capacity, sizeof(*lists));

		if (!lists)
			return;
		symbolizer->lists = lists;
		symbolizer->list_capacity = capacity;
	}
	symbolizer->lists[symbolizer->list_count] = list;
	if (digest_map_put(&symbolizer->list_map, key, symbolizer->list_count) == 0)
		symbolizer->list_count++;
}

static struct digest location_key(const struct location *location, size_t object)
{
	struct digest key = digest_word((struct digest){0, 0}, object);

	if (location->kind == LOCATION_CODE)
		return digest_word(key, location->offset);
	return digest_text(digest_word(key, location->kind),
			   location->kind == LOCATION_THREAD ? location->name : NULL);
}

static struct frame_list list_make(struct symbolizer *symbolizer, size_t object,
				   const struct location *location)
{
	struct frame_list list = {NULL, 0};

	if (object == OBJECT_PSEUDO)
		list = list_of_pseudo(symbolizer, location);
	else if (object != OBJECT_NONE)
		list = code_object_frames(symbolizer->objects[object], location->offset,
					  &symbolizer->frames, &symbolizer->frame_count);
	return list.count > 0 ? list : unknown_list;
}

struct frame_list symbolize_location(struct symbolizer *symbolizer, const struct snapshot *snapshot,
				     uint32_t location_index)
{
	const struct location *location = &snapshot->locations[location_index];
	size_t object = object_of(symbolizer, snapshot, location);
	struct digest key = location_key(location, object);
	size_t index = digest_map_find(&symbolizer->list_map, key);
	struct frame_list list;

	if (index != DIGEST_MAP_NONE)
		return symbolizer->lists[index];
	list = list_make(symbolizer, object, location);
	list_keep(symbolizer, key, list);
	return list;
}

void symbolize_all(struct symbolizer *symbolizer, const struct snapshot *snapshot)
{
	struct progress progress;

	progress_init(&progress, "reading symbols", symbolizer->show_progress);
	for (uint32_t i = 1; i < snapshot->location_count; i++) {
		struct frame_list list = symbolize_location(symbolizer, snapshot, i);

		progress_update(&progress, i, snapshot->location_count, list.frames[0].module);
	}
	progress_fini(&progress);
}
