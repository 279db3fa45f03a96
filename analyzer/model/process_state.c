/* SPDX-License-Identifier: Apache-2.0 */
/*
 * process_state.c - whether the process that a trace file tells of is still there, from /proc.
 */
#include "model/process_state.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD_START_TICKS 22 /* of /proc/PID/stat, counted from 1 */
#define FIELD_STATE 3

static bool has_program(pid_t pid)
{
	char path[32], program[1];

	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return readlink(path, program, sizeof(program)) >= 0 || errno != ENOENT;
}

pid_t process_task(pid_t pid)
{
	const struct dirent *entry;
	pid_t task = pid;
	char path[32];
	DIR *tasks;

	if (has_program(pid))
		return pid;
	(void)snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	while (tasks != NULL && task == pid && (entry = readdir(tasks)) != NULL) {
		pid_t other = atoi(entry->d_name);

		if (other > 0 && other != pid && has_program(other))
			task = other;
	}
	if (tasks != NULL)
		(void)closedir(tasks);
	return task;
}

static bool has_ended(char state, pid_t pid)
{
	return (state == 'Z' || state == 'X') && process_task(pid) == pid;
}

uint64_t process_start_ticks(pid_t pid)
{
	char path[32], line[1024], *at;
	uint64_t ticks = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	/* the name in field 2 may hold anything, also ')' and blanks: the last ')' ends it */
	at = fgets(line, sizeof(line), file) != NULL ? strrchr(line, ')') : NULL;
	(void)fclose(file);
	if (at == NULL || at[1] == '\0' || has_ended(at[2], pid))
		return 0;
	at += 2;
	for (int field = FIELD_STATE; field < FIELD_START_TICKS && at != NULL; field++) {
		at = strchr(at, ' ');
		if (at != NULL)
			at++;
	}
	return at != NULL && sscanf(at, "%" SCNu64, &ticks) == 1 ? ticks : 0;
}

int process_maps_inode(pid_t pid, ino_t inode)
{
	char path[32], *line = NULL;
	size_t line_bytes = 0;
	int result = 0;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)process_task(pid));
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	errno = 0;
	while (result == 0 && getline(&line, &line_bytes, file) > 0) {
		uint64_t found;

		if (sscanf(line, "%*x-%*x %*s %*x %*s %" SCNu64, &found) == 1 && found == inode)
			result = 1;
	}
	if (result == 0 && ferror(file))
		result = errno != 0 ? -errno : -EIO;
	free(line);
	(void)fclose(file);
	return result;
}

int process_rss(pid_t pid, uint64_t *rss_bytes, uint64_t *rss_anon_bytes)
{
	char path[32], line[256];
	uint64_t kib;
	FILE *file;

	*rss_bytes = 0;
	*rss_anon_bytes = 0;
	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)process_task(pid));
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sscanf(line, "VmRSS: %" SCNu64 " kB", &kib) == 1)
			*rss_bytes = kib * 1024;
		else if (sscanf(line, "RssAnon: %" SCNu64 " kB", &kib) == 1)
			*rss_anon_bytes = kib * 1024;
	}
	(void)fclose(file);
	return *rss_bytes != 0 ? 0 : -ENODATA;
}
