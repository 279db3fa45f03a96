/* SPDX-License-Identifier: Apache-2.0 */
/*
 * target.c - finds and loads the trace file of a process.
 */
#include "model/target.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/maps.h"
#include "model/process_state.h"

#define NAMESPACE_DEPTH_MAX 33 /* the kernel's limit, and the process itself */

/* Opens a name if it is the file of this inode; else -ENOENT. */
static int open_same(const char *path, uint64_t inode, struct input *input)
{
	struct stat status;
	int result = input_open(input, path, NULL);

	if (result < 0)
		return result;
	if (fstat(input->fd, &status) == 0 && (uint64_t)status.st_ino == inode)
		return 0;
	input_close(input);
	return -ENOENT;
}

/* All that the process has mapped of this file. */
static int open_memory(pid_t pid, const struct maps *maps, uint64_t inode, struct input *input)
{
	struct input_range *ranges = calloc(maps->count, sizeof(*ranges));
	size_t count = 0;

	if (ranges == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < maps->count; i++) {
		const struct map_line *line = &maps->lines[i];

		if (line->inode == inode)
			ranges[count++] =
				(struct input_range){line->offset, line->end - line->start,
						     line->start};
	}
	return input_open_process(input, pid, ranges, count);
}

/* The ways to the bytes of a mapped file, the best first; the first error counts. */
static int open_line(pid_t pid, const struct maps *maps, const struct map_line *line,
		     struct input *input)
{
	char below_root[PATH_MAX], by_range[96], magic[8];
	const char *names[] = {below_root, line->path, by_range};
	int result = 0;

	(void)snprintf(below_root, sizeof(below_root), "/proc/%d/root%s", (int)pid, line->path);
	(void)snprintf(by_range, sizeof(by_range), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64,
		       (int)pid, line->start, line->end);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		int status = open_same(names[i], line->inode, input);

		if (status == 0)
			return 0;
		if (result == 0 && (status == -EACCES || status == -EPERM))
			result = status;
	}
	if (open_memory(pid, maps, line->inode, input) == 0) {
		int status = input_read(input, line->offset, magic, sizeof(magic));

		if (status == 0)
			return 0;
		input_close(input);
		result = result == 0 ? status : result;
	}
	return result == 0 ? -ENOENT : result;
}

/* Whether number is this process in one of the pid namespaces it is in. */
static bool is_pid_of(pid_t pid, int32_t number)
{
	char path[32], line[512];
	bool is_found = pid == number;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file != NULL && !is_found && fgets(line, sizeof(line), file) != NULL) {
		char *at = line, *end;

		if (strncmp(line, "NSpid:", 6) != 0)
			continue;
		at += 6;
		for (int i = 0; i < NAMESPACE_DEPTH_MAX && !is_found; i++, at = end) {
			long value = strtol(at, &end, 10);

			if (end == at)
				break;
			is_found = value == number;
		}
	}
	if (file != NULL)
		(void)fclose(file);
	return is_found;
}

/* Whether a mapped file is a trace file, and whose. */
static bool has_header(const struct input *input, struct mt_header *header)
{
	return input_read(input, 0, header, sizeof(*header)) == 0 &&
	       memcmp(header->magic, MT_MAGIC, sizeof(header->magic)) == 0 &&
	       header->kind == MT_KIND_LIVE;
}

/* What find() learnt on the way, for the message when nothing was found. */
struct search {
	const struct map_line *denied; /* looks like a trace file but could not be opened */
	int status;
	int32_t parent_pid; /* of the trace file that a forked process still maps */
};

static bool looks_like_trace(const char *path)
{
	return strstr(path, ".snap") != NULL;
}

static int find(struct target *target, const struct maps *maps, struct search *search)
{
	for (size_t i = 0; i < maps->count; i++) {
		const struct map_line *line = &maps->lines[i];
		struct mt_header header;
		int status;

		if (line->offset != 0)
			continue;
		status = open_line(target->task, maps, line, &target->input);
		if (status < 0 && looks_like_trace(line->path)) {
			search->denied = line;
			search->status = status;
		}
		if (status < 0)
			continue;
		if (has_header(&target->input, &header)) {
			target->header_address = line->start;
			if (is_pid_of(target->pid, header.pid)) {
				target->path = strdup(line->path);
				return target->path != NULL ? 0 : -ENOMEM;
			}
			search->parent_pid = header.pid;
		}
		input_close(&target->input);
	}
	return -ENODATA;
}

static int explain(pid_t pid, const struct search *search, struct error *error)
{
	if (search->denied != NULL)
		return error_set(error, search->status,
				 "process %d: its trace file %s cannot be opened and its memory "
				 "not be read: %s; run as its user or with CAP_SYS_PTRACE",
				 (int)pid, search->denied->path, strerror(-search->status));
	if (search->parent_pid != 0)
		return error_set(error, -ENODATA,
				 "process %d was forked from %d and has not allocated since: it "
				 "has no trace file of its own yet",
				 (int)pid, (int)search->parent_pid);
	return error_set(error, -ENODATA, "process %d is not traced: it has no trace file mapped",
			 (int)pid);
}

int target_open(pid_t pid, struct target *target, struct error *error)
{
	struct search search = {0};
	struct maps maps;
	pid_t task = process_task(pid);
	int result = maps_read(task, MAPS_SHARED, &maps);

	*target = (struct target){.pid = pid, .task = task, .input.fd = -1};
	if (result == -ENOENT || result == -ESRCH)
		return error_set(error, -ENOENT, "process %d: no such process", (int)pid);
	if (result < 0)
		return error_set(error, result,
				 "process %d: /proc/%d/maps: %s; run as its user or with "
				 "CAP_SYS_PTRACE",
				 (int)pid, (int)pid, strerror(-result));
	result = find(target, &maps, &search);
	if (result == -ENODATA)
		result = explain(pid, &search, error);
	else if (result < 0)
		result = error_set(error, result, "process %d: %s", (int)pid, strerror(-result));
	maps_free(&maps);
	if (result < 0)
		target_close(target);
	return result;
}

void target_close(struct target *target)
{
	input_close(&target->input);
	free(target->path);
	target->path = NULL;
}

int target_load(pid_t pid, struct snapshot **out, struct error *error)
{
	struct target target;
	uint64_t rss_bytes = 0, rss_anon_bytes = 0;
	int result = target_open(pid, &target, error);

	*out = NULL;
	if (result < 0)
		return result;
	result = snapshot_load_input(&target.input, target.path, true, out, error);
	if (result == 0 && process_rss(pid, &rss_bytes, &rss_anon_bytes) == 0) {
		(*out)->process.rss_bytes = rss_bytes;
		(*out)->process.rss_anon_bytes = rss_anon_bytes;
	}
	target_close(&target);
	return result;
}
