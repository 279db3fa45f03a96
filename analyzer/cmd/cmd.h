/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmd.h - the subcommands as main.c calls them, one file each: argv[0] is the subcommand's name.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include <stdarg.h>

/* Exit codes of every subcommand; `run` passes on the program's own instead. */
enum cmd_exit {
	CMD_DONE = 0,
	CMD_FAILED = 1, /* a check that was asked for failed, or the work could not be finished */
	CMD_USAGE = 2,	/* the command line makes no sense */
	CMD_BAD_INPUT = 3, /* missing, damaged, truncated or not ours */
};

int cmd_run(int argc, char **argv);
int cmd_snapshot(int argc, char **argv);
int cmd_ctl(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_diff(int argc, char **argv);
int cmd_leaks(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_list(int argc, char **argv);
int cmd_invalid(int argc, char **argv);
int cmd_doctor(int argc, char **argv);

/**
 * cmd_say() - one line "memtrace COMMAND: ..." on standard error, with nothing in it that a terminal obeys.
 * @command: "" where the command does not matter.
 */
void cmd_say(const char *command, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/**
 * cmd_fail() - one line "memtrace: ..." on standard error.
 *
 * Return: code, so that `return cmd_fail(CMD_BAD_INPUT, "%s", error.text)` can be written.
 */
int cmd_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
