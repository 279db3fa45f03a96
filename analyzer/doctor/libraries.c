/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libraries.c - collects the files of a program that its loader will load.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor/files.h"
#include "doctor/library_path.h"
#include "memtrace/env.h"

static const char *name_of(const struct doctor_files *files, size_t i, size_t needed)
{
	char **names = files->files[i].survey.needed;

	return names != NULL ? names[needed] : NULL;
}

/* A library is loaded once, by the name that it gives itself and by all by which it was found already. */
static bool is_settled(const struct doctor_files *files, size_t asker, size_t needed)
{
	const char *name = name_of(files, asker, needed);
	const char *other;

	for (size_t i = 0; i < files->count; i++) {
		const char *soname = files->files[i].survey.soname;

		if (soname != NULL && strcmp(soname, name) == 0)
			return true;
	}
	for (size_t i = 0; i <= asker; i++)
		for (size_t j = 0; (i < asker || j < needed) && (other = name_of(files, i, j)); j++)
			if (strcmp(other, name) == 0)
				return true;
	return false;
}

static int add_needed(struct doctor_files *files, size_t asker, const char *name,
		      struct diagnoses *diagnoses)
{
	char path[PATH_MAX];
	int ret = -ENOENT;

	if (library_path_find(files, asker, name, path))
		ret = doctor_files_add(files, path, path, asker);
	if (ret == -ENOENT)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "libraries",
			      "install the package that has it, or set LD_LIBRARY_PATH",
			      "%s, which %s needs, is not found", name, files->files[asker].path);
	else if (ret != 0 && ret != -ENOMEM)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "libraries",
			      "install the package that has it again", "%s, which %s needs: %s",
			      path, files->files[asker].path, strerror(-ret));
	return ret == -ENOMEM ? ret : 0;
}

/* The loader leaves out what it cannot load. */
static void add_preloaded(struct doctor_files *files, const char *name, struct diagnoses *diagnoses)
{
	char path[PATH_MAX];
	int ret = -ENOENT;

	if (strstr(name, MT_SHIM_NAME) != NULL)
		return;
	if (library_path_find(files, 0, name, path))
		ret = doctor_files_add(files, path, path, 0);
	if (ret != 0)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "preload", "unset LD_PRELOAD",
			      "LD_PRELOAD names %s, which is left out: %s", name,
			      ret == -ENOENT ? "no such library" : strerror(-ret));
	else
		diagnoses_add(diagnoses, DIAGNOSIS_NOTE, "preload",
			      "unset LD_PRELOAD if it is not wanted",
			      "LD_PRELOAD names %s: it stays, behind the tracer", name);
}

static void add_all_preloaded(struct doctor_files *files, struct diagnoses *diagnoses)
{
	const char *list = getenv("LD_PRELOAD");
	char name[PATH_MAX];

	while (list != NULL && *list != '\0') {
		size_t bytes = strcspn(list, ": ");

		if (bytes > 0 && bytes < sizeof(name)) {
			(void)snprintf(name, sizeof(name), "%.*s", (int)bytes, list);
			add_preloaded(files, name, diagnoses);
		}
		list += bytes + (list[bytes] != '\0');
	}
}

int doctor_files_of_program(const char *path, struct doctor_files *files,
			    struct diagnoses *diagnoses)
{
	int ret = doctor_files_add(files, path, path, 0);

	if (ret != 0) {
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "kind", "install the program again",
			      "%s: its allocators and libraries cannot be told: %s", path,
			      strerror(-ret));
		return ret;
	}
	add_all_preloaded(files, diagnoses);
	/* the list grows while it is gone through: as the loader does, breadth first */
	for (size_t i = 0; ret == 0 && i < files->count; i++)
		for (size_t j = 0; ret == 0 && name_of(files, i, j) != NULL; j++)
			if (!is_settled(files, i, j))
				ret = add_needed(files, i, name_of(files, i, j), diagnoses);
	return ret;
}
