/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.c - bytes of a trace file, read with pread() or process_vm_readv().
 */
#include "model/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/process_memory.h"

int input_open(struct input *input, const char *path, struct error *error)
{
	struct stat status;
	int result;

	*input = (struct input){.fd = -1};
	/* O_NONBLOCK: a FIFO must be refused, not waited for */
	input->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (input->fd < 0 || fstat(input->fd, &status) < 0) {
		result = error_set(error, -errno, "%s: %s", path, strerror(errno));
		input_close(input);
		return result;
	}
	if (!S_ISREG(status.st_mode)) {
		input_close(input);
		return error_set(error, -EBADMSG, "%s: not a regular file", path);
	}
	return 0;
}

static int compare_ranges(const void *left, const void *right)
{
	const struct input_range *a = left, *b = right;

	return a->offset < b->offset ? -1 : a->offset > b->offset;
}

int input_open_process(struct input *input, pid_t pid, struct input_range *ranges,
		       size_t range_count)
{
	*input = (struct input){.fd = -1, .pid = pid, .ranges = ranges, .range_count = range_count};
	if (range_count == 0) {
		input_close(input);
		return -ENODATA;
	}
	qsort(ranges, range_count, sizeof(*ranges), compare_ranges);
	return 0;
}

void input_close(struct input *input)
{
	if (input->fd >= 0)
		(void)close(input->fd);
	free(input->ranges);
	*input = (struct input){.fd = -1};
}

int input_size(const struct input *input, uint64_t *bytes)
{
	struct stat status;

	if (input->fd < 0) {
		*bytes = INT64_MAX;
		return 0;
	}
	if (fstat(input->fd, &status) < 0)
		return -errno;
	*bytes = (uint64_t)status.st_size;
	return 0;
}

static int read_ranges(const struct input *input, uint64_t offset, unsigned char *to, size_t bytes)
{
	uint64_t end = offset + bytes;

	memset(to, 0, bytes);
	for (size_t i = 0; i < input->range_count; i++) {
		const struct input_range *range = &input->ranges[i];
		uint64_t from = range->offset > offset ? range->offset : offset;
		uint64_t until = range->offset + range->bytes;
		int result;

		if (until > end)
			until = end;
		if (from >= until)
			continue;
		result = process_memory_read(input->pid, range->address + (from - range->offset),
					     to + (from - offset), until - from);
		if (result < 0)
			return result;
	}
	return 0;
}

int input_read(const struct input *input, uint64_t offset, void *buffer, size_t bytes)
{
	unsigned char *to = buffer;
	uint64_t end;

	if (__builtin_add_overflow(offset, bytes, &end) || end > INT64_MAX)
		return -ENODATA;
	if (input->fd < 0)
		return read_ranges(input, offset, to, bytes);
	while (bytes > 0) {
		ssize_t got = pread(input->fd, to, bytes, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -errno : -ENODATA;
		to += got;
		offset += (uint64_t)got;
		bytes -= (size_t)got;
	}
	return 0;
}
