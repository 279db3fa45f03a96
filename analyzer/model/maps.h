/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.h - the shared file mappings of a process, from /proc/PID/maps.
 */
#ifndef MODEL_MAPS_H
#define MODEL_MAPS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct map_line {
	uint64_t start, end; /* in the process */
	uint64_t offset;     /* in the file */
	uint64_t inode;
	char *path; /* unescaped; " (deleted)" at the end stays */
};

struct maps {
	struct map_line *lines; /* only mappings of files that are shared (MAP_SHARED) */
	size_t count;
};

/**
 * maps_read() - Return: 0 or a negative errno; free with maps_free().
 */
int maps_read(pid_t pid, struct maps *maps);

/**
 * maps_read_file() - the same from a file of that kind.
 */
int maps_read_file(FILE *file, struct maps *maps);
void maps_free(struct maps *maps);

#endif
