/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - one table of options per subcommand, from which both the parser and --help work.
 *
 * Understood: --name, --name=value, --name value, any unique prefix of a name, -x, -xvalue, -x value,
 * -xyz, and -- before operands. --help and -h are always there.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct option_row {
	int id;		      /* > 0; what options_next() returns */
	const char *name;     /* long form without dashes */
	char letter;	      /* short form; 0 = none */
	const char *argument; /* what the help calls its value; NULL = takes none */
	const char *help;     /* one line, no full stop */
};

struct option_group {
	const char *title; /* heading in the help, such as "Filters" */
	const struct option_row *rows;
	size_t row_count;
};

#define OPTION_GROUP(title, rows)                                                                  \
	{                                                                                          \
		(title), (rows), sizeof(rows) / sizeof((rows)[0])                                  \
	}

struct command_usage {
	const char *name;     /* of the subcommand */
	const char *synopsis; /* behind the name: "[options] FILE|PID" */
	const char *about;    /* a few lines that end without a newline */
	const struct option_group *groups;
	size_t group_count;
	bool stops_at_operand; /* everything from the first operand on belongs to another program */
};

struct options {
	const struct command_usage *usage;
	char **argv;
	int argc;
	int next;	       /* argument to be looked at */
	int letter_at;	       /* inside a bundle such as -xyz; 0 = not inside one */
	bool is_only_operands; /* "--" was seen */
	const char *option;    /* the option just returned as the table calls it, with its dashes */
	const char *value;     /* its value; NULL if it takes none */
	char **operands; /* moved together at the front of argv, complete once the end is reached */
	int operand_count;
	int exit_code; /* set when options_next() returns -1 */
	char option_text[64];
};

void options_begin(struct options *options, const struct command_usage *usage, int argc,
		   char **argv);

/**
 * options_next() - the next option of the command line.
 *
 * Return: its id; 0 at the end, operands then stand in options->operands; -1 when the command is to
 * return options->exit_code at once: help was printed, or a usage error.
 */
int options_next(struct options *options);

/**
 * options_fail() - a usage error: one line and where to find help, on standard error.
 *
 * Return: CMD_USAGE.
 */
int options_fail(const struct options *options, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * options_print_help() - the whole help of a subcommand on standard output.
 */
void options_print_help(const struct command_usage *usage);

#endif
