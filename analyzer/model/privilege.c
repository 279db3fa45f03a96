/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege.c - whether executing a file changes what the process may do.
 */
#include "model/privilege.h"

#include <linux/capability.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

static bool is_ignored_by_kernel(int fd)
{
	struct statvfs mount;

	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return true;
	return fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0;
}

/* Root already has what the file could give; a real uid of 0 never makes the loader careful. */
static bool has_capabilities(int fd)
{
	struct vfs_cap_data data;
	ssize_t bytes;

	if (getuid() == 0)
		return false;
	(void)memset(&data, 0, sizeof(data));
	bytes = fgetxattr(fd, "security.capability", &data, sizeof(data));
	if (bytes < 0)
		return false;
	return (data.magic_etc & VFS_CAP_FLAGS_EFFECTIVE) != 0 || data.data[0].permitted != 0 ||
	       data.data[1].permitted != 0;
}

const char *privilege_gained(int fd)
{
	static char text[64];
	struct stat status;
	bool has_gid_bits;

	if (fstat(fd, &status) != 0 || is_ignored_by_kernel(fd))
		return NULL;
	if ((status.st_mode & S_ISUID) != 0 && status.st_uid != getuid()) {
		(void)snprintf(text, sizeof(text), "setuid (user %u)", status.st_uid);
		return text;
	}
	/* without the right to execute for the group, the bit means mandatory locking */
	has_gid_bits = (status.st_mode & S_ISGID) != 0 && (status.st_mode & S_IXGRP) != 0;
	if (has_gid_bits && status.st_gid != getgid()) {
		(void)snprintf(text, sizeof(text), "setgid (group %u)", status.st_gid);
		return text;
	}
	return has_capabilities(fd) ? "has file capabilities" : NULL;
}
