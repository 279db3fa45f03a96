/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_dwarf.c - from an address to its unit, from there to its function, line and inlined calls.
 */
#define _GNU_SOURCE 1
#include "model/symbolize_dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwelf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/range_index.h"
#include "model/symbolize_function.h"

/* A compilation unit. */
struct unit {
	Dwarf_CU *handle;
	const char *directory; /* where it was compiled; NULL = unknown */
	Dwarf_Die die;	       /* its root; of split debug information, that in the .dwo file */
	struct function_list functions;
	bool is_read, is_thorough;
};

struct dwarf_index {
	Dwarf *dwarf, *alternate;
	struct elf_file *alternate_file;
	const char *path;
	struct find *find;
	struct unit *units;
	size_t unit_count, unit_capacity;
	struct range_index ranges; /* of code -> index into units */
	struct dwarf_frame *frames;
	size_t frame_capacity;
	struct die_namer namer;
};

/* The file that dwz moved common parts to; where we find none, the library looks in its own places. */
static void dwarf_index_open_alternate(struct dwarf_index *index, const struct elf_file *file)
{
	const char *name;
	const void *id;
	ssize_t id_bytes = dwelf_dwarf_gnu_debugaltlink(index->dwarf, &name, &id);

	if (id_bytes <= 0)
		return;
	index->alternate_file =
		find_alternate(index->find, file, name, (struct build_id){id, (size_t)id_bytes});
	if (index->alternate_file)
		index->alternate = dwarf_begin_elf(index->alternate_file->elf, DWARF_C_READ, NULL);
	if (index->alternate)
		dwarf_setalt(index->dwarf, index->alternate);
	else if (!dwarf_getalt(index->dwarf))
		find_warn(index->find, "%s: its shared debug file %s was not found", file->path,
			  name);
}

static int dwarf_index_add_unit(struct dwarf_index *index, Dwarf_CU *handle, Dwarf_Die *die)
{
	Dwarf_Addr base = 0, low, high;
	Dwarf_Attribute value;
	int status = 0;

	if (index->unit_count == index->unit_capacity) {
		size_t capacity = index->unit_capacity ? 2 * index->unit_capacity : 64;
		struct unit *units = reallocarray(index->units, capacity, sizeof(*units));

		if (!units)
			return -ENOMEM;
		index->units = units;
		index->unit_capacity = capacity;
	}
	for (ptrdiff_t at = 0; status == 0 && (at = dwarf_ranges(die, at, &base, &low, &high)) > 0;)
		if (low != 0 && high < UINT64_MAX - 1)
			status = range_index_add(&index->ranges, low, high, index->unit_count);
	index->units[index->unit_count++] = (struct unit){
		.handle = handle,
		.die = *die,
		.directory = dwarf_formstring(dwarf_attr(die, DW_AT_comp_dir, &value)),
	};
	return status;
}

static int dwarf_index_read_units(struct dwarf_index *index)
{
	Dwarf_CU *handle = NULL;
	int status = 0;

	while (status == 0) {
		uint8_t type = 0;
		Dwarf_Die die;

		if (dwarf_get_units(index->dwarf, handle, &handle, NULL, &type, &die, NULL) != 0)
			break;
		if (type == DW_UT_compile || type == DW_UT_skeleton)
			status = dwarf_index_add_unit(index, handle, &die);
	}
	range_index_sort(&index->ranges);
	return status;
}

int dwarf_index_new(const struct elf_file *file, struct find *find, struct dwarf_index **out)
{
	struct dwarf_index *index = calloc(1, sizeof(*index));
	int status;

	if (!index)
		return -ENOMEM;
	index->find = find;
	index->path = file->path;
	index->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (index->dwarf) {
		dwarf_index_open_alternate(index, file);
		status = dwarf_index_read_units(index);
		if (status == 0 && index->unit_count == 0)
			status = -ENOENT;
	} else {
		status = -ENOENT;
	}
	if (status != 0)
		dwarf_index_free(index);
	else
		*out = index;
	return status;
}

void dwarf_index_free(struct dwarf_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->unit_count; i++)
		function_list_fini(&index->units[i].functions);
	free(index->units);
	range_index_fini(&index->ranges);
	die_namer_fini(&index->namer);
	dwarf_end(index->dwarf);
	dwarf_end(index->alternate);
	elf_file_close(index->alternate_file);
	free(index->frames);
	free(index);
}

