/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.h - the file mappings of a process, from /proc/PID/maps: those that are shared, or those of code.
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
	struct map_line *lines; /* of files only */
	size_t count;
};

enum maps_kind {
	MAPS_SHARED, /* MAP_SHARED, such as a trace file */
	MAPS_CODE,   /* private and may be executed: the program and its libraries */
};

/**
 * maps_read() - Return: 0 or a negative errno; free with maps_free().
 */
int maps_read(pid_t pid, enum maps_kind kind, struct maps *maps);

/**
 * maps_read_file() - the same from a file of that kind.
 */
int maps_read_file(FILE *file, enum maps_kind kind, struct maps *maps);
void maps_free(struct maps *maps);

#endif
