/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_field.c - columns: names, prefixes, ratios.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/field.h"
#include "unit.h"

static const struct field *found(const char *text)
{
	const struct field *field = NULL;
	struct error error;

	ck_assert_msg(field_find(text, &field, &error) == 0, "%s", text);
	return field;
}

START_TEST(short_names_and_their_prefixes_find_one_column)
{
	static const struct {
		const char *text, *name;
	} cases[] = {
		{"live", "live_bytes"},
		{"li", "live_bytes"},
		{"count", "live_blocks"},
		{"peak", "peak_live_bytes"},
		{"pe", "peak_live_bytes"},
		{"total", "alloc_bytes"},
		{"temporary", "temporary_count"},
		{"temp", "temporary_count"},
		{"at-peak", "at_peak_live_bytes"},
		{"size", "live_bytes"},
		{"live_bl", "live_blocks"},
		{"alloc_bytes", "alloc_bytes"},
		{"realloc_c", "realloc_count"},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		ck_assert_str_eq(found(cases[i].text)->name, cases[i].name);
}
END_TEST

START_TEST(ambiguous_prefix_lists_what_would_fit)
{
	const struct field *field;
	struct error error = {0};

	ck_assert_int_eq(field_find("t", &field, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "total"));
	ck_assert_ptr_nonnull(strstr(error.text, "temporary"));
	ck_assert_int_eq(field_find("live_b", &field, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "live_bytes"));
	ck_assert_ptr_nonnull(strstr(error.text, "live_blocks"));
}
END_TEST

START_TEST(unknown_and_empty_names_are_refused)
{
	const struct field *field;
	struct error error = {0};

	ck_assert_int_eq(field_find("speed", &field, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "speed"));
	ck_assert_int_eq(field_find("", &field, &error), -EINVAL);
	ck_assert_int_eq(field_find("livex", &field, &error), -EINVAL);
}
END_TEST

START_TEST(every_column_is_found_by_its_own_name)
{
	size_t i;

	for (i = 0; i < field_count; i++) {
		ck_assert_ptr_eq(field_by_name(field_table[i].name), &field_table[i]);
		if (field_table[i].sort_name)
			ck_assert_ptr_eq(found(field_table[i].sort_name), &field_table[i]);
	}
	ck_assert_ptr_null(field_by_name("live"));
}
END_TEST

START_TEST(list_keeps_the_order_given)
{
	const struct field **list = NULL;
	struct error error = {0};
	size_t count = 0;

	ck_assert_int_eq(field_find_list("peak,live,site_count", &list, &count, &error), 0);
	ck_assert_uint_eq(count, 3);
	ck_assert_str_eq(list[0]->name, "peak_live_bytes");
	ck_assert_str_eq(list[1]->name, "live_bytes");
	ck_assert_str_eq(list[2]->name, "site_count");
	free(list);
	ck_assert_int_eq(field_find_list("peak,,live", &list, &count, &error), -EINVAL);
	ck_assert_int_eq(field_find_list("peak,t", &list, &count, &error), -EINVAL);
}
END_TEST

START_TEST(averages_and_ratios_of_nothing_are_zero)
{
	struct figures figures = {0};

	ck_assert_int_eq(field_value(field_by_name("average_bytes"), &figures), 0);
	ck_assert_int_eq(field_value(field_by_name("temporary_ratio"), &figures), 0);
	figures.counters.live_bytes = INT64_MAX;
	figures.counters.live_blocks = 2;
	figures.counters.alloc_count = INT64_MAX;
	figures.counters.temporary_count = INT64_MAX / 4;
	ck_assert_int_eq(field_value(field_by_name("average_bytes"), &figures), INT64_MAX / 2);
	ck_assert_int_eq(field_value(field_by_name("temporary_ratio"), &figures), 249999);
}
END_TEST

START_TEST(change_beyond_32_bits_and_below_zero_is_exact)
{
	struct figures first = {0}, last = {0};

	first.counters.live_bytes = INT64_C(1) << 40;
	last.counters.live_bytes = INT64_C(3) << 33;
	ck_assert_int_eq(field_delta(field_by_name("live_bytes"), &first, &last),
			 (INT64_C(3) << 33) - (INT64_C(1) << 40));
}
END_TEST

START_TEST(adding_reaches_every_member)
{
	struct figures sum, part;
	int64_t expected[sizeof(part) / sizeof(int64_t)];
	size_t i;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		expected[i] = (int64_t)(i + 1);
	memcpy(&part, expected, sizeof(part));
	memcpy(&sum, expected, sizeof(sum));
	figures_add(&sum, &part);
	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		expected[i] *= 2;
	ck_assert_mem_eq(&sum, expected, sizeof(sum));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("field");
	TCase *tests = tcase_create("field");

	tcase_add_test(tests, short_names_and_their_prefixes_find_one_column);
	tcase_add_test(tests, ambiguous_prefix_lists_what_would_fit);
	tcase_add_test(tests, unknown_and_empty_names_are_refused);
	tcase_add_test(tests, every_column_is_found_by_its_own_name);
	tcase_add_test(tests, list_keeps_the_order_given);
	tcase_add_test(tests, averages_and_ratios_of_nothing_are_zero);
	tcase_add_test(tests, change_beyond_32_bits_and_below_zero_is_exact);
	tcase_add_test(tests, adding_reaches_every_member);
	suite_add_tcase(suite, tests);
	return suite;
}
