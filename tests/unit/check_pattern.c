/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pattern.c - globs, regular expressions and suppression texts mean what pattern.h says.
 */
#include "base/pattern.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

struct row {
	const char *pattern, *text;
	bool is_match;
};

static void check_rows(const struct row *rows, size_t count,
		       int (*compile)(const char *, struct pattern **, struct error *))
{
	for (size_t i = 0; i < count; i++) {
		struct pattern *pattern = NULL;
		struct error error = {""};

		ck_assert_int_eq(compile(rows[i].pattern, &pattern, &error), 0);
		ck_assert_msg(pattern_match(pattern, rows[i].text) == rows[i].is_match,
			      "'%s' and '%s'", rows[i].pattern, rows[i].text);
		pattern_free(pattern);
	}
}

START_TEST(glob_covers_the_whole_text)
{
	static const struct row rows[] = {
		{"main", "main", true},
		{"main", "main2", false},
		{"main", "domain", false},
		{"*main", "domain", true},
		{"m*n", "main", true},
		{"m*n", "man", true},
		{"m*n", "mask", false},
		{"ma?n", "main", true},
		{"ma?n", "man", false},
		{"*", "", true},
		{"", "", true},
		{"", "a", false},
		{"a**b", "ab", true},
		{"*a*b*", "xxaxxbxx", true},
		{"*a*b*", "xxbxxaxx", false},
		{"*.c", "/src/dir/file.c", true},
		{"/src/*", "/src/a/b", true},
		{"?", "\xc3", true},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), pattern_compile);
}
END_TEST

START_TEST(set_takes_one_of_its_members)
{
	static const struct row rows[] = {
		{"[abc]x", "bx", true},	  {"[abc]x", "dx", false},
		{"[a-c]x", "bx", true},	  {"[!a-c]x", "dx", true},
		{"[!a-c]x", "ax", false}, {"[^a]", "b", true},
		{"[a-]", "-", true},	  {"[]x", "[]x", true},
		{"a[b", "a[b", true},	  {"new[](*)", "new[](int)", true},
		{"\\*", "*", true},	  {"\\*", "x", false},
		{"[z-a]", "m", false},	  {"a\\", "a\\", true},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), pattern_compile);
}
END_TEST

START_TEST(text_spelled_like_the_pattern_matches)
{
	static const struct row rows[] = {
		{"f(char [4])", "f(char [4])", true},
		{"a\\b", "a\\b", true},
		{"operator new[](unsigned long)", "operator new[](unsigned long)", true},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), pattern_compile);
}
END_TEST

START_TEST(regex_is_found_anywhere)
{
	static const struct row rows[] = {
		{"/ai+n/", "domaiin", true},	{"/^main$/", "domain", false},
		{"re:^(a|b)+$", "abba", true},	{"re:x", "abba", false},
		{"/usr/lib", "/usr/lib", true}, {"/", "/", true},
		{"re:", "anything", true},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), pattern_compile);
}
END_TEST

START_TEST(suppression_is_found_anywhere_unless_tied)
{
	static const struct row rows[] = {
		{"foo", "a_foo_b", true},  {"^foo", "a_foo", false}, {"^foo", "foo_b", true},
		{"foo$", "a_foo", true},   {"foo$", "foo_b", false}, {"^foo$", "foo", true},
		{"f*o", "a_fxxo_b", true}, {"f?o", "fxo", false},    {"f?o", "f?o", true},
		{"a[0]", "xa[0]y", true},  {"^", "anything", true},  {"$", "anything", true},
		{"^$", "", true},	   {"^$", "x", false},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]), pattern_compile_within);
}
END_TEST

START_TEST(bad_regex_is_refused_with_its_text)
{
	struct pattern *pattern = NULL;
	struct error error = {""};

	ck_assert_int_eq(pattern_compile("re:a(b", &pattern, &error), -EINVAL);
	ck_assert_ptr_null(pattern);
	ck_assert_ptr_nonnull(strstr(error.text, "a(b"));
}
END_TEST

START_TEST(null_text_fits_nothing)
{
	struct pattern *pattern = NULL;

	ck_assert_int_eq(pattern_compile("*", &pattern, NULL), 0);
	ck_assert(!pattern_match(pattern, NULL));
	pattern_free(pattern);
	pattern_free(NULL);
}
END_TEST

START_TEST(many_stars_take_polynomial_time)
{
	char text[4096], many[65];
	struct pattern *pattern = NULL;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i < 64; i += 2)
		memcpy(&many[i], "*a", 2);
	memcpy(&many[63], "b", 2);
	ck_assert_int_eq(pattern_compile(many, &pattern, NULL), 0);
	ck_assert(!pattern_match(pattern, text));
	pattern_free(pattern);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("pattern");
	TCase *tests = tcase_create("patterns");

	tcase_add_test(tests, glob_covers_the_whole_text);
	tcase_add_test(tests, set_takes_one_of_its_members);
	tcase_add_test(tests, text_spelled_like_the_pattern_matches);
	tcase_add_test(tests, regex_is_found_anywhere);
	tcase_add_test(tests, suppression_is_found_anywhere_unless_tied);
	tcase_add_test(tests, bad_regex_is_refused_with_its_text);
	tcase_add_test(tests, null_text_fits_nothing);
	tcase_add_test(tests, many_stars_take_polynomial_time);
	suite_add_tcase(suite, tests);
	return suite;
}
