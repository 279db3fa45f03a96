/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_size_text.c - sizes and spans read and written as the reports promise.
 */
#include <errno.h>
#include <stdint.h>

#include "base/size_text.h"
#include "base/time_text.h"
#include "unit.h"

START_TEST(size_has_one_decimal_below_100_of_a_unit)
{
	ck_assert_str_eq(size_text(0).text, "0 B");
	ck_assert_str_eq(size_text(99).text, "99 B");
	ck_assert_str_eq(size_text(10239).text, "10239 B");
	ck_assert_str_eq(size_text(10240).text, "10.0 KiB");
	ck_assert_str_eq(size_text(99 * 1024 + 512).text, "99.5 KiB");
	ck_assert_str_eq(size_text(100 * 1024).text, "100 KiB");
	ck_assert_str_eq(size_text(480 * 1024).text, "480 KiB");
	ck_assert_str_eq(size_text(INT64_C(10) << 20).text, "10.0 MiB");
	ck_assert_str_eq(size_text((INT64_C(10) << 20) - 1024).text, "10239 KiB");
	ck_assert_str_eq(size_text(INT64_C(3) << 40).text, "3072 GiB");
	ck_assert_str_eq(size_text(INT64_MAX).text, "8192 PiB");
}
END_TEST

START_TEST(negative_size_uses_the_unit_of_its_amount)
{
	ck_assert_str_eq(size_text(-10240).text, "-10.0 KiB");
	ck_assert_str_eq(size_text_signed(-480 * 1024).text, "-480 KiB");
	ck_assert_str_eq(size_text_signed(480 * 1024).text, "+480 KiB");
	ck_assert_str_eq(size_text_signed(0).text, "+0 B");
	ck_assert_str_eq(size_text(INT64_MIN).text, "-8192 PiB");
}
END_TEST

static const struct {
	const char *text;
	int ret;
	uint64_t bytes;
} sizes[] = {
	{"0", 0, 0},
	{"512", 0, 512},
	{"512B", 0, 512},
	{"1K", 0, 1024},
	{"1k", 0, 1024},
	{"1KiB", 0, 1024},
	{"1 KiB", 0, 1024},
	{"1kb", 0, 1024},
	{"1.5M", 0, 1572864},
	{"2G", 0, UINT64_C(2) << 30},
	{"1T", 0, UINT64_C(1) << 40},
	{"9223372036854775807", 0, INT64_MAX},
	{"9223372036854775808", -ERANGE, 0},
	{"8388608T", -ERANGE, 0},
	{"99999999999999999999999", -ERANGE, 0},
	{"", -EINVAL, 0},
	{"K", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{"1X", -EINVAL, 0},
	{"1KK", -EINVAL, 0},
	{"1.2.3M", -EINVAL, 0},
	{".5M", -EINVAL, 0},
	{"0x10", -EINVAL, 0},
	{"1e3", -EINVAL, 0},
};

START_TEST(size_is_parsed_in_units_of_1024)
{
	uint64_t bytes = 77;

	ck_assert_int_eq(size_text_parse(sizes[_i].text, &bytes), sizes[_i].ret);
	ck_assert_uint_eq(bytes, sizes[_i].ret == 0 ? sizes[_i].bytes : 77);
}
END_TEST

START_TEST(span_is_shown_in_its_unit)
{
	const uint64_t second = UINT64_C(1000000000);

	ck_assert_str_eq(time_text_span(0).text, "0 s");
	ck_assert_str_eq(time_text_span(12345).text, "12.3 us");
	ck_assert_str_eq(time_text_span(420000000).text, "420.0 ms");
	ck_assert_str_eq(time_text_span(1234567890).text, "1.23 s");
	ck_assert_str_eq(time_text_span(12 * second + second / 2).text, "12.5 s");
	ck_assert_str_eq(time_text_span(247 * second).text, "4m 07s");
	ck_assert_str_eq(time_text_span(11520 * second).text, "3h 12m");
	ck_assert_str_eq(time_text_span(190800 * second).text, "2d 05h");
}
END_TEST

START_TEST(span_is_parsed_with_its_unit)
{
	uint64_t ns = 77;

	ck_assert_int_eq(time_text_parse_span("30s", &ns), 0);
	ck_assert_uint_eq(ns, UINT64_C(30000000000));
	ck_assert_int_eq(time_text_parse_span("250ms", &ns), 0);
	ck_assert_uint_eq(ns, 250000000);
	ck_assert_int_eq(time_text_parse_span("1.5h", &ns), 0);
	ck_assert_uint_eq(ns, UINT64_C(5400000000000));
	ck_assert_int_eq(time_text_parse_span("2", &ns), 0);
	ck_assert_uint_eq(ns, UINT64_C(2000000000));
	ck_assert_int_eq(time_text_parse_span("", &ns), -EINVAL);
	ck_assert_int_eq(time_text_parse_span("5 m", &ns), -EINVAL);
	ck_assert_int_eq(time_text_parse_span("5y", &ns), -EINVAL);
	ck_assert_int_eq(time_text_parse_span("99999999999d", &ns), -ERANGE);
	ck_assert_uint_eq(ns, UINT64_C(2000000000));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("size_text");
	TCase *tcase = tcase_create("sizes and spans");

	tcase_add_test(tcase, size_has_one_decimal_below_100_of_a_unit);
	tcase_add_test(tcase, negative_size_uses_the_unit_of_its_amount);
	tcase_add_loop_test(tcase, size_is_parsed_in_units_of_1024, 0,
			    (int)(sizeof(sizes) / sizeof(sizes[0])));
	tcase_add_test(tcase, span_is_shown_in_its_unit);
	tcase_add_test(tcase, span_is_parsed_with_its_unit);
	suite_add_tcase(suite, tcase);
	return suite;
}
