/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.c - reads a command line by a table of options.
 */
#include "cmd/options.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "cmd/cmd.h"

enum {
	ID_END = 0,
	ID_STOP = -1,
	ID_HELP = -2,
};

static const struct option_row help_row = {ID_HELP, "help", 'h', NULL, "show this help"};

void options_begin(struct options *options, const struct command_usage *usage, int argc,
		   char **argv)
{
	*options = (struct options){
		.usage = usage,
		.argc = argc,
		.argv = argv,
		.next = 1,
		.operands = argv + 1,
	};
}

int options_fail(const struct options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cmd_say(options->usage->name, format, args);
	va_end(args);
	(void)fprintf(stderr, "Try 'memtrace help %s'.\n", options->usage->name);
	return CMD_USAGE;
}

/* Rows of all groups as one sequence, the help row last; NULL behind it. */
static const struct option_row *row_at(const struct command_usage *usage, size_t index)
{
	for (size_t i = 0; i < usage->group_count; i++) {
		if (index < usage->groups[i].row_count)
			return &usage->groups[i].rows[index];
		index -= usage->groups[i].row_count;
	}
	return index == 0 ? &help_row : NULL;
}

static const struct option_row *row_by_letter(const struct command_usage *usage, char letter)
{
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(usage, i)) != NULL; i++)
		if (row->letter == letter)
			return row;
	return NULL;
}

static const char *nearest_name(const struct command_usage *usage, const char *word)
{
	const struct option_row *row;
	struct suggestion best;

	suggest_begin(&best, word);
	for (size_t i = 0; (row = row_at(usage, i)) != NULL; i++)
		suggest_offer(&best, row->name);
	return best.word;
}

static int stop_unknown(struct options *options, const char *name)
{
	const char *nearest = nearest_name(options->usage, name);

	if (nearest != NULL)
		options->exit_code =
			options_fail(options, "unknown option '--%s'; did you mean '--%s'?", name,
				     nearest);
	else
		options->exit_code = options_fail(options, "unknown option '--%s'", name);
	return ID_STOP;
}

static int stop_ambiguous(struct options *options, const char *name, const char *first,
			  const char *second)
{
	options->exit_code =
		options_fail(options, "'--%s' may be '--%s' or '--%s'", name, first, second);
	return ID_STOP;
}

static int finish(struct options *options, const struct option_row *row, const char *value)
{
	if (row->id == ID_HELP) {
		options_print_help(options->usage);
		options->exit_code = CMD_DONE;
		return ID_STOP;
	}
	options->value = value;
	return row->id;
}

static int stop_no_value(struct options *options, const struct option_row *row)
{
	options->exit_code =
		options_fail(options, "%s needs a value: %s", options->option, row->argument);
	return ID_STOP;
}

static const struct option_row *row_by_name(const struct command_usage *usage, const char *name)
{
	const struct option_row *row;

	for (size_t i = 0; (row = row_at(usage, i)) != NULL; i++)
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

/* The row that a prefix stands for, and a second one if there is more than one. */
static const struct option_row *row_by_prefix(const struct command_usage *usage, const char *name,
					      const struct option_row **second)
{
	const struct option_row *row, *found = NULL;

	*second = NULL;
	for (size_t i = 0; (row = row_at(usage, i)) != NULL; i++) {
		if (strncmp(row->name, name, strlen(name)) != 0)
			continue;
		if (found == NULL)
			found = row;
		else
			*second = row;
	}
	return found;
}

static int next_long(struct options *options, const char *text)
{
	size_t name_bytes = strcspn(text, "=");
	const struct option_row *found, *second = NULL;
	char name[64];

	(void)snprintf(name, sizeof(name), "%.*s", (int)name_bytes, text);
	found = row_by_name(options->usage, name);
	if (found == NULL && name[0] != '\0')
		found = row_by_prefix(options->usage, name, &second);
	if (found == NULL)
		return stop_unknown(options, name);
	if (second != NULL)
		return stop_ambiguous(options, name, found->name, second->name);
	(void)snprintf(options->option_text, sizeof(options->option_text), "--%s", found->name);
	if (found->argument == NULL) {
		if (text[name_bytes] == '\0')
			return finish(options, found, NULL);
		options->exit_code = options_fail(options, "%s takes no value", options->option);
		return ID_STOP;
	}
	if (text[name_bytes] == '=')
		return finish(options, found, text + name_bytes + 1);
	if (options->next >= options->argc)
		return stop_no_value(options, found);
	return finish(options, found, options->argv[options->next++]);
}

static int next_letter(struct options *options)
{
	const char *bundle = options->argv[options->next];
	const char *at = bundle + options->letter_at;
	const struct option_row *row = row_by_letter(options->usage, *at);
	bool is_last = at[1] == '\0';

	if (row == NULL) {
		options->exit_code = options_fail(options, "unknown option '-%c'", *at);
		return ID_STOP;
	}
	(void)snprintf(options->option_text, sizeof(options->option_text), "-%c", *at);
	if (row->argument == NULL && !is_last) {
		options->letter_at++;
		return finish(options, row, NULL);
	}
	options->letter_at = 0;
	options->next++;
	if (row->argument == NULL)
		return finish(options, row, NULL);
	if (!is_last)
		return finish(options, row, at + 1);
	if (options->next >= options->argc)
		return stop_no_value(options, row);
	return finish(options, row, options->argv[options->next++]);
}

static void take_operand(struct options *options, char *operand)
{
	options->operands[options->operand_count++] = operand;
}

int options_next(struct options *options)
{
	options->option = options->option_text;
	options->value = NULL;
	if (options->letter_at > 0)
		return next_letter(options);
	while (options->next < options->argc) {
		char *argument = options->argv[options->next];
		bool is_option = argument[0] == '-' && argument[1] != '\0';

		if (options->is_only_operands || !is_option) {
			options->is_only_operands |= options->usage->stops_at_operand;
			take_operand(options, argument);
			options->next++;
			continue;
		}
		if (argument[1] != '-') {
			options->letter_at = 1;
			return next_letter(options);
		}
		options->next++;
		if (argument[2] != '\0')
			return next_long(options, argument + 2);
		options->is_only_operands = true;
	}
	return ID_END;
}

static void print_row(const struct option_row *row)
{
	char left[64];

	(void)snprintf(left, sizeof(left), "%c%c%s --%s%s%s", row->letter ? '-' : ' ',
		       row->letter ? row->letter : ' ', row->letter ? "," : " ", row->name,
		       row->argument ? " " : "", row->argument ? row->argument : "");
	if (strlen(left) < 28)
		(void)printf("  %-28s%s\n", left, row->help);
	else
		(void)printf("  %s\n  %-28s%s\n", left, "", row->help);
}

void options_print_help(const struct command_usage *usage)
{
	(void)printf("usage: memtrace %s %s\n\n%s\n", usage->name, usage->synopsis, usage->about);
	for (size_t i = 0; i < usage->group_count; i++) {
		(void)printf("\n%s\n", usage->groups[i].title);
		for (size_t j = 0; j < usage->groups[i].row_count; j++)
			print_row(&usage->groups[i].rows[j]);
	}
	(void)printf("%s", usage->group_count == 0 ? "\nOptions\n" : "");
	print_row(&help_row);
}
