/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_file.c - creates a file that is complete or not there.
 */
#define _GNU_SOURCE 1 /* renameat2() */
#include "base/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_TRIES 100

/* Opens a fresh file in the folder of path; its name goes to temporary. */
static int create_beside(const char *path, char *temporary, size_t bytes)
{
	const char *slash = strrchr(path, '/');
	int folder_bytes = slash != NULL ? (int)(slash - path + 1) : 0;
	int fd = -1;

	for (int i = 0; i < NAME_TRIES && fd < 0; i++) {
		int length = snprintf(temporary, bytes, "%.*s.memtrace-%d-%d.tmp", folder_bytes,
				      path, (int)getpid(), i);

		if (length < 0 || (size_t)length >= bytes)
			return -ENAMETOOLONG;
		fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 && errno != EEXIST)
			return -errno;
	}
	return fd >= 0 ? fd : -EEXIST;
}

/* Gives the file its name unless that is taken. */
static int publish(const char *temporary, const char *path)
{
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	/* a file system that cannot rename so: a hard link does not replace either */
	if (link(temporary, path) < 0)
		return -errno;
	(void)unlink(temporary);
	return 0;
}

int new_file_open(struct new_file *file, const char *path, struct error *error)
{
	struct stat status;

	*file = (struct new_file){.path = path, .fd = -1};
	if (lstat(path, &status) == 0)
		return error_set(error, -EEXIST, "%s: exists already", path);
	file->fd = create_beside(path, file->temporary, sizeof(file->temporary));
	if (file->fd < 0)
		return error_set(error, file->fd, "%s: cannot be created: %s", path,
				 strerror(-file->fd));
	if (fchmod(file->fd, 0600) < 0) /* whatever the umask is */
		file->status = -errno;
	return 0;
}

void new_file_write(struct new_file *file, uint64_t offset, const void *from, size_t bytes)
{
	const unsigned char *at = from;

	while (bytes > 0 && file->status == 0) {
		ssize_t done = pwrite(file->fd, at, bytes, (off_t)offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			file->status = -errno;
			return;
		}
		at += done;
		offset += (uint64_t)done;
		bytes -= (size_t)done;
	}
}

int new_file_close(struct new_file *file, struct error *error)
{
	int result = file->status;

	if (close(file->fd) < 0 && result == 0)
		result = -errno;
	if (result == 0)
		result = publish(file->temporary, file->path);
	if (result == 0)
		return 0;
	(void)unlink(file->temporary);
	return error_set(error, result, "%s: cannot be written: %s", file->path, strerror(-result));
}

void new_file_abandon(struct new_file *file)
{
	(void)close(file->fd);
	(void)unlink(file->temporary);
}
