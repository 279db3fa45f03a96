/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output_folder.h - whether a trace file can be made and kept in a folder.
 */
#ifndef MODEL_OUTPUT_FOLDER_H
#define MODEL_OUTPUT_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

/**
 * output_folder_make_absolute() - of a path that a user gave; PATH_MAX bytes.
 *
 * Return: 0 or -EINVAL.
 */
int output_folder_make_absolute(const char *path, char *absolute, struct error *error);

/**
 * output_folder_check() - the file cannot be made in a folder that is not there: better said before the program
 * runs.
 * @path: absolute; of a folder, or of a file in it.
 * @is_folder: a file of that name is not meant.
 * @folder: receives the folder, PATH_MAX bytes; "" where the name has a pattern in its folder. NULL is allowed.
 *
 * Return: 0; -EINVAL, and error says why.
 */
int output_folder_check(const char *path, bool is_folder, char *folder, struct error *error);

/* What a small nameless file in the folder has shown. */
struct output_probe {
	int make_status; /* 0 or a negative errno, each */
	int map_status;
	int reserve_status;  /* -EINVAL: the kernel lacks MADV_POPULATE_WRITE; -ENOSPC: no room */
	uint64_t free_bytes; /* for this user */
	uint64_t total_bytes;
	const char *
		slow_name; /* of a file system that maps files slowly or incompletely; NULL = none */
	bool is_memory;	   /* tmpfs */
};

/**
 * output_folder_probe() - try out what the tracer will do there. Nothing is left behind.
 */
void output_folder_probe(const char *folder, struct output_probe *probe);

#endif
