/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot.c - `memtrace snapshot`: keeps the state of a process or of a trace file in a file of its own.
 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/open.h"
#include "cmd/options.h"
#include "model/snapshot.h"

#define NUMBER_MAX 1000000u

enum {
	SNAPSHOT_OUTPUT = 1,
	SNAPSHOT_LABEL,
};

static const struct option_row rows[] = {
	{SNAPSHOT_OUTPUT, "output", 'o', "FILE", "name of the new file, or a folder for it"},
	{SNAPSHOT_LABEL, "label", 0, "TEXT", "text that memtrace list shows for it"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Options", rows),
};

static const struct command_usage usage = {
	.name = "snapshot",
	.synopsis = "[options] PID|FILE",
	.about = "Writes what a running process has recorded so far into a new file, without "
		 "stopping the\n"
		 "process; or squeezes a trace file into a snapshot. Prints the name of the file, "
		 "which\n"
		 "is PROGRAM.PID.N.snap in this folder unless --output says otherwise.",
	.groups = groups,
	.group_count = sizeof(groups) / sizeof(groups[0]),
};

static bool is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

static int write_named(const struct snapshot *snapshot, const char *path, const char *label,
		       struct error *error)
{
	int ret = snapshot_write(snapshot, path, label, error);

	if (ret == 0)
		(void)puts(path);
	return ret;
}

/* A slash in it would name another folder. */
static void clean_name(char *name)
{
	for (; *name != '\0'; name++)
		if (*name == '/')
			*name = '_';
}

/* The next free number; somebody else may take it first. */
static int write_numbered(const struct snapshot *snapshot, const char *folder, const char *label,
			  struct error *error)
{
	char program[sizeof(snapshot->header.program) + 1], path[PATH_MAX];
	int ret = -EEXIST;

	(void)snprintf(program, sizeof(program), "%s", snapshot->program);
	clean_name(program);
	for (unsigned int number = 1; ret == -EEXIST && number <= NUMBER_MAX; number++) {
		int bytes = snprintf(path, sizeof(path), "%s%s%s.%d.%u.snap", folder,
				     folder[0] != '\0' ? "/" : "", program, snapshot->header.pid,
				     number);

		if (bytes < 0 || (size_t)bytes >= sizeof(path))
			return error_set(error, -ENAMETOOLONG, "%s: %s", folder,
					 strerror(ENAMETOOLONG));
		ret = write_named(snapshot, path, label, error);
	}
	return ret;
}

static int take(const char *input, const char *output, const char *label)
{
	struct error error = {""};
	struct snapshot *snapshot;
	int code = open_input(input, &snapshot);
	int ret;

	if (code != CMD_DONE)
		return code;
	if (output != NULL && !is_folder(output))
		ret = write_named(snapshot, output, label, &error);
	else
		ret = write_numbered(snapshot, output != NULL ? output : "", label, &error);
	snapshot_free(snapshot);
	return ret == 0 ? CMD_DONE : cmd_fail(CMD_FAILED, "%s", error.text);
}

int cmd_snapshot(int argc, char **argv)
{
	const char *output = NULL, *label = NULL;
	struct options options;
	int id;

	options_begin(&options, &usage, argc, argv);
	while ((id = options_next(&options)) > 0) {
		if (id == SNAPSHOT_OUTPUT)
			output = options.value;
		else
			label = options.value;
	}
	if (id < 0)
		return options.exit_code;
	if (options.operand_count != 1)
		return options_fail(&options, "expected one process or file, found %d",
				    options.operand_count);
	return take(options.operands[0], output, label);
}
