/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c - what the allocators, unwind information and symbols of a program's files mean for tracing it.
 */
#include "doctor/files.h"

#include <stdio.h>
#include <string.h>

#include "memtrace/env.h"

#define NAMES_SHOWN 3

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The C library and we ourselves: their malloc is what this is all about. */
static bool is_ours_or_libc(const struct doctor_file *file)
{
	static const char *const names[] = {"libc.so.6", "ld-linux-", "libmemtrace"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(base_name(file->path), names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static const struct survey_use *use_of(const struct doctor_file *file, enum survey_symbol symbol)
{
	return &file->survey.uses[symbol];
}

/* A weak symbol calls nothing unless some file has it. */
static bool calls(const struct doctor_files *files, size_t i, enum survey_symbol symbol)
{
	const struct survey_use *use = use_of(&files->files[i], symbol);

	if (use->imported != NULL || use->asked == NULL)
		return use->imported != NULL;
	for (size_t j = 0; j < files->count; j++)
		if (use_of(&files->files[j], symbol)->exported != NULL)
			return true;
	return false;
}

static bool is_allocator(const struct doctor_files *files, size_t i)
{
	const struct doctor_file *file = &files->files[i];

	return i > 0 && !is_ours_or_libc(file) && use_of(file, SURVEY_MALLOC)->exported != NULL;
}

/* ---- claims about one file ---- */

static bool has_no_sections(const struct doctor_files *files, size_t i)
{
	return !files->files[i].survey.has_sections;
}

static bool has_no_unwind_info(const struct doctor_files *files, size_t i)
{
	return files->files[i].survey.has_code && !files->files[i].survey.has_unwind_info;
}

static bool hides_malloc(const struct doctor_files *files, size_t i)
{
	const struct doctor_file *file = &files->files[i];

	return !is_ours_or_libc(file) && use_of(file, SURVEY_MALLOC)->exported == NULL &&
	       use_of(file, SURVEY_MALLOC)->internal != NULL;
}

static bool calls_beyond_malloc(const struct doctor_files *files, size_t i)
{
	return calls(files, i, SURVEY_MALLOCX);
}

static bool has_prefixed_allocator(const struct doctor_files *files, size_t i)
{
	const struct survey_use *use = use_of(&files->files[i], SURVEY_PREFIXED);

	return !is_allocator(files, i) &&
	       (calls(files, i, SURVEY_PREFIXED) || use->exported != NULL || use->internal != NULL);
}

static bool calls_new(const struct doctor_files *files, size_t i)
{
	return calls(files, i, SURVEY_NEW);
}

static bool brings_new(const struct doctor_files *files, size_t i)
{
	return is_allocator(files, i) && use_of(&files->files[i], SURVEY_NEW)->exported != NULL;
}

static bool keeps_to_itself(const struct doctor_files *files, size_t i)
{
	return is_allocator(files, i) && files->files[i].survey.is_symbolic;
}

static bool opens_libraries(const struct doctor_files *files, size_t i)
{
	return !is_ours_or_libc(&files->files[i]) && calls(files, i, SURVEY_DLOPEN);
}

static bool opens_namespaces(const struct doctor_files *files, size_t i)
{
	return !is_ours_or_libc(&files->files[i]) && calls(files, i, SURVEY_DLMOPEN);
}

static bool has_no_symbols(const struct doctor_files *files, size_t i)
{
	return files->files[i].survey.has_code && !files->files[i].survey.has_symbols;
}

static bool has_no_lines(const struct doctor_files *files, size_t i)
{
	return files->files[i].survey.has_code && files->files[i].survey.has_symbols &&
	       !files->files[i].survey.has_lines;
}

/* ---- what follows from them ---- */

/* A few names, and how many there are more. */
struct name_list {
	char text[512];
	size_t count;
};

static void list_files(const struct doctor_files *files,
		       bool (*is_meant)(const struct doctor_files *files, size_t i),
		       struct name_list *names)
{
	size_t used = 0;

	*names = (struct name_list){.count = 0};
	for (size_t i = 0; i < files->count; i++) {
		if (!is_meant(files, i))
			continue;
		if (names->count++ < NAMES_SHOWN && used < sizeof(names->text))
			used += (size_t)snprintf(names->text + used, sizeof(names->text) - used,
						 "%s%s", names->count > 1 ? ", " : "",
						 base_name(files->files[i].path));
	}
	if (names->count > NAMES_SHOWN && used < sizeof(names->text))
		(void)snprintf(names->text + used, sizeof(names->text) - used, " and %zu more",
			       names->count - NAMES_SHOWN);
}

#define ADVICE_SYMBOLS                                                                             \
	"install its -dbgsym package, let reports ask a server (--debuginfod), or build with -g"

static const struct claim {
	const char *check;
	bool (*is_true)(const struct doctor_files *files, size_t i);
	enum diagnosis_level level;
	const char *text; /* behind the names of the files */
	const char *advice;
} claims[] = {
	{"sections", has_no_sections, DIAGNOSIS_WARNING,
	 "no section headers: its allocators, libraries and symbols cannot be told",
	 "examine a build from which they were not stripped"},
	{"allocator", hides_malloc, DIAGNOSIS_WARNING,
	 "a malloc of its own inside: calls that are bound to it are not seen",
	 "build it without that allocator, or preload the allocator as a library: run --allocator"},
	{"allocator", calls_beyond_malloc, DIAGNOSIS_WARNING,
	 "calls mallocx, sdallocx and the like of jemalloc, which no preload sees: such blocks are "
	 "missing, and blocks freed by them look alive",
	 "build it without jemalloc, or read its figures beside jemalloc's own"},
	{"allocator", has_prefixed_allocator, DIAGNOSIS_WARNING,
	 "an allocator under a name of its own (je_malloc, mi_malloc, tc_malloc): its blocks are "
	 "not seen",
	 "build it with the plain names, or report its blocks by memtrace_report_alloc(), see "
	 "memtrace(3)"},
	{"allocator", keeps_to_itself, DIAGNOSIS_NOTE,
	 "is linked with -Bsymbolic: what it allocates for itself is not seen", NULL},
	{"unwinding", has_no_unwind_info, DIAGNOSIS_WARNING,
	 "no unwind information (.eh_frame_hdr): call stacks may end there",
	 "build with -fasynchronous-unwind-tables and link with --eh-frame-hdr, or build with "
	 "-fno-omit-frame-pointer"},
	{"namespaces", opens_namespaces, DIAGNOSIS_WARNING,
	 "loads libraries into namespaces of their own (dlmopen): their calls are not seen",
	 "load them with dlopen() instead"},
	{"deepbind", opens_libraries, DIAGNOSIS_NOTE,
	 "opens libraries while it runs: one opened with RTLD_DEEPBIND keeps to libc's malloc, "
	 "unseen. That cannot be known beforehand",
	 "afterwards look for unseen and foreign frees in memtrace info"},
	{"symbols", has_no_symbols, DIAGNOSIS_NOTE,
	 "no symbols: functions that are not exported have "
	 "only addresses",
	 ADVICE_SYMBOLS},
	{"symbols", has_no_lines, DIAGNOSIS_NOTE, "no debug information: functions, but no lines",
	 ADVICE_SYMBOLS},
};

static void judge_program(const struct doctor_files *files, struct diagnoses *diagnoses)
{
	const struct doctor_file *program = &files->files[0];

	if (use_of(program, SURVEY_MALLOC)->exported != NULL)
		diagnoses_add(diagnoses, DIAGNOSIS_PROBLEM, "allocator",
			      "build it without that allocator, or preload the allocator as a "
			      "library: run --allocator",
			      "%s: defines malloc itself: its calls do not reach a preload",
			      program->path);
}

static bool any(const struct doctor_files *files,
		bool (*is_true)(const struct doctor_files *files, size_t i))
{
	for (size_t i = 0; i < files->count; i++)
		if (is_true(files, i))
			return true;
	return false;
}

static void judge_allocators(const struct doctor_files *files, struct diagnoses *diagnoses)
{
	struct name_list names;

	list_files(files, is_allocator, &names);
	if (names.count > 0)
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "allocator", NULL,
			      "takes malloc from %s, and the tracer comes before it", names.text);
	if (!any(files, brings_new) || !any(files, calls_new))
		return;
	list_files(files, brings_new, &names);
	diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "allocator",
		      "run it over libc's malloc if calls of new matter",
		      "%s: an operator new that does not call malloc: calls of new are not seen",
		      names.text);
}

void doctor_files_judge(const struct doctor_files *files, struct diagnoses *diagnoses)
{
	struct name_list names;

	if (files->count == 0)
		return;
	judge_program(files, diagnoses);
	judge_allocators(files, diagnoses);
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		const struct claim *claim = &claims[i];

		list_files(files, claim->is_true, &names);
		if (names.count > 0)
			diagnoses_add(diagnoses, claim->level, claim->check, claim->advice,
				      "%s: %s", names.text, claim->text);
	}
	if (!any(files, has_no_unwind_info))
		diagnoses_add(diagnoses, DIAGNOSIS_OK, "unwinding", NULL,
			      "the program and its %zu libraries have unwind information",
			      files->count - 1);
}
