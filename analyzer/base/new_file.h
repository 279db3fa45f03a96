/* SPDX-License-Identifier: Apache-2.0 */
/*
 * new_file.h - creates a file that is complete or not there.
 */
#ifndef BASE_NEW_FILE_H
#define BASE_NEW_FILE_H

#include <stddef.h>
#include <sys/uio.h>

#include "base/error.h"

/**
 * new_file_write() - write pieces one after the other into a new file, mode 0600.
 * @path: must not exist; is never replaced.
 *
 * Written under another name in the same folder and renamed when whole; what is left behind after a kill
 * is named .memtrace-PID-N.tmp.
 *
 * Return: 0; -EEXIST; another negative errno. error says it in one line.
 */
int new_file_write(const char *path, const struct iovec *pieces, size_t piece_count,
		   struct error *error);

#endif
