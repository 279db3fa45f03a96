/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_file.h - creates a file that is complete or not there.
 */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Written under another name in the same folder; what a kill leaves behind is named .memtrace-PID-N.tmp. */
struct new_file {
	const char *path; /* the caller's */
	char temporary[PATH_MAX];
	int fd;
	int status; /* 0, or the negative errno of the first failure: nothing is written after that */
};

/**
 * new_file_open() - begin a new file, mode 0600.
 * @path: must not exist; is never replaced.
 *
 * Return: 0; -EEXIST; another negative errno. error says it in one line.
 */
int new_file_open(struct new_file *file, const char *path, struct error *error);

/* Writes at a place. Failures are kept in the status. */
void new_file_write(struct new_file *file, uint64_t offset, const void *from, size_t bytes);

/**
 * new_file_close() - give it its name if all was written, else remove it.
 *
 * Return: 0; -EEXIST; another negative errno. error says it in one line.
 */
int new_file_close(struct new_file *file, struct error *error);

/* Removes it. */
void new_file_abandon(struct new_file *file);

#endif
