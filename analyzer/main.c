/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - the table of subcommands, and the only place that exits.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cmd/cmd.h"

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command commands[] = {
	{"run", "run a program with its allocations traced", cmd_run},
	{"snapshot", "keep the state of a running process, without stopping it", cmd_snapshot},
	{"ctl", "tell a traced process to start, stop, snapshot or reset its peak", cmd_ctl},
	{"info", "everything about a process, its totals and what was not recorded", cmd_info},
	{"list", "snapshots of a folder by time", cmd_list},
	{"report", "show which call stacks hold the memory", cmd_report},
	{"diff", "show what grew, shrank, appeared and vanished", cmd_diff},
	{"leaks", "show the blocks alive at exit, or now", cmd_leaks},
	{"invalid", "show the frees of what was no live block", cmd_invalid},
	{"doctor", "what will limit or does limit the tracing of a program, and what to do",
	 cmd_doctor},
	{"help", "show the help of a command", cmd_help},
	{"version", "show the version", cmd_version},
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void print_overview(FILE *out)
{
	(void)fputs(
		"usage: memtrace COMMAND [options] ...\n"
		"       memtrace FILE.snap|PID\n"
		"\n"
		"Which call stacks hold the heap of a native program, and what grew in between.\n"
		"\n",
		out);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].summary);
	(void)fputs("\n'memtrace help COMMAND' says more. Without a command, a file or PID is "
		    "reported on.\n",
		    out);
}

static int fail_unknown(const char *name)
{
	struct suggestion nearest;

	suggest_begin(&nearest, name);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		suggest_offer(&nearest, commands[i].name);
	if (nearest.word != NULL)
		return cmd_fail(CMD_USAGE, "'%s' is no command; did you mean '%s'?", name,
				nearest.word);
	return cmd_fail(CMD_USAGE, "'%s' is no command and no file; see 'memtrace help'", name);
}

static int cmd_help(int argc, char **argv)
{
	const struct command *command;
	char help_option[] = "--help";
	char *help_argv[] = {NULL, help_option, NULL};

	if (argc < 2 || argv[1][0] == '-') {
		print_overview(stdout);
		return CMD_DONE;
	}
	command = find_command(argv[1]);
	if (command == NULL)
		return fail_unknown(argv[1]);
	if (command->run == cmd_help || command->run == cmd_version) {
		(void)printf("usage: memtrace %s\n\n%s\n", command->name, command->summary);
		return CMD_DONE;
	}
	help_argv[0] = argv[1];
	return command->run(2, help_argv);
}

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)puts("memtrace " MEMTRACE_VERSION);
	return CMD_DONE;
}

static bool is_number(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static int dispatch(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		print_overview(stderr);
		return CMD_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return cmd_version(argc - 1, argv + 1);
	command = find_command(argv[1]);
	if (command != NULL)
		return command->run(argc - 1, argv + 1);
	if (argv[1][0] == '-')
		return cmd_fail(CMD_USAGE, "unknown option '%s'; see 'memtrace --help'", argv[1]);
	command = find_command("report");
	if (command == NULL || (!is_number(argv[1]) && access(argv[1], F_OK) != 0))
		return fail_unknown(argv[1]);
	return command->run(argc, argv);
}

/* Output that nobody reads any more is no failure; output that found no room is one. */
static int close_output(int code)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	if (errno == EPIPE)
		return code;
	return cmd_fail(code == CMD_DONE ? CMD_FAILED : code, "standard output: %s",
			strerror(errno));
}

int main(int argc, char **argv)
{
	return close_output(dispatch(argc, argv));
}
