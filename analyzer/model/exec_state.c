/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec_state.c - whether a process that ended without exit() went on as another program.
 */
#include "model/exec_state.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CHILDREN_SUFFIX ".d"

static bool is_later_image(int folder_fd, const char *name, const struct mt_header *header)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct mt_header other;
	bool is_read;

	if (fd < 0)
		return false;
	is_read = pread(fd, &other, sizeof(other), 0) == (ssize_t)sizeof(other);
	(void)close(fd);
	return is_read && memcmp(other.magic, header->magic, sizeof(other.magic)) == 0 &&
	       other.kind == MT_KIND_LIVE && other.pid == header->pid &&
	       other.process_start_ticks == header->process_start_ticks &&
	       other.start_monotonic_ns > header->start_monotonic_ns;
}

/* File names hold the pid, so that few files of a large tree are opened. */
static bool look_into(const char *folder, const struct mt_header *header)
{
	char pid[16];
	DIR *stream = opendir(folder);
	const struct dirent *item;
	bool is_found = false;

	if (stream == NULL)
		return false;
	(void)snprintf(pid, sizeof(pid), ".%d.", header->pid);
	while (!is_found && (item = readdir(stream)) != NULL)
		is_found = strstr(item->d_name, pid) != NULL &&
			   is_later_image(dirfd(stream), item->d_name, header);
	(void)closedir(stream);
	return is_found;
}

static bool is_folder_of_children(const char *folder)
{
	size_t bytes = strlen(folder), suffix_bytes = strlen(CHILDREN_SUFFIX);

	return bytes > suffix_bytes && strcmp(folder + bytes - suffix_bytes, CHILDREN_SUFFIX) == 0;
}

bool exec_state_was_replaced(const char *path, const struct mt_header *header)
{
	char folder[PATH_MAX];
	int bytes = snprintf(folder, sizeof(folder), "%s.d", path);
	char *slash;

	if (bytes < 0 || (size_t)bytes >= sizeof(folder) || header->process_start_ticks == 0)
		return false;
	if (look_into(folder, header))
		return true;
	slash = strrchr(folder, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return is_folder_of_children(folder) && look_into(folder, header);
}
