/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_list.c - a growing list of files, each of them once, whatever names lead to it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "doctor/files.h"

#define FILES_MAX 2048u

static bool has_file(const struct doctor_files *files, const struct stat *status)
{
	for (size_t i = 0; i < files->count; i++)
		if (files->files[i].device == status->st_dev &&
		    files->files[i].inode == status->st_ino)
			return true;
	return false;
}

int doctor_files_add(struct doctor_files *files, const char *where, const char *path, size_t loader)
{
	struct doctor_file *longer, file = {.loader = loader};
	struct stat status;
	int ret;

	if (stat(where, &status) != 0)
		return -errno;
	if (has_file(files, &status) || files->count == FILES_MAX)
		return 0;
	ret = survey_file(where, path, &file.survey);
	if (ret != 0)
		return ret;
	file.device = status.st_dev;
	file.inode = status.st_ino;
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

void doctor_files_fini(struct doctor_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free(files->files[i].path);
		survey_fini(&files->files[i].survey);
	}
	free(files->files);
	*files = (struct doctor_files){NULL, 0};
}
