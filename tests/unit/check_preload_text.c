/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_preload_text.c - short texts are built and numbers read without libc's stdio.
 */
#include "text.h"

#include <string.h>

#include "unit.h"

START_TEST(text_is_put_together)
{
	char data[64];
	struct text text;

	text_init(&text, data, sizeof(data));
	ck_assert_str_eq(data, "");
	text_add(&text, "a ");
	text_add_number(&text, 0);
	text_add_bytes(&text, " bcd", 3);
	text_add_number(&text, UINT64_MAX);
	ck_assert_str_eq(data, "a 0 bc18446744073709551615");
	ck_assert_uint_eq(text.used, strlen(data));
	ck_assert(!text.is_cut);
}
END_TEST

START_TEST(hexadecimal_numbers_have_no_leading_zeros)
{
	char data[64];
	struct text text;

	text_init(&text, data, sizeof(data));
	text_add_hex(&text, 0);
	text_add(&text, " ");
	text_add_hex(&text, 0xa0);
	text_add(&text, " ");
	text_add_hex(&text, UINT64_MAX);
	ck_assert_str_eq(data, "0 a0 ffffffffffffffff");
}
END_TEST

START_TEST(what_does_not_fit_is_cut_and_said)
{
	char data[8] = "xxxxxxx";
	struct text text;

	text_init(&text, data, 6);
	text_add(&text, "12345");
	ck_assert(!text.is_cut);
	text_add(&text, "");
	ck_assert(!text.is_cut);
	text_add(&text, "6");
	ck_assert(text.is_cut);
	text_add_number(&text, 789);
	ck_assert_str_eq(data, "12345");
	ck_assert_int_eq(data[6], 'x');
}
END_TEST

START_TEST(numbers_are_whole_and_fit)
{
	static const char *const bad[] = {"",
					  " 1",
					  "1 ",
					  "-1",
					  "+1",
					  "1x",
					  "0x10",
					  "1.5",
					  "18446744073709551616",
					  "99999999999999999999",
					  "K"};
	uint64_t value;

	ck_assert(text_to_number("0", &value) && value == 0);
	ck_assert(text_to_number("007", &value) && value == 7);
	ck_assert(text_to_number("18446744073709551615", &value) && value == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!text_to_number(bad[i], &value), "\"%s\" was taken", bad[i]);
}
END_TEST

START_TEST(bytes_may_have_a_unit)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {{"0", 0},
		    {"12", 12},
		    {"1k", 1024},
		    {"2K", 2048},
		    {"3m", UINT64_C(3) << 20},
		    {"3M", UINT64_C(3) << 20},
		    {"4g", UINT64_C(4) << 30},
		    {"4G", UINT64_C(4) << 30},
		    {"5t", UINT64_C(5) << 40},
		    {"5T", UINT64_C(5) << 40}};
	static const char *const bad[] = {"", "K", "1KB", "1KK", "1 K", "16777216T", "1s", "-1K"};
	uint64_t value;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(text_to_bytes(good[i].text, &value), "\"%s\"", good[i].text);
		ck_assert_uint_eq(value, good[i].bytes);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!text_to_bytes(bad[i], &value), "\"%s\" was taken", bad[i]);
}
END_TEST

START_TEST(times_must_have_a_unit)
{
	static const char *const bad[] = {"",	"5",   "s",
					  "5S", "5ms", "5 s",
					  "1y", "-5s", "999999999999999999d"};
	uint64_t value;

	ck_assert(text_to_seconds("30s", &value) && value == 30);
	ck_assert(text_to_seconds("5m", &value) && value == 300);
	ck_assert(text_to_seconds("2h", &value) && value == 7200);
	ck_assert(text_to_seconds("1d", &value) && value == 86400);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!text_to_seconds(bad[i], &value), "\"%s\" was taken", bad[i]);
}
END_TEST

START_TEST(base_name_is_behind_the_last_slash)
{
	ck_assert_str_eq(text_base_name("/usr/bin/env"), "env");
	ck_assert_str_eq(text_base_name("env"), "env");
	ck_assert_str_eq(text_base_name("bin/"), "");
	ck_assert_str_eq(text_base_name(""), "");
	ck_assert(text_equal("a", "a") && !text_equal("a", "ab"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("preload_text");
	TCase *tests = tcase_create("text");

	tcase_add_test(tests, text_is_put_together);
	tcase_add_test(tests, hexadecimal_numbers_have_no_leading_zeros);
	tcase_add_test(tests, what_does_not_fit_is_cut_and_said);
	tcase_add_test(tests, numbers_are_whole_and_fit);
	tcase_add_test(tests, bytes_may_have_a_unit);
	tcase_add_test(tests, times_must_have_a_unit);
	tcase_add_test(tests, base_name_is_behind_the_last_slash);
	suite_add_tcase(suite, tests);
	return suite;
}
