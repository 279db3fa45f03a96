/* SPDX-License-Identifier: Apache-2.0 */
/*
 * squeeze_stream.h - writes the sections of a new file piece by piece, each behind its own buffer.
 *
 * Layer 2. What is written may change while it is copied, so the checksum is that of the copy.
 */
#ifndef PRELOAD_SQUEEZE_STREAM_H
#define PRELOAD_SQUEEZE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SQUEEZE_STREAM_BYTES ((size_t)128 << 10)

/* A new file. Its descriptor is not kept longer than the file takes to write. */
struct squeeze_file {
	int fd;
	int status; /* 0, or the negative errno of the first failure: nothing is written after that */
	dev_t device;
	ino_t inode;
};

/* Bytes that follow each other in the file, from a place on. */
struct squeeze_stream {
	struct squeeze_file *file;
	char *buffer; /* SQUEEZE_STREAM_BYTES */
	size_t used;
	uint64_t offset; /* of what is in the buffer */
	uint32_t crc;	 /* of all bytes so far */
};

/**
 * squeeze_file_open() - create a file with mode 0400.
 * @path: must not exist.
 * @bytes_max: what it will have at most.
 *
 * Return: 0 or a negative errno.
 */
int squeeze_file_open(struct squeeze_file *file, const char *path, uint64_t bytes_max);

/**
 * squeeze_file_close() - give it its length.
 *
 * Return: 0 or the first failure; then the file is removed.
 */
int squeeze_file_close(struct squeeze_file *file, const char *path, uint64_t bytes);

/* Writes at a place; failures are kept in the file's status. */
void squeeze_file_write(struct squeeze_file *file, const void *from, size_t bytes, uint64_t offset);

/* Starts at a place in the file. The buffer stays the caller's. */
void squeeze_stream_begin(struct squeeze_stream *stream, struct squeeze_file *file, char *buffer,
			  uint64_t offset);
void squeeze_stream_add(struct squeeze_stream *stream, const void *from, size_t bytes);
void squeeze_stream_add_zeros(struct squeeze_stream *stream, uint64_t bytes);
/* Writes what is left; crc is that of the whole then. */
void squeeze_stream_end(struct squeeze_stream *stream);

#endif
