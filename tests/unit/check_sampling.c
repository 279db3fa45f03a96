/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sampling.c - estimates are shown with their limits in every format, exact figures without.
 */
#include "render/sampling.h"

#include <stdio.h>
#include <string.h>

#include "fake_view.h"
#include "unit.h"

/* 40 samples of 1000 blocks of 100 bytes each, half of them live. */
static struct snapshot *input(int64_t extra)
{
	struct snapshot *snapshot = fake_view_input();

	fake_site(snapshot, "main", "keep@s.c:1 main@m.c:9", 40000 + extra, 20000, 100);
	fake_site(snapshot, "main", "other@s.c:2 main@m.c:9", 1000, 0, 10);
	fake_sampled(snapshot, 102400, 40);
	return snapshot;
}

START_TEST(text_says_sampled_and_gives_limits)
{
	(void)input(0);
	fake_view_report(GROUP_SITE);
	ck_assert_str_eq(
		fake_view_render(&text_renderer),
		"1963 KiB live in 21,000 blocks, 99% of it from 1 of 2 sites\n"
		"sampled (1 per 100 KiB), with limits of 95%: size 1963 KiB [1236 KiB, 2966 KiB]\n"
		"\n"
		"s.c:1 keep: size=1953 KiB [1227 KiB, 2957 KiB], count=20000 [12564, 30275], "
		"average=100 B [100 B, 100 B]\n"
		"    keep at s.c:1\n"
		"    main at m.c:9\n"
		"\n"
		"s.c:2 other: size=10000 B [7302 B, 13.1 KiB], count=1000 [730, 1340], "
		"average=10 B [10 B, 10 B]\n"
		"    other at s.c:2\n"
		"    main at m.c:9\n"
		"\n"
		"61,000 events estimated, 0 dropped, 0 unseen frees, 0 truncated stacks, "
		"0 of 3 frames unresolved; live + freed = allocated\n");
}
END_TEST

START_TEST(exact_inputs_have_no_limits)
{
	fake_site(fake_view_input(), "main", "f@s.c:1 main@m.c:9", 4, 0, 10);
	fake_view_report(GROUP_SITE);
	ck_assert_ptr_null(strchr(fake_view_render(&text_renderer), '['));
	ck_assert_ptr_null(strstr(fake_view_render(&text_renderer), "sampled"));
	ck_assert_ptr_null(strstr(fake_view_render(&json_renderer), "_low"));
	ck_assert_ptr_null(strstr(fake_view_render(&json_renderer), "sample"));
	ck_assert_ptr_null(strstr(fake_view_render(&csv_renderer), "_low"));
}
END_TEST

START_TEST(json_has_limits_of_rows_and_totals)
{
	(void)input(0);
	fake_view_report(GROUP_SITE);
	(void)fake_view_render(&json_renderer);
	ck_assert_ptr_nonnull(strstr(fake.text, "\"sampled\": {\n    \"bytes\": 102400\n  }"));
	ck_assert_ptr_nonnull(strstr(fake.text, "\"sample_bytes\": 102400"));
	ck_assert_ptr_nonnull(strstr(fake.text, "\"live_blocks\": 20000,\n"
						"      \"live_blocks_low\": 12564,\n"
						"      \"live_blocks_high\": 30275,\n"));
	ck_assert_ptr_nonnull(strstr(fake.text, "\"live_blocks_low\": 135"));
	ck_assert_ptr_null(strstr(fake.text, "site_count_low"));
	ck_assert_ptr_null(strstr(fake.text, "dropped_count_low"));
}
END_TEST

START_TEST(csv_has_a_column_for_each_limit)
{
	(void)input(0);
	fake_view_report(GROUP_SITE);
	(void)fake_view_render(&csv_renderer);
	ck_assert_ptr_nonnull(strstr(fake.text, ",live_blocks,live_blocks_low,live_blocks_high,"));
	ck_assert_ptr_nonnull(strstr(fake.text, ",20000,12564,30275,"));
}
END_TEST

