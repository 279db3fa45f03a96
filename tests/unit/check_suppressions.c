/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_suppressions.c - LeakSanitizer's suppression files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/suppressions.h"
#include "unit.h"

static struct suppressions list;

static const struct frame frames[] = {
	{.function = "inner", .file = "/src/in.c", .module = "/usr/lib/libin.so.1", .build_id = ""},
	{.function = "app::Cache::fill()",
	 .linkage_name = "_ZN3app5Cache4fillEv",
	 .file = "/src/cache.cc",
	 .module = "/usr/bin/app",
	 .build_id = ""},
	{.module = "/usr/bin/app", .build_id = ""},
};

static const struct frame *const frame_list[] = {&frames[0], &frames[1], &frames[2]};

static const struct stack stack = {
	.frames = (const struct frame **)frame_list,
	.count = 3,
	.thread = "main",
};

static void end(void)
{
	suppressions_fini(&list);
}

static int parse(const char *text, struct error *error)
{
	return suppressions_parse(&list, "supp.txt", text, error);
}

static const struct {
	const char *line;
	bool is_fit;
} cases[] = {
	{"leak:inner", true},
	{"leak:nne", true},
	{"leak:Cache::fill", true},
	{"leak:_ZN3app5Cache4fillEv", true},
	{"leak:cache.cc", true},
	{"leak:libin.so", true},
	{"leak:^inner$", true},
	{"leak:^nner", false},
	{"leak:inne$", false},
	{"leak:app::*::fill", true},
	{"leak:app*Cache*empty", false},
	{"leak:other", false},
	{"leak:i.ner", false},
	{"   leak:inner", true},
	{"leak:inner \t\r", true},
};

START_TEST(pattern_is_looked_for_in_function_file_and_module)
{
	struct error error = {0};

	ck_assert_msg(parse(cases[_i].line, &error) == 0, "%s", error.text);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_msg((suppressions_match(&list, &stack) != NULL) == cases[_i].is_fit, "%s",
		      cases[_i].line);
}
END_TEST

START_TEST(comments_and_empty_lines_are_nothing)
{
	struct error error = {0};

	ck_assert_int_eq(parse("# leak:inner\n\n   \n  # more\nleak:x\n", &error), 0);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_str_eq(list.list[0].text, "x");
}
END_TEST

START_TEST(first_line_that_fits_counts)
{
	const struct counters counters = {.live_bytes = 100, .live_blocks = 3};
	struct error error = {0};

	ck_assert_int_eq(parse("leak:other\nleak:Cache\nleak:inner", &error), 0);
	ck_assert(suppressions_count(&list, &stack, &counters));
	ck_assert(suppressions_count(&list, &stack, &counters));
	ck_assert_int_eq(list.list[0].site_count, 0);
	ck_assert_int_eq(list.list[1].site_count, 2);
	ck_assert_int_eq(list.list[1].live_bytes, 200);
	ck_assert_int_eq(list.list[1].live_blocks, 6);
	ck_assert_int_eq(list.list[2].site_count, 0);
}
END_TEST

START_TEST(line_that_is_not_understood_is_named)
{
	struct error error = {0};

	ck_assert_int_eq(parse("leak:ok\nrace:foo\n", &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "supp.txt:2"));
	ck_assert_ptr_nonnull(strstr(error.text, "race:foo"));
	ck_assert_int_eq(parse("leak:\n", &error), -EINVAL);
	ck_assert_int_eq(parse("inner\n", &error), -EINVAL);
}
END_TEST

START_TEST(file_is_read_whole_and_missing_or_binary_ones_are_refused)
{
	char path[] = "/tmp/check_suppressions.XXXXXX";
	struct error error = {0};
	FILE *file = fdopen(mkstemp(path), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_gt(fprintf(file, "leak:one\nleak:two"), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(suppressions_load(&list, path, &error), 0);
	ck_assert_uint_eq(list.count, 2);
	ck_assert_str_eq(list.list[1].text, "two");
	file = fopen(path, "w");
	ck_assert_uint_eq(fwrite("leak:a\0leak:b\n", 1, 14, file), 14);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(suppressions_load(&list, path, &error), -EINVAL);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(suppressions_load(&list, path, &error), -ENOENT);
	ck_assert_ptr_nonnull(strstr(error.text, path));
}
END_TEST

START_TEST(empty_file_suppresses_nothing)
{
	struct error error = {0};

	ck_assert_int_eq(suppressions_load(&list, "/dev/null", &error), 0);
	ck_assert_uint_eq(list.count, 0);
	ck_assert_ptr_null(suppressions_match(&list, &stack));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("suppressions");
	TCase *tests = tcase_create("suppressions");

	tcase_add_checked_fixture(tests, NULL, end);
	tcase_add_loop_test(tests, pattern_is_looked_for_in_function_file_and_module, 0,
			    (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tests, comments_and_empty_lines_are_nothing);
	tcase_add_test(tests, first_line_that_fits_counts);
	tcase_add_test(tests, line_that_is_not_understood_is_named);
	tcase_add_test(tests, file_is_read_whole_and_missing_or_binary_ones_are_refused);
	tcase_add_test(tests, empty_file_suppresses_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
