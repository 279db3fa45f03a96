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

static int write_all(int fd, const unsigned char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t done = write(fd, bytes, count);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		count -= (size_t)done;
	}
	return 0;
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

int new_file_write(const char *path, const struct iovec *pieces, size_t piece_count,
		   struct error *error)
{
	char temporary[PATH_MAX];
	struct stat status;
	int fd, result = 0;

	if (lstat(path, &status) == 0)
		return error_set(error, -EEXIST, "%s: exists already", path);
	fd = create_beside(path, temporary, sizeof(temporary));
	if (fd < 0)
		return error_set(error, fd, "%s: cannot be created: %s", path, strerror(-fd));
	if (fchmod(fd, 0600) < 0) /* whatever the umask is */
		result = -errno;
	for (size_t i = 0; result == 0 && i < piece_count; i++)
		result = write_all(fd, pieces[i].iov_base, pieces[i].iov_len);
	if (close(fd) < 0 && result == 0)
		result = -errno;
	if (result == 0)
		result = publish(temporary, path);
	if (result == 0)
		return 0;
	(void)unlink(temporary);
	return error_set(error, result, "%s: cannot be written: %s", path, strerror(-result));
}
