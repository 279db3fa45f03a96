/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source.c - reads whole source files and remembers where their lines start.
 */
#define _GNU_SOURCE 1
#include "model/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/digest_map.h"

#define SOURCE_FILE_MAX ((off_t)16 << 20) /* larger files are not written by people */
#define SOURCE_LINE_MAX 400

struct source_file {
	char *text; /* NULL: not found */
	size_t bytes;
	size_t *starts; /* of lines; one more than there are lines */
	size_t line_count;
};

struct source {
	char *sysroot; /* "" = none */
	struct source_file *files;
	size_t count, capacity;
	struct digest_map map; /* name -> index into files */
	struct arena lines;
};

int source_new(const char *sysroot, struct source **out, struct error *error)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source)
		source->sysroot = strdup(sysroot ? sysroot : "");
	if (!source || !source->sysroot) {
		source_free(source);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*out = source;
	return 0;
}

void source_free(struct source *source)
{
	if (!source)
		return;
	for (size_t i = 0; i < source->count; i++) {
		free(source->files[i].text);
		free(source->files[i].starts);
	}
	free(source->files);
	free(source->sysroot);
	digest_map_fini(&source->map);
	arena_fini(&source->lines);
	free(source);
}

/* Reads a whole regular file. Returns 0 and its bytes, else a negative errno. */
static int file_read(const char *name, char **text, size_t *bytes)
{
	/* a FIFO in the place of a file must not keep us waiting */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK), status = -ENOENT;
	struct stat file;
	ssize_t part = 1;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &file) != 0 || !S_ISREG(file.st_mode) || file.st_size > SOURCE_FILE_MAX)
		goto out;
	status = -ENOMEM;
	*text = malloc((size_t)file.st_size + 1);
	if (!*text)
		goto out;
	for (*bytes = 0; *bytes < (size_t)file.st_size && part > 0; *bytes += (size_t)part) {
		part = read(fd, *text + *bytes, (size_t)file.st_size - *bytes);
		if (part < 0)
			part = 0;
	}
	status = 0;
out:
	close(fd);
	return status;
}

static int file_index(struct source_file *file)
{
	size_t line_count = 1;

	for (size_t i = 0; i < file->bytes; i++)
		line_count += file->text[i] == '\n';
	file->starts = calloc(line_count + 1, sizeof(*file->starts));
	if (!file->starts)
		return -ENOMEM;
	for (size_t i = 0; i < file->bytes; i++)
		if (file->text[i] == '\n')
			file->starts[++file->line_count] = i + 1;
	file->starts[++file->line_count] = file->bytes;
	return 0;
}

static struct source_file file_open(const struct source *source, const char *name)
{
	struct source_file file = {0};
	char *below = NULL;
	int status = -ENOENT;

	if (*source->sysroot && asprintf(&below, "%s/%s", source->sysroot, name) >= 0) {
		status = file_read(below, &file.text, &file.bytes);
		free(below);
	}
	if (status != 0)
		status = file_read(name, &file.text, &file.bytes);
	if (status == 0)
		status = file_index(&file);
	if (status != 0) {
		free(file.text);
		file = (struct source_file){0};
	}
	return file;
}

static const struct source_file *source_file(struct source *source, const char *name)
{
	struct digest key = digest_text((struct digest){0, 0}, name);
	size_t index = digest_map_find(&source->map, key);

	if (index != DIGEST_MAP_NONE)
		return &source->files[index];
	if (source->count == source->capacity) {
		size_t capacity = source->capacity ? 2 * source->capacity : 16;
		struct source_file *files = reallocarray(source->files, capacity, sizeof(*files));

		if (!files)
			return NULL;
		source->files = files;
		source->capacity = capacity;
	}
	if (digest_map_put(&source->map, key, source->count) != 0)
		return NULL;
	source->files[source->count] = file_open(source, name);
	return &source->files[source->count++];
}

static bool is_blank(char character)
{
	return (unsigned char)character <= ' ' || character == 0x7f;
}

const char *source_line(struct source *source, const char *name, uint32_t line)
{
	const struct source_file *file = name ? source_file(source, name) : NULL;
	size_t first, end;
	char *copy;

	if (!file || line == 0 || line > file->line_count)
		return NULL;
	first = file->starts[line - 1];
	end = file->starts[line];
	while (first < end && is_blank(file->text[first]))
		first++;
	while (end > first && is_blank(file->text[end - 1]))
		end--;
	if (end - first > SOURCE_LINE_MAX)
		end = first + SOURCE_LINE_MAX;
	copy = first < end ? arena_alloc(&source->lines, end - first + 1) : NULL;
	for (size_t i = first; copy && i < end; i++)
		copy[i - first] = is_blank(file->text[i]) ? ' ' : file->text[i];
	return copy;
}
