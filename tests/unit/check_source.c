/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_source.c - lines of source are found, trimmed and harmless to print.
 */
#include "model/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static char folder[64];

static const char *path_of(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *file = fopen(path_of(name), "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
}

static void setup(void)
{
	strcpy(folder, "/tmp/memtrace-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	write_file("a.c", "first\n\t  second(1);  \r\n\n\tcol\tour \x1b[31m red\x07\nlast");
	ck_assert_int_eq(mkdir("root", 0700), 0);
	write_file("root/b.c", "below\n");
	ck_assert_int_eq(mkfifo("pipe.c", 0600), 0);
}

static void teardown(void)
{
	static const char *const names[] = {"a.c", "root/b.c", "pipe.c"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(path_of(names[i]));
	rmdir(path_of("root"));
	ck_assert_int_eq(chdir("/"), 0);
	rmdir(folder);
}

START_TEST(line_is_found_and_trimmed)
{
	struct source *source = NULL;

	ck_assert_int_eq(source_new(NULL, &source, NULL), 0);
	ck_assert_str_eq(source_line(source, path_of("a.c"), 1), "first");
	ck_assert_str_eq(source_line(source, path_of("a.c"), 2), "second(1);");
	ck_assert_str_eq(source_line(source, path_of("a.c"), 5), "last");
	ck_assert_str_eq(source_line(source, "a.c", 2), "second(1);");
	source_free(source);
}
END_TEST

START_TEST(control_characters_become_spaces)
{
	struct source *source = NULL;

	ck_assert_int_eq(source_new(NULL, &source, NULL), 0);
	ck_assert_str_eq(source_line(source, "a.c", 4), "col our  [31m red");
	source_free(source);
}
END_TEST

START_TEST(what_is_not_there_is_null)
{
	struct source *source = NULL;

	ck_assert_int_eq(source_new(NULL, &source, NULL), 0);
	ck_assert_ptr_null(source_line(source, "a.c", 0));
	ck_assert_ptr_null(source_line(source, "a.c", 3));
	ck_assert_ptr_null(source_line(source, "a.c", 6));
	ck_assert_ptr_null(source_line(source, "a.c", UINT32_MAX));
	ck_assert_ptr_null(source_line(source, "none.c", 1));
	ck_assert_ptr_null(source_line(source, "root", 1));
	ck_assert_ptr_null(source_line(source, "pipe.c", 1));
	ck_assert_ptr_null(source_line(source, NULL, 1));
	source_free(source);
}
END_TEST

START_TEST(file_below_sysroot_comes_first)
{
	struct source *source = NULL;

	ck_assert_int_eq(source_new(path_of("root"), &source, NULL), 0);
	ck_assert_str_eq(source_line(source, "/b.c", 1), "below");
	ck_assert_str_eq(source_line(source, "a.c", 1), "first");
	source_free(source);
}
END_TEST

START_TEST(file_is_read_once)
{
	struct source *source = NULL;

	ck_assert_int_eq(source_new(NULL, &source, NULL), 0);
	ck_assert_str_eq(source_line(source, "a.c", 1), "first");
	write_file("a.c", "other\n");
	ck_assert_str_eq(source_line(source, "a.c", 1), "first");
	source_free(source);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("source");
	TCase *tests = tcase_create("lines");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, line_is_found_and_trimmed);
	tcase_add_test(tests, control_characters_become_spaces);
	tcase_add_test(tests, what_is_not_there_is_null);
	tcase_add_test(tests, file_below_sysroot_comes_first);
	tcase_add_test(tests, file_is_read_once);
	suite_add_tcase(suite, tests);
	return suite;
}
