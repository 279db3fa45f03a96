/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libraries.c - collects the files of a program: those its loader will load, or those a process has mapped.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/files.h"
#include "doctor/library_path.h"
#include "model/maps.h"

#define FILES_MAX 2048u
#define DELETED " (deleted)"

static bool has_path(const struct doctor_files *files, const char *path)
{
	for (size_t i = 0; i < files->count; i++)
		if (strcmp(files->files[i].path, path) == 0)
			return true;
	return false;
}

/* A library that answers to this name is loaded once. */
static bool has_library(const struct doctor_files *files, const char *name)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->files[i].survey.soname != NULL &&
		    strcmp(files->files[i].survey.soname, name) == 0)
			return true;
	return false;
}

/* @where: the name by which it can be opened here. A file that is no ELF file is left out. */
static int add_file(struct doctor_files *files, const char *where, const char *path)
{
	struct doctor_file *longer, file;
	int ret;

	if (has_path(files, path) || files->count == FILES_MAX)
		return 0;
	ret = survey_file(where, path, &file.survey);
	if (ret != 0)
		return ret;
	file.path = strdup(path);
	longer = reallocarray(files->files, files->count + 1, sizeof(*longer));
	if (longer != NULL)
		files->files = longer;
	if (longer == NULL || file.path == NULL) {
		free(file.path);
		survey_fini(&file.survey);
		return -ENOMEM;
	}
	longer[files->count++] = file;
	return 0;
}

static int add_needed(struct doctor_files *files, size_t asker_at, const char *name,
		      struct diagnoses *diagnoses)
{
	const struct doctor_file *asker = &files->files[asker_at];
	const struct library_asker question = {.path = asker->path,
					       .runpath = asker->survey.runpath,
					       .is_rpath = asker->survey.has_rpath_only};
	char path[PATH_MAX];
	int ret;

	if (has_library(files, name))
		return 0;
	if (library_path_find(name, &question, path)) {
		ret = add_file(files, path, path);
		return ret == -ENOMEM ? ret : 0;
	}
	diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "libraries",
		      "install the package that has it, or set LD_LIBRARY_PATH",
		      "%s, which %s needs, is not found", name, asker->path);
	return 0;
}

int doctor_files_of_program(const char *path, struct doctor_files *files,
			    struct diagnoses *diagnoses)
{
	int ret = add_file(files, path, path);

	/* the list grows while it is gone through: as the loader does, breadth first */
	for (size_t i = 0; ret == 0 && i < files->count; i++)
		for (size_t j = 0; ret == 0 && files->files[i].survey.needed != NULL; j++) {
			const char *name = files->files[i].survey.needed[j];

			if (name == NULL)
				break;
			ret = add_needed(files, i, name, diagnoses);
		}
	return ret;
}

static bool is_deleted(const char *path)
{
	size_t bytes = strlen(path), ending = strlen(DELETED);

	return bytes > ending && strcmp(path + bytes - ending, DELETED) == 0;
}

/* What is mapped may be reached by its name in the root of the process, or by the mapping. */
static int add_mapped(struct doctor_files *files, pid_t pid, const struct map_line *line,
		      struct diagnoses *diagnoses)
{
	char where[PATH_MAX + 64];
	int ret;

	if (line->path[0] != '/' || has_path(files, line->path))
		return 0;
	if (is_deleted(line->path)) {
		diagnoses_add(diagnoses, DIAGNOSIS_NOTE, "libraries",
			      "restart the process to have its names without doubt",
			      "%s: replaced or removed while it runs", line->path);
		(void)snprintf(where, sizeof(where), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
			       (int)pid, line->start, line->end);
	} else {
		(void)snprintf(where, sizeof(where), "/proc/%d/root%s", (int)pid, line->path);
	}
	ret = add_file(files, where, line->path);
	return ret == -ENOMEM ? ret : 0;
}

static bool is_libc(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL && strcmp(slash, "/libc.so.6") == 0;
}

/* One code segment at two places: loaded twice, each time for another namespace. */
static void look_for_namespaces(const struct maps *maps, struct diagnoses *diagnoses)
{
	for (size_t i = 0; i < maps->count; i++)
		for (size_t j = 0; j < i; j++) {
			const struct map_line *a = &maps->lines[i], *b = &maps->lines[j];

			if (a->inode != b->inode || a->offset != b->offset || !is_libc(a->path))
				continue;
			diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "namespaces",
				      "load its libraries with dlopen() instead of dlmopen()",
				      "libraries in a namespace of their own have their own libc: "
				      "their calls are not seen");
			return;
		}
}

int doctor_files_of_process(pid_t pid, struct doctor_files *files, struct diagnoses *diagnoses)
{
	char exe[64], program[PATH_MAX];
	struct maps maps;
	ssize_t length;
	int ret;

	(void)snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)pid);
	length = readlink(exe, program, sizeof(program) - 1);
	if (length < 0)
		return -errno;
	program[length] = '\0';
	ret = maps_read(pid, MAPS_CODE, &maps);
	if (ret < 0)
		return ret;
	ret = add_file(files, exe, program);
	for (size_t i = 0; ret == 0 && i < maps.count; i++)
		ret = add_mapped(files, pid, &maps.lines[i], diagnoses);
	look_for_namespaces(&maps, diagnoses);
	maps_free(&maps);
	return ret;
}

void doctor_files_fini(struct doctor_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->files[i].path);
		survey_fini(&files->files[i].survey);
	}
	free(files->files);
	*files = (struct doctor_files){NULL, 0};
}
