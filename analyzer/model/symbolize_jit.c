/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_jit.c - reads lines of "START SIZE NAME", both numbers in hex.
 */
#define _GNU_SOURCE 1
#include "model/symbolize_jit.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/range_index.h"

#define SECOND_NS UINT64_C(1000000000)

struct jit_map {
	struct range_index ranges; /* -> index into names, the last line first */
	const char **names;
	size_t count, capacity;
	struct arena texts;
};

static int jit_map_add(struct jit_map *map, uint64_t low, uint64_t bytes, const char *name)
{
	char *copy;
	uint64_t high;

	if (__builtin_add_overflow(low, bytes, &high))
		return 0;
	if (map->count == map->capacity) {
		size_t capacity = map->capacity ? 2 * map->capacity : 256;
		const char **names = reallocarray(map->names, capacity, sizeof(*names));

		if (!names)
			return -ENOMEM;
		map->names = names;
		map->capacity = capacity;
	}
	copy = arena_alloc(&map->texts, strlen(name) + 1);
	if (!copy)
		return -ENOMEM;
	map->names[map->count] = strcpy(copy, name);
	/* of equal ranges the index gives the lowest value */
	return range_index_add(&map->ranges, low, high, SIZE_MAX - 1 - map->count++);
}

static int jit_map_read_line(struct jit_map *map, char *line)
{
	char *end, *name;
	uint64_t low = strtoull(line, &end, 16), bytes;

	if (end == line || *end != ' ')
		return 0;
	bytes = strtoull(end + 1, &name, 16);
	if (name == end + 1 || *name != ' ')
		return 0;
	name++;
	name[strcspn(name, "\n")] = '\0';
	return *name ? jit_map_add(map, low, bytes, name) : 0;
}

static int jit_map_read(struct jit_map *map, FILE *file)
{
	char *line = NULL;
	size_t capacity = 0;
	int status = 0;

	while (status == 0 && getline(&line, &capacity, file) > 0)
		status = jit_map_read_line(map, line);
	free(line);
	range_index_sort(&map->ranges);
	return status;
}

/* Anybody can put a file into /tmp: it must be a plain one, and written since the process started. */
static FILE *jit_file_open(const char *sysroot, int pid, uint64_t start_ns)
{
	struct stat status;
	char *path;
	FILE *file;
	int fd;

	if (asprintf(&path, "%s/tmp/perf-%d.map", sysroot, pid) < 0)
		return NULL;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	free(path);
	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode) ||
	    ((uint64_t)status.st_mtim.tv_sec + 1) * SECOND_NS < start_ns) {
		close(fd);
		return NULL;
	}
	file = fdopen(fd, "r");
	if (!file)
		close(fd);
	return file;
}

int jit_map_new(const char *sysroot, int pid, uint64_t start_ns, struct jit_map **out)
{
	struct jit_map *map = calloc(1, sizeof(*map));
	FILE *file;
	int status = 0;

	if (!map)
		return -ENOMEM;
	file = jit_file_open(sysroot, pid, start_ns);
	if (file) {
		status = jit_map_read(map, file);
		fclose(file);
	}
	if (status != 0)
		jit_map_free(map);
	else
		*out = map;
	return status;
}

void jit_map_free(struct jit_map *map)
{
	if (!map)
		return;
	range_index_fini(&map->ranges);
	free(map->names);
	arena_fini(&map->texts);
	free(map);
}

const char *jit_map_find(const struct jit_map *map, uint64_t address)
{
	size_t value = range_index_find(&map->ranges, address);

	return value == RANGE_NONE ? NULL : map->names[SIZE_MAX - 1 - value];
}
