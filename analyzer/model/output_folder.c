/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_folder.c - whether a trace file can be made and kept in a folder.
 */
#define _GNU_SOURCE 1 /* O_TMPFILE */
#include "model/output_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PROBE_BYTES 65536u
#define POPULATE_WRITE 23 /* MADV_POPULATE_WRITE, Linux 5.14 */

/* Some of these are in no header of the system. */
static const struct {
	uint32_t magic;
	const char *name;
} slow_file_systems[] = {
	{BTRFS_SUPER_MAGIC, "btrfs"}, {OVERLAYFS_SUPER_MAGIC, "overlay"},
	{NFS_SUPER_MAGIC, "nfs"},     {FUSE_SUPER_MAGIC, "fuse"},
	{0xff534d42u, "cifs"},	      {0xfe534d42u, "smb"},
	{V9FS_MAGIC, "9p"},
};

int output_folder_make_absolute(const char *path, char *absolute, struct error *error)
{
	char folder[PATH_MAX];
	int length;

	if (path[0] == '\0')
		return error_set(error, -EINVAL, "expected a path, found ''");
	if (path[0] == '/')
		length = snprintf(absolute, PATH_MAX, "%s", path);
	else if (getcwd(folder, sizeof(folder)) == NULL)
		return error_set(error, -EINVAL, "working directory: %s", strerror(errno));
	else
		length = snprintf(absolute, PATH_MAX, "%s/%s", folder, path);
	return length < PATH_MAX ? 0 : error_set(error, -EINVAL, "%s", strerror(ENAMETOOLONG));
}

int output_folder_check(const char *path, bool is_folder, char *folder, struct error *error)
{
	char text[PATH_MAX], *kept = folder != NULL ? folder : text, *slash;
	struct stat status;

	if (strlen(path) >= PATH_MAX)
		return error_set(error, -EINVAL, "%s", strerror(ENAMETOOLONG));
	(void)strcpy(kept, path);
	if (!is_folder && (stat(path, &status) != 0 || !S_ISDIR(status.st_mode))) {
		slash = strrchr(kept, '/');
		slash[slash == kept] = '\0';
	}
	if (strchr(kept, '%') != NULL) {
		kept[0] = '\0';
		return 0;
	}
	if (stat(kept, &status) != 0)
		return error_set(error, -EINVAL, "%s: %s", kept, strerror(errno));
	if (!S_ISDIR(status.st_mode))
		return error_set(error, -EINVAL, "%s: not a folder", kept);
	if (access(kept, W_OK | X_OK) != 0)
		return error_set(error, -EINVAL, "%s: %s", kept, strerror(errno));
	return 0;
}

/* Nameless from the start; where the file system has no such files, from the next moment on. */
static int make_file(const char *folder)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0400);
	char path[PATH_MAX];

	if (fd >= 0)
		return fd;
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT && errno != EINVAL)
		return -errno;
	if (snprintf(path, sizeof(path), "%s/.memtrace-doctor.%d", folder, (int)getpid()) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0400);
	if (fd < 0)
		return -errno;
	(void)unlink(path);
	return fd;
}

static void try_mapping(int fd, struct output_probe *probe)
{
	void *start = mmap(NULL, PROBE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (start == MAP_FAILED) {
		probe->map_status = -errno;
		return;
	}
	if (madvise(start, PROBE_BYTES, POPULATE_WRITE) != 0)
		probe->reserve_status = errno == EFAULT ? -ENOSPC : -errno;
	(void)munmap(start, PROBE_BYTES);
}

static bool is_within_size_limit(void)
{
	struct rlimit limit;

	/* growing a file beyond it raises a signal */
	return getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur >= PROBE_BYTES;
}

void output_folder_probe(const char *folder, struct output_probe *probe)
{
	struct statfs status;
	int fd;

	*probe = (struct output_probe){.make_status = 0};
	if (statfs(folder, &status) == 0) {
		probe->free_bytes = (uint64_t)status.f_bavail * (uint64_t)status.f_bsize;
		probe->total_bytes = (uint64_t)status.f_blocks * (uint64_t)status.f_bsize;
		probe->is_memory = (uint32_t)status.f_type == TMPFS_MAGIC;
		for (size_t i = 0; i < sizeof(slow_file_systems) / sizeof(slow_file_systems[0]);
		     i++)
			if ((uint32_t)status.f_type == slow_file_systems[i].magic)
				probe->slow_name = slow_file_systems[i].name;
	}
	fd = make_file(folder);
	if (fd < 0) {
		probe->make_status = fd;
		return;
	}
	if (is_within_size_limit() && ftruncate(fd, PROBE_BYTES) == 0)
		try_mapping(fd, probe);
	(void)close(fd);
}
