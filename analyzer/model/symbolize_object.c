/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_object.c - puts together what debug information, symbols and source paths say of an address.
 */
#include "model/symbolize_object.h"

#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "model/demangle.h"
#include "model/symbolize_dwarf.h"
#include "model/symbolize_jit.h"
#include "model/symbolize_symbols.h"

struct code_object {
	struct name_table *names;
	const char *path, *build_id; /* interned */
	struct find_result files;
	struct dwarf_index *dwarf;    /* NULL = no debug information */
	struct symbol_index *symbols; /* NULL until asked for */
	bool are_symbols_read;
	struct jit_map *jit; /* what a process compiled itself: only this is there */
};

static void code_object_open(struct code_object *object, struct find *find,
			     const struct find_module *module)
{
	const struct elf_file *files[2];

	if (!*object->path)
		return;
	find_module(find, module, &object->files);
	files[0] = object->files.debug;
	files[1] = object->files.main;
	for (size_t i = 0; !object->dwarf && i < 2; i++)
		if (files[i] && dwarf_index_new(files[i], find, &object->dwarf) != 0)
			object->dwarf = NULL;
}

struct code_object *code_object_new(struct find *find, struct name_table *names,
				    const struct find_module *module)
{
	struct code_object *object = calloc(1, sizeof(*object));
	char hex[BUILD_ID_TEXT_BYTES];

	if (!object)
		return NULL;
	object->names = names;
	object->path = intern_text(&names->texts, module->path);
	object->build_id = intern_text(&names->texts, build_id_text(module->id, hex));
	if (!object->path || !object->build_id) {
		free(object);
		return NULL;
	}
	code_object_open(object, find, module);
	return object;
}

struct code_object *code_object_new_jit(struct find *find, struct name_table *names, int pid,
					uint64_t start_ns)
{
	struct code_object *object =
		code_object_new(find, names, &(struct find_module){.path = ""});

	if (object && jit_map_new(find->sysroot, pid, start_ns, &object->jit) != 0) {
		code_object_free(object);
		object = NULL;
	}
	return object;
}

void code_object_free(struct code_object *object)
{
	if (!object)
		return;
	jit_map_free(object->jit);
	symbol_index_free(object->symbols);
	dwarf_index_free(object->dwarf);
	find_result_fini(&object->files);
	free(object);
}

static const struct symbol *code_object_symbol(struct code_object *object, uint64_t offset)
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
			     uint64_t low)
{
	if (!frame->name && !frame->linkage_name)
		return true;
	if (!symbol->is_local && symbol->low == low)
		return true;
	return !frame->linkage_name && demangle_is_mangled(symbol->name);
}

static const char *linkage_name_of(struct code_object *object, const struct dwarf_frame *frame,
				   uint64_t low, uint64_t offset)
{
	const struct symbol *symbol = frame->is_inlined ? NULL : code_object_symbol(object, offset);

	if (symbol && symbol_is_better(symbol, frame, low))
		return symbol->name;
	return frame->linkage_name ? frame->linkage_name : frame->name;
}

/* A directory that was made relative when the program was compiled may already be part of the name. */
static bool file_is_below(const char *file, const char *directory)
{
	size_t length = strlen(directory);

	return *directory != '/' && strncmp(file, directory, length) == 0 && file[length] == '/';
}

static const char *file_of(struct name_table *names, const struct dwarf_frame *frame)
{
	const char *directory = frame->directory, *text;
	char *path;

	if (!frame->file)
		return NULL;
	if (directory && file_is_below(frame->file, directory))
		directory = NULL;
	path = path_join(directory, frame->file);
	text = intern_text(&names->texts, path);
	free(path);
	return text;
}

static struct function_name function_of(struct code_object *object, const struct dwarf_frame *frame,
					uint64_t low, uint64_t offset)
{
	struct function_name name;

	if (!object->jit)
		return name_table_function(object->names,
					   linkage_name_of(object, frame, low, offset));
	/* such names follow no compiler's rules */
	name.function = intern_text(&object->names->texts, jit_map_find(object->jit, offset));
	name.linkage_name = name.function;
	return name;
}

struct frame_list code_object_frames(struct code_object *object, uint64_t offset,
				     struct arena *arena, uint32_t *frame_count)
{
	static const struct dwarf_frame nothing_known;
	struct dwarf_frames found = {NULL, 0, 0};
	struct frame *frames;

	if (object->dwarf)
		found = dwarf_index_find(object->dwarf, offset);
	if (found.count == 0)
		found = (struct dwarf_frames){&nothing_known, 1, 0};
	frames = arena_alloc(arena, found.count * sizeof(*frames));
	if (!frames)
		return (struct frame_list){NULL, 0};
	for (size_t i = 0; i < found.count; i++) {
		const struct dwarf_frame *frame = &found.frames[i];
		struct function_name name = function_of(object, frame, found.low, offset);

		frames[i] = (struct frame){
			.function = name.function,
			.linkage_name = name.linkage_name,
			.file = file_of(object->names, frame),
			.line = frame->line,
			.serial = ++*frame_count,
			.is_inlined = frame->is_inlined,
			.module = object->path,
			.build_id = object->build_id,
			.offset = offset,
		};
	}
	return (struct frame_list){frames, found.count};
}
