/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_options.c - command lines read by a table, and words that were nearly right.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/suggest.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "unit.h"

enum {
	LIMIT = 1,
	LIVE,
	QUIET,
	ALL,
};

static const struct option_row rows[] = {
	{LIMIT, "limit", 'n', "N", "how many"},
	{LIVE, "live", 0, NULL, "only live ones"},
	{QUIET, "quiet", 'q', NULL, "say nothing"},
};

static const struct option_row more_rows[] = {
	{ALL, "all", 'a', NULL, "everything"},
};

static const struct option_group groups[] = {
	OPTION_GROUP("Some", rows),
	OPTION_GROUP("More", more_rows),
};

static const struct command_usage mixing = {
	.name = "test",
	.synopsis = "FILE",
	.about = "Tests.",
	.groups = groups,
	.group_count = 2,
};

static const struct command_usage stopping = {
	.name = "test",
	.synopsis = "CMD",
	.about = "Tests.",
	.groups = groups,
	.group_count = 2,
	.stops_at_operand = true,
};

static struct options options;
static char words[16][32];
static char *arguments[17];

/* Reads "a b c" as arguments; result: "id=value id ... | operands", or "exit N". */
static const char *read_line(const struct command_usage *usage, const char *line)
{
	static char result[512];
	int count = 1, id, consumed;
	size_t used = 0;

	(void)strcpy(words[0], "test");
	for (; sscanf(line, " %31s%n", words[count], &consumed) == 1; line += consumed)
		count++;
	for (int i = 0; i < count; i++)
		arguments[i] = words[i];
	arguments[count] = NULL;
	result[0] = '\0';
	options_begin(&options, usage, count, arguments);
	while ((id = options_next(&options)) > 0)
		used += (size_t)snprintf(result + used, sizeof(result) - used, "%d%s%s ", id,
					 options.value ? "=" : "",
					 options.value ? options.value : "");
	if (id < 0) {
		(void)snprintf(result, sizeof(result), "exit %d", options.exit_code);
		return result;
	}
	used += (size_t)snprintf(result + used, sizeof(result) - used, "|");
	for (int i = 0; i < options.operand_count; i++)
		used += (size_t)snprintf(result + used, sizeof(result) - used, " %s",
					 options.operands[i]);
	return result;
}

static const struct {
	const struct command_usage *usage;
	const char *line;
	const char *result;
} lines[] = {
	{&mixing, "", "|"},
	{&mixing, "a -n 3 b", "1=3 | a b"},
	{&mixing, "--limit=3 --limit 4 -n5", "1=3 1=4 1=5 |"},
	{&mixing, "--limit=", "1= |"},
	{&mixing, "--lim 3 --q --al", "1=3 3 4 |"},
	{&mixing, "-qa x -qan 7 y", "3 4 3 4 1=7 | x y"},
	{&mixing, "-q -- -q --limit", "3 | -q --limit"},
	{&mixing, "- -q", "3 | -"},
	{&stopping, "-q prog -q --limit", "3 | prog -q --limit"},
	{&stopping, "-q -- -prog -q", "3 | -prog -q"},
	{&mixing, "--li 3", "exit 2"},
	{&mixing, "--limit", "exit 2"},
	{&mixing, "-n", "exit 2"},
	{&mixing, "--quiet=1", "exit 2"},
	{&mixing, "--nothing", "exit 2"},
	{&mixing, "-x", "exit 2"},
	{&mixing, "-qx", "exit 2"},
	{&mixing, "--=3", "exit 2"},
	{&mixing, "-q --help", "exit 0"},
	{&mixing, "-h", "exit 0"},
};

START_TEST(line_is_read_as_expected)
{
	/* messages and help belong to the user, not to the log */
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
	ck_assert_str_eq(read_line(lines[_i].usage, lines[_i].line), lines[_i].result);
}
END_TEST

START_TEST(option_is_named_as_in_the_table)
{
	char word[] = "--lim=3", name[] = "test";
	char *argv[] = {name, word, NULL};

	options_begin(&options, &mixing, 2, argv);
	ck_assert_int_eq(options_next(&options), LIMIT);
	ck_assert_str_eq(options.option, "--limit");
}
END_TEST

START_TEST(distance_counts_edits)
{
	ck_assert_uint_eq(suggest_distance("", ""), 0);
	ck_assert_uint_eq(suggest_distance("report", "report"), 0);
	ck_assert_uint_eq(suggest_distance("", "abc"), 3);
	ck_assert_uint_eq(suggest_distance("reprot", "report"), 1);
	ck_assert_uint_eq(suggest_distance("snapsot", "snapshot"), 1);
	ck_assert_uint_eq(suggest_distance("diff", "list"), 3);
}
END_TEST

static const char *nearest(const char *typed)
{
	static const char *const candidates[] = {"run", "snapshot", "report", "diff", "leaks"};
	struct suggestion suggestion;

	suggest_begin(&suggestion, typed);
	for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]); i++)
		suggest_offer(&suggestion, candidates[i]);
	return suggestion.word != NULL ? suggestion.word : "";
}

START_TEST(only_a_slip_is_corrected)
{
	ck_assert_str_eq(nearest("repotr"), "report");
	ck_assert_str_eq(nearest("snap"), "snapshot");
	ck_assert_str_eq(nearest("dif"), "diff");
	ck_assert_str_eq(nearest("leak"), "leaks");
	ck_assert_str_eq(nearest("trace.snap"), "");
	ck_assert_str_eq(nearest("valgrind"), "");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("options");
	TCase *tcase = tcase_create("options");

	tcase_add_loop_test(tcase, line_is_read_as_expected, 0,
			    (int)(sizeof(lines) / sizeof(lines[0])));
	tcase_add_test(tcase, option_is_named_as_in_the_table);
	tcase_add_test(tcase, distance_counts_edits);
	tcase_add_test(tcase, only_a_slip_is_corrected);
	suite_add_tcase(suite, tcase);
	return suite;
}
