/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize.c - keeps the modules that were looked at and the frames that were found.
 */
#define _GNU_SOURCE
#include "model/symbolize.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/path.h"

#include "base/progress.h"
#include "model/demangle.h"
#include "model/symbolize_dwarf.h"
#include "model/symbolize_find.h"
#include "model/symbolize_names.h"
#include "model/symbolize_symbols.h"

/* A module of one or more snapshots: one path and build ID. */
struct object {
	const char *path, *build_id; /* interned */
	struct find_result files;
	struct dwarf_index *dwarf;    /* NULL = no debug information */
	struct symbol_index *symbols; /* NULL until asked for */
	bool are_symbols_read;
};

struct symbolizer {
	struct find find;
	struct name_table names;
	struct arena frames;
	struct object **objects;
	size_t object_count, object_capacity;
	struct digest_map object_map; /* path and build ID -> index into objects */
	struct frame_list *lists;
	size_t list_count, list_capacity;
	struct digest_map list_map; /* object and offset -> index into lists */
	bool show_progress;
};

/* Stands for code of no module where objects are numbered. */
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

static void object_free(struct object *object)
{
	if (!object)
		return;
	symbol_index_free(object->symbols);
	dwarf_index_free(object->dwarf);
	find_result_fini(&object->files);
	free(object);
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	if (!symbolizer)
		return;
	for (size_t i = 0; i < symbolizer->object_count; i++)
		object_free(symbolizer->objects[i]);
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

static void object_open(struct symbolizer *symbolizer, struct object *object, struct build_id id)
{
	const struct elf_file *files[2];

	if (!*object->path)
		return;
	find_module(&symbolizer->find, object->path, id, &object->files);
	files[0] = object->files.debug;
	files[1] = object->files.main;
	for (size_t i = 0; !object->dwarf && i < 2; i++)
		if (files[i] && dwarf_index_new(files[i], &symbolizer->find, &object->dwarf) != 0)
			object->dwarf = NULL;
}

static struct object *object_new(struct symbolizer *symbolizer, const char *path,
				 struct build_id id)
{
	struct object *object = calloc(1, sizeof(*object));
	char hex[BUILD_ID_TEXT_BYTES];

	if (!object)
		return NULL;
	object->path = intern_text(&symbolizer->names.texts, path);
	object->build_id = intern_text(&symbolizer->names.texts, build_id_text(id, hex));
	if (!object->path || !object->build_id) {
		free(object);
		return NULL;
	}
	object_open(symbolizer, object, id);
	return object;
}

static size_t object_add(struct symbolizer *symbolizer, const char *path, struct build_id id,
			 struct digest key)
{
	struct object *object;

	if (symbolizer->object_count == symbolizer->object_capacity) {
		size_t capacity =
			symbolizer->object_capacity ? 2 * symbolizer->object_capacity : 32;
		struct object **objects =
			reallocarray(symbolizer->objects, capacity, sizeof(*objects));

		if (!objects)
			return OBJECT_NONE;
		symbolizer->objects = objects;
		symbolizer->object_capacity = capacity;
	}
	object = object_new(symbolizer, path, id);
	if (!object)
		return OBJECT_NONE;
	if (digest_map_put(&symbolizer->object_map, key, symbolizer->object_count) != 0) {
		object_free(object);
		return OBJECT_NONE;
	}
	symbolizer->objects[symbolizer->object_count] = object;
	return symbolizer->object_count++;
}

static const char *module_path(const struct snapshot *snapshot, const struct module *module)
{
	if (!*module->path && (module->flags & MT_MODULE_MAIN) && snapshot->executable)
		return snapshot->executable;
	return module->path;
}

static size_t object_of(struct symbolizer *symbolizer, const struct snapshot *snapshot,
			uint32_t module_index)
{
	const struct module *module = &snapshot->modules[module_index];
	const char *path = module_path(snapshot, module);
	struct build_id id = {module->build_id, module->build_id_bytes};
	struct digest key = digest_text((struct digest){0, 0}, path);
	size_t index;

	for (size_t i = 0; i < id.bytes; i++)
		key = digest_word(key, id.data[i]);
	index = digest_map_find(&symbolizer->object_map, key);
	return index == DIGEST_MAP_NONE ? object_add(symbolizer, path, id, key) : index;
}

static const struct symbol *object_symbol(struct object *object, uint64_t offset)
{
	if (!object->are_symbols_read) {
		object->are_symbols_read = true;
		if (symbol_index_new(&object->files, &object->symbols) != 0)
			object->symbols = NULL;
	}
	return object->symbols ? symbol_index_find(object->symbols, offset) : NULL;
}

/*
 * Whether the symbol that covers an address names its function better than the debug information does: where
 * that has no name or, for C++, only one without scope and types; and at the start of a function that other
 * modules see, so that "strdup" is not "__strdup" as soon as debug information is installed.
 */
static bool symbol_is_better(const struct symbol *symbol, const struct dwarf_frame *frame,
			     uint64_t entry)
{
	if (!frame->name && !frame->linkage_name)
		return true;
	if (!symbol->is_local && symbol->low == entry)
		return true;
	return !frame->linkage_name && demangle_is_mangled(symbol->name);
}

static const char *linkage_name_of(struct object *object, const struct dwarf_frame *frame,
				   uint64_t entry, uint64_t offset)
{
	const struct symbol *symbol = frame->is_inlined ? NULL : object_symbol(object, offset);

	if (symbol && symbol_is_better(symbol, frame, entry))
		return symbol->name;
	return frame->linkage_name ? frame->linkage_name : frame->name;
}

static const char *file_of(struct symbolizer *symbolizer, const struct dwarf_frame *frame)
{
	char *path = frame->file ? path_join(frame->directory, frame->file) : NULL;
	const char *text = intern_text(&symbolizer->names.texts, path);

	free(path);
	return text;
}

static struct frame_list list_of_code(struct symbolizer *symbolizer, struct object *object,
				      uint64_t offset)
{
	static const struct dwarf_frame nothing_known;
	struct dwarf_frames found = {NULL, 0, 0};
	struct frame *frames;

	if (object->dwarf)
		found = dwarf_index_find(object->dwarf, offset);
	if (found.count == 0)
		found = (struct dwarf_frames){&nothing_known, 1, 0};
	frames = arena_alloc(&symbolizer->frames, found.count * sizeof(*frames));
	if (!frames)
		return unknown_list;
	for (size_t i = 0; i < found.count; i++) {
		const struct dwarf_frame *frame = &found.frames[i];
		struct function_name name =
			name_table_function(&symbolizer->names,
					    linkage_name_of(object, frame, found.entry, offset));

		frames[i] = (struct frame){
			.function = name.function,
			.linkage_name = name.linkage_name,
			.file = file_of(symbolizer, frame),
			.line = frame->line,
			.is_inlined = frame->is_inlined,
			.module = object->path,
			.build_id = object->build_id,
			.offset = offset,
		};
	}
	return (struct frame_list){frames, found.count};
}

static struct frame_list list_of_one(struct symbolizer *symbolizer, const char *function,
				     uint64_t offset)
{
	struct frame *frame = arena_alloc(&symbolizer->frames, sizeof(*frame));

	if (!frame)
		return unknown_list;
	*frame = unknown_frame;
	frame->offset = offset;
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

struct frame_list symbolize_location(struct symbolizer *symbolizer, const struct snapshot *snapshot,
				     uint32_t location_index)
{
	const struct location *location = &snapshot->locations[location_index];
	size_t object = OBJECT_PSEUDO, index;
	struct frame_list list;
	struct digest key;

	if (location->kind == LOCATION_CODE)
		object = location->module == 0 ? OBJECT_NONE
					       : object_of(symbolizer, snapshot, location->module);
	key = location_key(location, object);
	index = digest_map_find(&symbolizer->list_map, key);
	if (index != DIGEST_MAP_NONE)
		return symbolizer->lists[index];
	if (object == OBJECT_PSEUDO)
		list = list_of_pseudo(symbolizer, location);
	else if (object == OBJECT_NONE)
		list = list_of_one(symbolizer, NULL, location->offset);
	else
		list = list_of_code(symbolizer, symbolizer->objects[object], location->offset);
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
