/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_find.h - finds the files that belong to a module of a snapshot. Private to symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_FIND_H
#define MODEL_SYMBOLIZE_FIND_H

#include "model/symbolize.h"
#include "model/symbolize_elf.h"

struct debug_server;

/* Where to look. Strings belong to the options, but for those of the two lists. */
struct find {
	char *sysroot;		     /* "" = none; no slash at the end */
	char **debug_dirs;	     /* NULL-terminated, in the order of looking */
	struct debug_server *server; /* NULL = not to be asked */
	char **warnings;	     /* NULL-terminated */
};

/* What was found; either may be missing. */
struct find_result {
	struct elf_file *main;	/* the module itself */
	struct elf_file *debug; /* its separate debug file */
};

int find_init(struct find *find, const struct symbolize_options *options, struct error *error);
void find_fini(struct find *find);

/**
 * find_warn() - add a line to the warnings; the same line is kept once.
 */
void find_warn(struct find *find, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What is known of a module. */
struct find_module {
	const char *path;   /* as the process saw it */
	struct build_id id; /* that was recorded; a file with another one is never used */
	uint64_t start_ns;  /* when the process started, wall clock; 0 = unknown */
	int pid;	    /* of the process while it runs; else 0 */
	uint64_t start;	    /* where it was mapped */
	bool is_executable; /* of the process */
};

/**
 * find_module() - the files of a module.
 * @result: to be closed with find_result_fini(), whatever was found.
 */
void find_module(struct find *find, const struct find_module *module, struct find_result *result);
void find_result_fini(struct find_result *result);

/**
 * find_by_build_id() - a file below the debug directories.
 * @suffix: of its name: ".debug" for a debug file, "" for the module itself.
 *
 * Return: NULL if there is none with this build ID.
 */
struct elf_file *find_by_build_id(const struct find *find, struct build_id id, const char *suffix);

/**
 * find_alternate() - the file that the dwz program moved common debug information to.
 * @file: debug file that names it.
 * @name: as .gnu_debugaltlink names it: absolute, or relative to the folder of @file.
 *
 * Return: NULL if there is none with this build ID.
 */
struct elf_file *find_alternate(struct find *find, const struct elf_file *file, const char *name,
				struct build_id id);

#endif
