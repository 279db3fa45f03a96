/* SPDX-License-Identifier: Apache-2.0 */
/*
 * input.h - bytes of a trace file, wherever they are: in a file, or mapped by another process.
 *
 * Reads copy; nothing is mapped here, so that a file which shrinks under the reader is an error code and
 * not a SIGBUS.
 */
#ifndef MODEL_INPUT_H
#define MODEL_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* A piece of the file that a process has mapped. */
struct input_range {
	uint64_t offset; /* in the file */
	uint64_t bytes;
	uint64_t address; /* in the process */
};

struct input {
	int fd;			    /* -1: memory of a process */
	pid_t pid;		    /* the process, if known; else 0 */
	struct input_range *ranges; /* memory of a process: by rising offset, owned */
	size_t range_count;
};

/**
 * input_open() - a regular file; anything else is refused.
 */
int input_open(struct input *input, const char *path, struct error *error);

/**
 * input_open_process() - what pid has mapped of a file.
 * @ranges: taken over, freed by input_close(), also on failure.
 */
int input_open_process(struct input *input, pid_t pid, struct input_range *ranges,
		       size_t range_count);

void input_close(struct input *input);

/**
 * input_size() - length now. That of a file of which only the mapped parts can be read is unknown and without
 * limit: parts may be handed out before they are mapped.
 */
int input_size(const struct input *input, uint64_t *bytes);

/**
 * input_read() - all of the bytes or none. What a process has not mapped reads as zero.
 *
 * Return: 0; -ENODATA the file ends before; another negative errno.
 */
int input_read(const struct input *input, uint64_t offset, void *buffer, size_t bytes);

#endif
