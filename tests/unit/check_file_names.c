/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_file_names.c - the shortest ends of paths.
 */
#include <string.h>

#include "model/file_names.h"
#include "unit.h"

static struct file_names names;

static void end(void)
{
	file_names_fini(&names);
}

static void add(const char *list)
{
	static char text[1024];
	const char *paths[32];
	char *at = text, *path;
	size_t count = 0;

	(void)strcpy(text, list);
	while ((path = strsep(&at, " ")) != NULL)
		paths[count++] = path;
	ck_assert_int_eq(file_names_add(&names, paths, count), 0);
}

static void check(const char *path, const char *expected)
{
	ck_assert_str_eq(file_names_short(&names, path), expected);
}

START_TEST(file_of_its_own_name_is_its_last_component)
{
	check("/home/me/src/a.c", "a.c");
	add("/home/me/src/a.c /home/me/src/b.c /home/me/src/xa.c");
	check("/home/me/src/a.c", "a.c");
	check("/other/place/a.c", "a.c");
	check("/home/me/src/xa.c", "xa.c");
	check("a.c", "a.c");
}
END_TEST

START_TEST(files_of_one_name_get_as_many_folders_as_they_need)
{
	add("/r/net/util.c /r/db/util.c /r/x/lib/mod.rs /r/y/lib/mod.rs /r/z/lib/mod.rs /r/one.c");
	check("/r/net/util.c", "net/util.c");
	check("/elsewhere/db/util.c", "db/util.c");
	check("/r/x/lib/mod.rs", "x/lib/mod.rs");
	check("/r/one.c", "one.c");
}
END_TEST

START_TEST(folder_names_are_compared_whole)
{
	add("/r/net/util.c /r/subnet/util.c");
	check("/r/net/util.c", "net/util.c");
	check("/r/subnet/util.c", "subnet/util.c");
}
END_TEST

START_TEST(path_that_ends_another_is_kept_apart_from_it)
{
	add("util.c lib/util.c /r/lib/util.c");
	check("util.c", "util.c");
	check("lib/util.c", "lib/util.c");
	check("/r/lib/util.c", "r/lib/util.c");
}
END_TEST

START_TEST(builds_share_the_longer_names)
{
	add("/one/net/util.c /one/db/util.c");
	add("/two/db/util.c");
	check("/two/db/util.c", "db/util.c");
	add("/three/a/db/util.c /three/b/db/util.c");
	check("/one/db/util.c", "one/db/util.c");
}
END_TEST

START_TEST(equal_paths_need_nothing_more)
{
	add("/r/a.c /r/a.c");
	check("/r/a.c", "a.c");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("file_names");
	TCase *tests = tcase_create("file_names");

	tcase_add_checked_fixture(tests, NULL, end);
	tcase_add_test(tests, file_of_its_own_name_is_its_last_component);
	tcase_add_test(tests, files_of_one_name_get_as_many_folders_as_they_need);
	tcase_add_test(tests, folder_names_are_compared_whole);
	tcase_add_test(tests, path_that_ends_another_is_kept_apart_from_it);
	tcase_add_test(tests, builds_share_the_longer_names);
	tcase_add_test(tests, equal_paths_need_nothing_more);
	suite_add_tcase(suite, tests);
	return suite;
}
