/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize.c - keeps the modules that were looked at and the frames that were found.
 */
#define _GNU_SOURCE 1
#include "model/symbolize.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/path.h"

#include "base/progress.h"
#include "model/demangle.h"
#include "model/symbolize_dwarf.h"
#include "model/symbolize_find.h"
#include "model/symbolize_jit.h"
#include "model/symbolize_names.h"
#include "model/symbolize_symbols.h"

/* A module of one or more snapshots: one path and build ID; or what one process compiled itself. */
struct object {
	const char *path, *build_id; /* interned */
	struct find_result files;
	struct dwarf_index *dwarf;    /* NULL = no debug information */
	struct symbol_index *symbols; /* NULL until asked for */
	bool are_symbols_read;
	struct jit_map *jit; /* code of no module: only this is there */
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

static void object_free(struct object *object)
{
	if (!object)
		return;
	jit_map_free(object->jit);
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

static void object_open(struct symbolizer *symbolizer, struct object *object,
			const struct find_module *module)
{
	const struct elf_file *files[2];

	if (!*object->path)
		return;
	find_module(&symbolizer->find, module, &object->files);
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
	if (object->path && object->build_id)
		return object;
	free(object);
	return NULL;
}

/* Takes the object. Returns its number, OBJECT_NONE when there is no memory. */
static size_t object_keep(struct symbolizer *symbolizer, struct digest key, struct object *object)
{
	if (object && symbolizer->object_count == symbolizer->object_capacity) {
		size_t capacity =
			symbolizer->object_capacity ? 2 * symbolizer->object_capacity : 32;
		struct object **objects =
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
	object_free(object);
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
	};
	struct digest key = digest_text((struct digest){0, 0}, wanted.path);
	struct object *object;
	size_t index;

	for (size_t i = 0; i < wanted.id.bytes; i++)
		key = digest_word(key, wanted.id.data[i]);
	index = digest_map_find(&symbolizer->object_map, key);
	if (index != DIGEST_MAP_NONE)
		return index;
	object = object_new(symbolizer, wanted.path, wanted.id);
	if (object)
		object_open(symbolizer, object, &wanted);
	return object_keep(symbolizer, key, object);
}

/* Code of no module: addresses mean something within one process only. */
static size_t object_of_process(struct symbolizer *symbolizer, const struct snapshot *snapshot)
{
	const struct mt_header *header = &snapshot->header;
	struct digest key = digest_text((struct digest){0, 0}, NULL);
	struct object *object;
	size_t index;

	key = digest_word(digest_word(key, (uint64_t)header->pid), header->start_realtime_ns);
	index = digest_map_find(&symbolizer->object_map, key);
	if (index != DIGEST_MAP_NONE)
		return index;
	object = object_new(symbolizer, "", (struct build_id){NULL, 0});
	if (object && jit_map_new(symbolizer->find.sysroot, header->pid, header->start_realtime_ns,
				  &object->jit) != 0)
		object->jit = NULL;
	return object_keep(symbolizer, key, object);
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

/* A directory that was made relative when the program was compiled may already be part of the name. */
static bool file_is_below(const char *file, const char *directory)
{
	size_t length = strlen(directory);

	return *directory != '/' && strncmp(file, directory, length) == 0 && file[length] == '/';
}

static const char *file_of(struct symbolizer *symbolizer, const struct dwarf_frame *frame)
{
	const char *directory = frame->directory, *text;
	char *path;

	if (!frame->file)
		return NULL;
	if (directory && file_is_below(frame->file, directory))
		directory = NULL;
	path = path_join(directory, frame->file);
	text = intern_text(&symbolizer->names.texts, path);
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

static struct frame_list list_make(struct symbolizer *symbolizer, size_t index,
				   const struct location *location)
{
	struct object *object;

	if (index == OBJECT_PSEUDO)
		return list_of_pseudo(symbolizer, location);
	if (index == OBJECT_NONE)
		return unknown_list;
	object = symbolizer->objects[index];
	if (object->jit)
		return list_of_one(symbolizer, jit_map_find(object->jit, location->offset),
				   location->offset);
	return list_of_code(symbolizer, object, location->offset);
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
