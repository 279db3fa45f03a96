/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_survey.h - what an executable or library shows of itself that matters for tracing it.
 *
 * The file is only read, never loaded.
 */
#ifndef MODEL_SYMBOLIZE_SURVEY_H
#define MODEL_SYMBOLIZE_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Functions that say something; several names may stand for one of these. */
enum survey_symbol {
	SURVEY_MALLOC,	/* malloc itself */
	SURVEY_NEW,	/* operator new */
	SURVEY_MALLOCX, /* jemalloc's calls beyond malloc: mallocx, sdallocx, ... */
	SURVEY_PREFIXED, /* malloc of an allocator under a name of its own: je_malloc, mi_malloc, ... */
	SURVEY_DLOPEN,
	SURVEY_DLMOPEN,
	SURVEY_SYMBOL_COUNT
};

/* How a file has such a function; the name that was met first. NULL = not. */
struct survey_use {
	const char *imported; /* calls it in another file */
	const char *asked;    /* calls it where another file has it (a weak symbol) */
	const char *exported; /* defines it for all files */
	const char *internal; /* defines it for itself only */
};

struct survey {
	struct survey_use uses[SURVEY_SYMBOL_COUNT];
	char **needed; /* DT_NEEDED, NULL-terminated; NULL = none */
	char *soname;  /* NULL = none */
	char *runpath; /* DT_RUNPATH, else DT_RPATH; NULL = none */
	bool has_rpath_only;
	bool is_symbolic;     /* uses its own definitions first */
	bool has_sections;    /* else nothing of the above is known */
	bool has_code;	      /* a program, or exports functions */
	bool has_unwind_info; /* .eh_frame_hdr, by which stacks are walked */
	bool has_symbols;     /* names of more than exported functions, here or in a debug file */
	bool has_lines;	      /* debug information, here or in a debug file */
};

/**
 * survey_file() - look at one file.
 * @name: its path as the process saw it, by which debug files are found.
 *
 * Return: 0; -ENOENT; -ENOEXEC no ELF file; another negative errno. Free with survey_fini() in any case.
 */
int survey_file(const char *path, const char *name, struct survey *survey);
void survey_fini(struct survey *survey);

#endif
