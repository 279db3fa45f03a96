/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace_folder.c - the trace files and snapshots that lie in a folder.
 */
#define _GNU_SOURCE
#include "model/trace_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_SUFFIX ".snap"
#define CHILDREN_SUFFIX FILE_SUFFIX ".d"
#define CLOCK_LAG_SECONDS                                                                          \
	2 /* times of files come from a coarser clock and are cut to seconds here */

static bool is_ours(const struct mt_header *header)
{
	return memcmp(header->magic, MT_MAGIC, sizeof(header->magic)) == 0 &&
	       header->endian == MT_ENDIAN_MARK && header->major == MT_MAJOR;
}

struct search {
	struct trace_folder *out;
	uint64_t since_ns;
};

/* Before opening: to open a FIFO or a device is an event for somebody else. */
static bool is_candidate(int folder_fd, const char *name, uint64_t since_ns)
{
	struct stat status;

	if (fstatat(folder_fd, name, &status, 0) != 0 || !S_ISREG(status.st_mode))
		return false;
	return status.st_size >= (off_t)sizeof(struct mt_header) &&
	       ((uint64_t)status.st_ctim.tv_sec + CLOCK_LAG_SECONDS) * UINT64_C(1000000000) >=
		       since_ns;
}

static bool read_header(int folder_fd, const char *name, struct mt_header *header)
{
	int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	bool is_read;

	if (fd < 0)
		return false;
	is_read = pread(fd, header, sizeof(*header), 0) == (ssize_t)sizeof(*header);
	(void)close(fd);
	return is_read && is_ours(header);
}

static int add(struct trace_folder *out, const char *folder, const char *name,
	       const struct mt_header *header)
{
	struct trace_entry *grown =
		reallocarray(out->entries, out->count + 1, sizeof(out->entries[0]));
	struct trace_entry *entry;

	if (grown == NULL)
		return -ENOMEM;
	out->entries = grown;
	entry = &grown[out->count];
	if (asprintf(&entry->path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	entry->header = *header;
	out->count++;
	return 0;
}

static bool has_suffix(const char *name, const char *suffix)
{
	size_t bytes = strlen(name), suffix_bytes = strlen(suffix);

	return bytes > suffix_bytes && strcmp(name + bytes - suffix_bytes, suffix) == 0;
}

static int read_folder(const char *folder, bool recurse, const struct search *search,
		       struct error *error);

/* One that cannot be read is passed over like a file. */
static int read_children(const char *folder, const char *name, const struct search *search)
{
	char *path;
	int ret;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return -ENOMEM;
	ret = read_folder(path, false, search, NULL);
	free(path);
	return ret == -ENOMEM ? ret : 0;
}

/* Of a file that the user has given another kind of name. */
static int read_children_of(const char *folder, const char *name, const struct search *search)
{
	char *children;
	int ret;

	if (asprintf(&children, "%s.d", name) < 0)
		return -ENOMEM;
	ret = read_children(folder, children, search);
	free(children);
	return ret;
}

static int read_folder(const char *folder, bool recurse, const struct search *search,
		       struct error *error)
{
	DIR *stream = opendir(folder);
	const struct dirent *item;
	struct mt_header header;
	int ret = 0;

	if (stream == NULL)
		return error_set(error, -errno, "%s: %s", folder, strerror(errno));
	while (ret == 0 && (item = readdir(stream)) != NULL) {
		if (item->d_name[0] == '.')
			continue;
		if (recurse && has_suffix(item->d_name, CHILDREN_SUFFIX)) {
			ret = read_children(folder, item->d_name, search);
		} else if (is_candidate(dirfd(stream), item->d_name, search->since_ns) &&
			   read_header(dirfd(stream), item->d_name, &header)) {
			ret = add(search->out, folder, item->d_name, &header);
			if (ret == 0 && recurse && !has_suffix(item->d_name, FILE_SUFFIX))
				ret = read_children_of(folder, item->d_name, search);
		}
	}
	(void)closedir(stream);
	return ret == 0 ? 0 : error_set(error, ret, "%s: %s", folder, strerror(-ret));
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct trace_entry *)a)->path, ((const struct trace_entry *)b)->path);
}

int trace_folder_read(const char *folder, bool recurse, uint64_t since_ns, struct trace_folder *out,
		      struct error *error)
{
	const struct search search = {out, since_ns};
	int ret;

	*out = (struct trace_folder){NULL, 0};
	ret = read_folder(folder, recurse, &search, error);
	if (ret != 0) {
		trace_folder_free(out);
		return ret;
	}
	if (out->count > 1)
		qsort(out->entries, out->count, sizeof(out->entries[0]), by_path);
	return 0;
}

void trace_folder_free(struct trace_folder *folder)
{
	for (size_t i = 0; i < folder->count; i++)
		free(folder->entries[i].path);
	free(folder->entries);
	*folder = (struct trace_folder){NULL, 0};
}
