/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_path.c - names are joined and tidied.
 */
#include "base/path.h"

#include <stdlib.h>

#include "unit.h"

struct row {
	const char *directory, *name, *expected;
};

START_TEST(names_are_joined_and_tidied)
{
	static const struct row rows[] = {
		{"/src", "a.c", "/src/a.c"},
		{"/src/", "a.c", "/src/a.c"},
		{"/src", "/lib/a.c", "/lib/a.c"},
		{NULL, "a.c", "a.c"},
		{"", "a.c", "a.c"},
		{"/tmp/build", "../../src/./x/../a.c", "/src/a.c"},
		{"/", "../../a.c", "/a.c"},
		{"/src", "../..", "/"},
		{"./", "./src/a.c", "src/a.c"},
		{"build", "../a.c", "a.c"},
		{"build", "../../a.c", "../a.c"},
		{NULL, "../../a.c", "../../a.c"},
		{NULL, "//usr///include//a.h", "/usr/include/a.h"},
		{"/src", "..a/...b", "/src/..a/...b"},
		{"/src", "", "/src"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char *path = path_join(rows[i].directory, rows[i].name);

		ck_assert_str_eq(path, rows[i].expected);
		free(path);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("path");
	TCase *tests = tcase_create("names");

	tcase_add_test(tests, names_are_joined_and_tidied);
	suite_add_tcase(suite, tests);
	return suite;
}
