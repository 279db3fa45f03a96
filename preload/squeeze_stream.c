/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squeeze_stream.c - copies into a buffer, adds up the checksum there, and writes what is full.
 *
 * Writing is three times as fast as a mapping of the new file, each page of which is a fault. But a thread of
 * the program may close descriptors that it did not open, and get ours for a file of its own. So before each
 * piece the descriptor is looked at: what is no longer our file is neither written to nor closed.
 */
#define _GNU_SOURCE
#include "squeeze_stream.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "memtrace/crc32c.h"
#include "os.h"
#include "trace_file.h"

static bool squeeze_file_is_ours(const struct squeeze_file *file)
{
	struct stat status;

	return os_stat(file->fd, &status) == 0 && status.st_dev == file->device &&
	       status.st_ino == file->inode;
}

int squeeze_file_open(struct squeeze_file *file, const char *path, uint64_t bytes_max)
{
	struct stat status;
	int result;

	*file = (struct squeeze_file){.fd = trace_file_open_new(path, bytes_max)};
	if (file->fd < 0)
		return file->fd;
	result = os_stat(file->fd, &status);
	if (result < 0) {
		(void)os_close(file->fd);
		(void)os_unlink(path);
		return result;
	}
	file->device = status.st_dev;
	file->inode = status.st_ino;
	return 0;
}

int squeeze_file_close(struct squeeze_file *file, const char *path, uint64_t bytes)
{
	bool is_ours = squeeze_file_is_ours(file);

	if (!is_ours && file->status == 0)
		file->status = -EBADF;
	if (file->status == 0)
		file->status = os_truncate(file->fd, bytes);
	if (is_ours)
		(void)os_close(file->fd);
	if (file->status < 0)
		(void)os_unlink(path);
	return file->status;
}

void squeeze_file_write(struct squeeze_file *file, const void *from, size_t bytes, uint64_t offset)
{
	long result;

	if (file->status < 0)
		return;
	result = squeeze_file_is_ours(file) ? os_write_at(file->fd, from, bytes, offset) : -EBADF;
	if (result < 0)
		file->status = (int)result;
}

void squeeze_stream_begin(struct squeeze_stream *stream, struct squeeze_file *file, char *buffer,
			  uint64_t offset)
{
	*stream = (struct squeeze_stream){.file = file, .buffer = buffer, .offset = offset};
}

static void squeeze_stream_flush(struct squeeze_stream *stream)
{
	if (stream->used == 0)
		return;
	stream->crc = mt_crc32c(stream->crc, stream->buffer, stream->used);
	squeeze_file_write(stream->file, stream->buffer, stream->used, stream->offset);
	stream->offset += stream->used;
	stream->used = 0;
}

/* Room at the end of the buffer for some of so many bytes; *part is set to how many. */
static char *squeeze_stream_room(struct squeeze_stream *stream, uint64_t bytes, size_t *part)
{
	char *room = stream->buffer + stream->used;

	if (stream->used == SQUEEZE_STREAM_BYTES) {
		squeeze_stream_flush(stream);
		room = stream->buffer;
	}
	*part = SQUEEZE_STREAM_BYTES - stream->used;
	if (*part > bytes)
		*part = bytes;
	stream->used += *part;
	return room;
}

void squeeze_stream_add(struct squeeze_stream *stream, const void *from, size_t bytes)
{
	const char *at = from;
	size_t part;

	for (; bytes > 0; bytes -= part, at += part) {
		char *room = squeeze_stream_room(stream, bytes, &part);

		memcpy(room, at, part);
	}
}

void squeeze_stream_add_zeros(struct squeeze_stream *stream, uint64_t bytes)
{
	size_t part;

	for (; bytes > 0; bytes -= part) {
		char *room = squeeze_stream_room(stream, bytes, &part);

		memset(room, 0, part);
	}
}

void squeeze_stream_end(struct squeeze_stream *stream)
{
	squeeze_stream_flush(stream);
}
