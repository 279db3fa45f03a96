/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_dwarf.h - source-level frames of one module by its debug information. Private to symbolize*.c.
 *
 * The ranges of all compilation units are read at the start, the functions of a unit when the first address
 * in it is asked for, the inlined calls of a function likewise.
 */
#ifndef MODEL_SYMBOLIZE_DWARF_H
#define MODEL_SYMBOLIZE_DWARF_H

#include "model/symbolize_find.h"

/* Texts live as long as the index. */
struct dwarf_frame {
	const char *linkage_name; /* NULL = none is recorded */
	const char *name;	  /* as in the source; NULL = unknown */
	const char *file;	  /* NULL = unknown */
	const char *directory;	  /* what a relative file name is relative to; NULL = unknown */
	uint32_t line;		  /* 0 = unknown */
	bool is_inlined;
};

struct dwarf_frames {
	const struct dwarf_frame *frames; /* innermost first; valid until the next call */
	size_t count;
	uint64_t low; /* start of the outermost function's range around the address; 0 = unknown */
};

struct dwarf_index;

/**
 * dwarf_index_new() - get ready to look into a file.
 * @file: must stay open as long as the index.
 * @find: finds what the file refers to; gets the warnings.
 *
 * Return: 0; -ENOENT when there is no debug information in the file; -ENOMEM.
 */
int dwarf_index_new(const struct elf_file *file, struct find *find, struct dwarf_index **out);
void dwarf_index_free(struct dwarf_index *index);

/**
 * dwarf_index_find() - frames of an address.
 *
 * Inlined calls whose function has no name are left out. The last frame is the function that the code
 * belongs to: without names where only lines are known (assembler).
 *
 * Return: no frames where nothing is known.
 */
struct dwarf_frames dwarf_index_find(struct dwarf_index *index, uint64_t address);

#endif
