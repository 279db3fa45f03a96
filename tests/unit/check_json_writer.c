/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_json_writer.c - commas, escapes and numbers of JSON.
 */
#define _GNU_SOURCE 1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json_writer.h"
#include "unit.h"

static char *text;
static size_t bytes;
static struct json_writer json;

static void begin(void)
{
	json_begin(&json, open_memstream(&text, &bytes));
}

static const char *written(void)
{
	ck_assert_int_eq(fclose(json.out), 0);
	return text;
}

static void end(void)
{
	free(text);
}

START_TEST(containers_nest_with_commas_between_items_only)
{
	json_object(&json, NULL);
	json_array(&json, "empty");
	json_array_end(&json);
	json_array(&json, "two");
	json_integer(&json, NULL, 1);
	json_flat_object(&json, NULL);
	json_bool(&json, "a", true);
	json_text(&json, "b", NULL);
	json_object_end(&json);
	json_array_end(&json);
	json_unsigned(&json, "last", 3);
	json_object_end(&json);
	json_end(&json);
	ck_assert_str_eq(written(), "{\n"
				    "  \"empty\": [],\n"
				    "  \"two\": [\n"
				    "    1,\n"
				    "    {\"a\": true, \"b\": null}\n"
				    "  ],\n"
				    "  \"last\": 3\n"
				    "}\n");
}
END_TEST

static const struct {
	const char *text, *json;
} escapes[] = {
	{"plain", "\"plain\""},
	{"", "\"\""},
	{"a\"b\\c/", "\"a\\\"b\\\\c/\""},
	{"tab\tnl\n", "\"tab\\u0009nl\\u000a\""},
	{"\x1b[31m", "\"\\u001b[31m\""},
	{"gr\xc3\xbc\xc3\x9f", "\"gr\xc3\xbc\xc3\x9f\""},
	{"\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\""},
	{"\xff!", "\"\xef\xbf\xbd!\""},
	{"\xc3", "\"\xef\xbf\xbd\""},
	{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	{"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
};

START_TEST(texts_of_any_bytes_become_valid_utf8)
{
	json_text(&json, NULL, escapes[_i].text);
	ck_assert_str_eq(written(), escapes[_i].json);
}
END_TEST

START_TEST(numbers_keep_every_digit)
{
	json_array(&json, NULL);
	json_integer(&json, NULL, INT64_MIN);
	json_unsigned(&json, NULL, UINT64_MAX);
	json_decimal(&json, NULL, -5, 1000000);
	json_decimal(&json, NULL, 12500000, 1000000);
	json_decimal(&json, NULL, 0, 1000000);
	json_array_end(&json);
	ck_assert_str_eq(written(), "[\n  -9223372036854775808,\n  18446744073709551615,\n"
				    "  -0.000005,\n  12.500000,\n  0.000000\n]");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("json_writer");
	TCase *tests = tcase_create("json_writer");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, containers_nest_with_commas_between_items_only);
	tcase_add_loop_test(tests, texts_of_any_bytes_become_valid_utf8, 0,
			    (int)(sizeof(escapes) / sizeof(escapes[0])));
	tcase_add_test(tests, numbers_keep_every_digit);
	suite_add_tcase(suite, tests);
	return suite;
}
