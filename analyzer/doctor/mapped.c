/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mapped.c - collects the files that a process has mapped as code.
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/files.h"
#include "model/maps.h"

#define DELETED " (deleted)"

/* Takes the kernel's mark off the end. */
static bool take_deleted(char *path)
{
	size_t bytes = strlen(path), ending = strlen(DELETED);

	if (bytes <= ending || strcmp(path + bytes - ending, DELETED) != 0)
		return false;
	path[bytes - ending] = '\0';
	return true;
}

static void note_deleted(const char *path, struct diagnoses *diagnoses)
{
	diagnoses_add(diagnoses, DIAGNOSIS_NOTE, "libraries",
		      "restart the process to have its names without doubt",
		      "%s: replaced or removed while it runs", path);
}

static bool is_inode(const char *path, uint64_t inode)
{
	struct stat status;

	return stat(path, &status) == 0 && (uint64_t)status.st_ino == inode;
}

/* The names of a mapped file, the best first: in the root of the process, here (it may be in a chroot), by the mapping. */
static int add_by_names(struct doctor_files *files, pid_t pid, const struct map_line *line,
			bool is_deleted)
{
	char below_root[PATH_MAX + 32], by_range[96];
	int ret = -ENOENT;

	(void)snprintf(below_root, sizeof(below_root), "/proc/%d/root%s", (int)pid, line->path);
	(void)snprintf(by_range, sizeof(by_range), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
		       (int)pid, line->start, line->end);
	if (!is_deleted)
		ret = doctor_files_add(files, below_root, line->path, 0);
	if (ret == -ENOENT && !is_deleted && is_inode(line->path, line->inode))
		ret = doctor_files_add(files, line->path, line->path, 0);
	if (ret == -ENOENT)
		ret = doctor_files_add(files, by_range, line->path, 0);
	return ret;
}

/* Code that was made while the process runs may lie in a file too, one without a name or of no known kind. */
static int add_mapped(struct doctor_files *files, pid_t pid, struct map_line *line,
		      struct diagnoses *diagnoses)
{
	bool is_deleted = take_deleted(line->path);
	int ret;

	if (line->path[0] != '/' || strncmp(line->path, "/memfd:", 7) == 0)
		return 0;
	ret = add_by_names(files, pid, line, is_deleted);
	if (ret == -ENOEXEC)
		return 0;
	if (is_deleted)
		note_deleted(line->path, diagnoses);
	else if (ret != 0 && ret != -ENOMEM)
		diagnoses_add(diagnoses, DIAGNOSIS_WARNING, "libraries",
			      "run as the user of the process, or as root",
			      "%s: cannot be read, so nothing is said of it: %s", line->path,
			      strerror(-ret));
	return ret == -ENOMEM ? ret : 0;
}

static bool is_same_file(const struct map_line *a, const struct map_line *b)
{
	return a->inode == b->inode && strcmp(a->path, b->path) == 0;
}

/* A file with several mappings of code is told of once. */
static bool was_met(const struct maps *maps, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (is_same_file(&maps->lines[i], &maps->lines[at]))
			return true;
	return false;
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
	(void)take_deleted(program);
	ret = doctor_files_add(files, exe, program, 0);
	for (size_t i = 0; ret == 0 && i < maps.count; i++)
		if (!was_met(&maps, i))
			ret = add_mapped(files, pid, &maps.lines[i], diagnoses);
	look_for_namespaces(&maps, diagnoses);
	maps_free(&maps);
	return ret;
}
