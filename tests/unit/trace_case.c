/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_case.c - a trace file in a folder of its own, for tests of what is kept in it.
 */
#define _GNU_SOURCE
#include "trace_case.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace_file.h"
#include "unit.h"

static char directory[] = "/tmp/memtrace-unit.XXXXXX";
static char trace_path[TRACE_CASE_PATH_MAX];
static pid_t owner;

void trace_case_start_empty(void)
{
	owner = getpid();
	ck_assert_ptr_nonnull(mkdtemp(directory));
	trace_case_path("trace.snap", trace_path);
}

void trace_case_start(void)
{
	trace_case_start_empty();
	ck_assert_int_eq(trace_file_create(trace_path, false), 0);
}

void trace_case_finish(void)
{
	struct dirent *entry;
	DIR *folder;

	if (getpid() != owner)
		return;
	folder = opendir(directory);
	ck_assert_ptr_nonnull(folder);
	while ((entry = readdir(folder)) != NULL)
		(void)unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	ck_assert_int_eq(rmdir(directory), 0);
}

void trace_case_path(const char *name, char path[TRACE_CASE_PATH_MAX])
{
	snprintf(path, TRACE_CASE_PATH_MAX, "%s/%s", directory, name);
}

const char *trace_case_file(void)
{
	return trace_path;
}

int trace_case_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(folder);
	while (readdir(folder) != NULL)
		count++;
	closedir(folder);
	return count;
}

void trace_case_wait(int pid)
{
	int status = -1;

	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(status == 0, "the child ended with wait status %#x", (unsigned)status);
}

void trace_case_child_fails(const char *file, int line, const char *claim)
{
	fprintf(stderr, "%s:%d: in the child: %s\n", file, line, claim);
	_exit(1);
}

#define LOOKED_AT_BYTES ((size_t)16 << 20)

void trace_case_pages(uint64_t *cached, uint64_t *stored)
{
	static unsigned char is_cached[LOOKED_AT_BYTES / 4096];
	int fd = open(trace_case_file(), O_RDONLY);
	void *view = mmap(NULL, LOOKED_AT_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	struct stat info;

	ck_assert_ptr_ne(view, MAP_FAILED);
	ck_assert_int_eq(mincore(view, LOOKED_AT_BYTES, is_cached), 0);
	*cached = 0;
	for (size_t i = 0; i < sizeof(is_cached); i++)
		*cached += is_cached[i] & 1;
	ck_assert_int_eq(fstat(fd, &info), 0);
	*stored = (uint64_t)info.st_blocks * 512 / 4096;
	munmap(view, LOOKED_AT_BYTES);
	close(fd);
}