START_TEST(diff_of_one_process_is_narrower_than_of_two)
{
	struct snapshot *first = input(0), *last = input(4000);
	const struct field *field = field_by_name("alloc_count");
	struct interval one, two;

	last->estimates[0].parts[ESTIMATE_ALLOCATED].blocks = 44;
	fake_view_diff(GROUP_SITE);
	one = sampling_of_row_change(&fake.view, &fake.rows->rows[0], field);
	last->header.start_realtime_ns = first->header.start_realtime_ns + 1;
	two = sampling_of_row_change(&fake.view, &fake.rows->rows[0], field);
	ck_assert_int_gt(one.low, 0);
	ck_assert_int_lt(two.low, 0);
	ck_assert_int_lt(one.high, two.high);
	ck_assert_ptr_nonnull(
		strstr(fake_view_render(&text_renderer), "sampled (1 per 100 KiB), with limits"));
	ck_assert_ptr_nonnull(strstr(fake_view_render(&json_renderer), "alloc_count_delta_low"));
	ck_assert_ptr_nonnull(strstr(fake_view_render(&csv_renderer), ",alloc_count_delta_high,"));
}
END_TEST

START_TEST(limits_of_a_sum_are_narrower_than_the_sum_of_limits)
{
	struct interval sum, rows = {0, 0};
	size_t i;

	(void)input(0);
	fake_view_report(GROUP_SITE);
	for (i = 0; i < fake.rows->count; i++) {
		struct interval row = sampling_of_row(&fake.view, &fake.rows->rows[i],
						      field_by_name("alloc_count"));

		rows.low += row.low;
		rows.high += row.high;
	}
	sum = sampling_of_total(&fake.view, field_by_name("alloc_count"));
	ck_assert_int_gt(sum.low, rows.low);
	ck_assert_int_lt(sum.high, rows.high);
	ck_assert_ptr_null(sampling_total_field(MT_TOTAL_DROPPED_COUNT));
}
END_TEST

START_TEST(rows_that_are_left_out_leave_the_sum)
{
	struct interval all, rest;

	(void)input(0);
	fake_view_report(GROUP_SITE);
	all = sampling_of_row(&fake.view, NULL, field_by_name("live_blocks"));
	row_set_drop_small(fake.rows, 100000);
	rest = sampling_of_row(&fake.view, NULL, field_by_name("live_blocks"));
	ck_assert_int_eq(rest.low, 12564);
	ck_assert_int_eq(rest.high, 30275);
	ck_assert_int_gt(all.low, rest.low);
}
END_TEST

START_TEST(exact_beside_sampled_is_told)
{
	struct snapshot *exact = fake_view_input();
	struct findings findings = {0};
	static const char *const none[] = {NULL};

	fake_site(exact, "main", "keep@s.c:1 main@m.c:9", 4, 0, 10);
	(void)input(0);
	diff_check((const struct snapshot *const *)fake.inputs, 2, none, &findings);
	ck_assert_uint_ge(findings.count, 1);
	ck_assert_ptr_nonnull(strstr(findings.list[0].text, "is exact, "));
	ck_assert_ptr_nonnull(strstr(findings.list[0].text, "is sampled (1 per 100 KiB)"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("sampling");
	TCase *tests = tcase_create("sampling");

	tcase_add_checked_fixture(tests, fake_view_begin, fake_view_end);
	tcase_add_test(tests, text_says_sampled_and_gives_limits);
	tcase_add_test(tests, exact_inputs_have_no_limits);
	tcase_add_test(tests, json_has_limits_of_rows_and_totals);
	tcase_add_test(tests, csv_has_a_column_for_each_limit);
	tcase_add_test(tests, diff_of_one_process_is_narrower_than_of_two);
	tcase_add_test(tests, limits_of_a_sum_are_narrower_than_the_sum_of_limits);
	tcase_add_test(tests, rows_that_are_left_out_leave_the_sum);
	tcase_add_test(tests, exact_beside_sampled_is_told);
	suite_add_tcase(suite, tests);
	return suite;
}