/* The part of split debug information that is in a file of its own. */
static void unit_open_split(struct dwarf_index *index, struct unit *unit)
{
	uint8_t type = 0;
	Dwarf_Die split = {0};
	Dwarf_Attribute value;
	const char *name;
	char *package;

	if (dwarf_cu_info(unit->handle, NULL, &type, NULL, &split, NULL, NULL, NULL) != 0 ||
	    type != DW_UT_skeleton)
		return;
	if (dwarf_tag(&split) == DW_TAG_compile_unit) {
		unit->die = split;
		return;
	}
	name = dwarf_formstring(dwarf_attr(&unit->die, DW_AT_dwo_name, &value));
	if (!name)
		name = dwarf_formstring(dwarf_attr(&unit->die, DW_AT_GNU_dwo_name, &value));
	if (asprintf(&package, "%s.dwp", index->path) < 0)
		package = NULL;
	if (package && access(package, R_OK) == 0)
		find_warn(index->find, "%s: this build of memtrace cannot read such packages",
			  package);
	else
		find_warn(index->find, "%s: its split debug file %s was not found", index->path,
			  name ? name : "(without a name)");
	free(package);
}

static void unit_read(struct dwarf_index *index, struct unit *unit, bool is_thorough)
{
	if (!unit->is_read)
		unit_open_split(index, unit);
	function_list_fini(&unit->functions);
	(void)function_list_read(&unit->functions, &unit->die, is_thorough);
	unit->is_read = true;
	unit->is_thorough = is_thorough;
}

static struct function *unit_find_function(struct dwarf_index *index, struct unit *unit,
					   uint64_t address, uint64_t *low)
{
	struct function *function;

	if (!unit->is_read)
		unit_read(index, unit, false);
	function = function_list_find(&unit->functions, &index->namer, &unit->die, address, low);
	if (!function && !unit->is_thorough) {
		unit_read(index, unit, true);
		function = function_list_find(&unit->functions, &index->namer, &unit->die, address,
					      low);
	}
	return function;
}

static void unit_find_line(struct unit *unit, uint64_t address, struct dwarf_frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
	int number = 0;

	frame->directory = unit->directory;
	if (!line)
		return;
	frame->file = dwarf_linesrc(line, NULL, NULL);
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		frame->line = (uint32_t)number;
}

static int dwarf_index_reserve_frames(struct dwarf_index *index, size_t count)
{
	struct dwarf_frame *frames;

	if (count <= index->frame_capacity)
		return 0;
	frames = reallocarray(index->frames, 2 * count, sizeof(*frames));
	if (!frames)
		return -ENOMEM;
	index->frames = frames;
	index->frame_capacity = 2 * count;
	return 0;
}

/* Walks from the innermost inlined call outwards; each gives its place to the frame that called it. */
static size_t frames_expand(struct dwarf_frame *frames, const struct function *function,
			    uint32_t scope_index)
{
	struct dwarf_frame next = frames[0];
	size_t count = 0;

	while (scope_index != SCOPE_NONE) {
		const struct scope *scope = &function->scopes[scope_index];

		if (scope->name.name || scope->name.linkage_name) {
			frames[count] = next;
			frames[count].linkage_name = scope->name.linkage_name;
			frames[count].name = scope->name.name;
			frames[count++].is_inlined = true;
		}
		next.file = scope->call_file;
		next.line = scope->call_line;
		scope_index = scope->parent;
	}
	frames[count] = next;
	frames[count].linkage_name = function->name.linkage_name;
	frames[count++].name = function->name.name;
	return count;
}

struct dwarf_frames dwarf_index_find(struct dwarf_index *index, uint64_t address)
{
	size_t unit_index = range_index_find(&index->ranges, address), count = 1;
	uint32_t scope = SCOPE_NONE;
	uint64_t low = 0;
	const struct dwarf_frames nothing = {NULL, 0, 0};
	struct function *function;
	struct unit *unit;

	if (unit_index == RANGE_NONE)
		return nothing;
	unit = &index->units[unit_index];
	function = unit_find_function(index, unit, address, &low);
	if (function)
		scope = function_scope_at(function, address);
	if (scope != SCOPE_NONE)
		count += function->scopes[scope].depth;
	if (dwarf_index_reserve_frames(index, count) != 0)
		return nothing;
	index->frames[0] = (struct dwarf_frame){0};
	unit_find_line(unit, address, &index->frames[0]);
	count = function ? frames_expand(index->frames, function, scope) : 1;
	return (struct dwarf_frames){index->frames, count, low};
}
