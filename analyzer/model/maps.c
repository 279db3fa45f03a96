/* SPDX-License-Identifier: Apache-2.0 */
/*
 * maps.c - the file mappings of a process, from /proc/PID/maps: those that are shared, or those of code.
 */
#include "model/maps.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The kernel writes a newline inside a name as \012. */
static void unescape(char *path)
{
	char *to = path;

	for (const char *from = path; *from != '\0';) {
		bool is_newline = strncmp(from, "\\012", 4) == 0;

		*to++ = is_newline ? '\n' : *from;
		from += is_newline ? 4 : 1;
	}
	*to = '\0';
}

/* What of a line's rights, such as "r-xp", makes it one of a kind. */
static bool is_wanted(enum maps_kind kind, const char *rights)
{
	return kind == MAPS_SHARED ? rights[3] == 's' : rights[3] == 'p' && rights[2] == 'x';
}

static int add_line(struct maps *maps, enum maps_kind kind, const char *text)
{
	struct map_line line = {0}, *grown;
	char rights[5];
	int path_at = 0;

	if (sscanf(text, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %" SCNu64 " %n", &line.start,
		   &line.end, rights, &line.offset, &line.inode, &path_at) < 5 ||
	    !is_wanted(kind, rights) || line.inode == 0 || path_at == 0)
		return 0;
	grown = realloc(maps->lines, (maps->count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -ENOMEM;
	maps->lines = grown;
	line.path = strdup(text + path_at);
	if (line.path == NULL)
		return -ENOMEM;
	line.path[strcspn(line.path, "\n")] = '\0';
	unescape(line.path);
	maps->lines[maps->count++] = line;
	return 0;
}

int maps_read_file(FILE *file, enum maps_kind kind, struct maps *maps)
{
	char *text = NULL;
	size_t text_bytes = 0;
	int result = 0;

	*maps = (struct maps){0};
	errno = 0;
	while (result == 0 && getline(&text, &text_bytes, file) > 0)
		result = add_line(maps, kind, text);
	if (result == 0 && ferror(file))
		result = errno != 0 ? -errno : -EIO;
	free(text);
	if (result < 0)
		maps_free(maps);
	return result;
}

int maps_read(pid_t pid, enum maps_kind kind, struct maps *maps)
{
	char path[32];
	FILE *file;
	int result;

	*maps = (struct maps){0};
	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	result = maps_read_file(file, kind, maps);
	(void)fclose(file);
	return result;
}

void maps_free(struct maps *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		free(maps->lines[i].path);
	free(maps->lines);
	*maps = (struct maps){0};
}
