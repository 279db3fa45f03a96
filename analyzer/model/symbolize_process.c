/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_process.c - looks into the process's root directory, at its executable and at its mappings.
 */
#define _GNU_SOURCE 1
#include "model/symbolize_process.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static bool process_is_known(const struct find_module *module)
{
	return module->pid > 0 && module->id.bytes > 0;
}

struct elf_file *process_root_open(const struct find_module *module)
{
	char *path;

	if (!process_is_known(module) ||
	    asprintf(&path, "/proc/%d/root%s", module->pid, module->path) < 0)
		return NULL;
	return elf_file_open_checked(path, module->id);
}

static struct elf_file *open_executable(const struct find_module *module)
{
	char *path;

	if (!module->is_executable || asprintf(&path, "/proc/%d/exe", module->pid) < 0)
		return NULL;
	return elf_file_open_checked(path, module->id);
}

/* Name in /proc/PID/map_files of the mapping that starts where the module does; NULL if there is none. */
static char *mapping_find(const struct find_module *module)
{
	char folder[64], *path = NULL;
	struct dirent *entry;
	DIR *mappings;

	snprintf(folder, sizeof(folder), "/proc/%d/map_files", module->pid);
	mappings = opendir(folder);
	if (!mappings)
		return NULL;
	while (!path && (entry = readdir(mappings)) != NULL) {
		uint64_t start;

		if (sscanf(entry->d_name, "%" SCNx64 "-", &start) == 1 && start == module->start &&
		    asprintf(&path, "%s/%s", folder, entry->d_name) < 0)
			path = NULL;
	}
	closedir(mappings);
	return path;
}

struct elf_file *process_mapping_open(const struct find_module *module)
{
	struct elf_file *file;

	if (!process_is_known(module))
		return NULL;
	file = open_executable(module);
	if (!file && module->start != 0)
		file = elf_file_open_checked(mapping_find(module), module->id);
	return file;
}
