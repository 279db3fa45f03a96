/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_answer.c - the first lines of reports, diffs and lists of live blocks.
 */
#include <stdio.h>
#include <string.h>

#include "fake_view.h"
#include "unit.h"

START_TEST(many_intervals_are_counted_on_the_row)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		struct snapshot *a = fake_view_input();

		fake_site(a, "main", "leak@s.c:1 main@m.c:9", 1 + (int64_t)i, 0, 10);
		fake_site(a, "main", "drain@s.c:2 main@m.c:9", 20 - (int64_t)i, 0, 1);
	}
	fake_view_diff(GROUP_FUNCTION);
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer),
				     "s.c leak: size=40 B (+30 B), count=4 (+3), average=10 B, "
				     "grew in 3 of 3 intervals\n"));
	ck_assert_ptr_nonnull(strstr(fake.text, "s.c drain: size=17 B (-3 B), count=17 (-3), "
						"average=1 B, shrank in 3 of 3 intervals\n"));
}
END_TEST

START_TEST(report_of_nothing_is_short_and_right)
{
	fake_view_input();
	fake_view_report(GROUP_SITE);
	ck_assert_str_eq(fake_view_render(&text_renderer),
			 "0 B live in 0 blocks\n"
			 "\n"
			 "0 events seen, 0 dropped, 0 unseen frees, 0 truncated stacks, "
			 "0 of 0 frames unresolved; live + freed = allocated\n");
}
END_TEST

START_TEST(report_begins_with_what_it_is_sorted_by)
{
	static const struct {
		const char *sort, *text;
	} cases[] = {
		{"live_blocks",
		 "10 B live in 1 block, 100% of the live blocks from 1 of 1 function"},
		{"alloc_bytes", "40 B allocated in 4 blocks, 100% of it from 1 of 1 function"},
		{"free_count", "30 B freed in 3 blocks, 100% of the frees from 1 of 1 function"},
		{"at_peak_live_bytes", "10 B live at the peak, 100% of it from 1 of 1 function"},
		{"average_bytes", "10 B live in 1 block"},
		{"peak_live_bytes", "10 B live in 1 block"},
	};
	size_t i;

	fake_site(fake_view_input(), "main", "f@s.c:1 main@m.c:9", 4, 3, 10);
	fake_view_report(GROUP_FUNCTION);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.view.sort = field_by_name(cases[i].sort);
		ck_assert_str_eq(fake_view_answer()->main, cases[i].text);
	}
}
END_TEST

START_TEST(report_of_what_was_freed_hints_at_the_peak)
{
	fake_site(fake_view_input(), "main", "f@s.c:1 main@m.c:9", 4, 4, 10)
		->counters.at_peak_live_bytes = 40;
	fake_view_report(GROUP_FUNCTION);
	ck_assert_ptr_null(strstr(fake_view_render(&text_renderer), "size="));
	ck_assert_str_eq(fake_view_answer()->main,
			 "nothing is live; at its peak it was 40 B: --sort at-peak");
	fake.view.sort = field_by_name("at_peak_live_bytes");
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer), "size=0 B"));
}
END_TEST

START_TEST(diff_of_equals_says_so)
{
	fake_site(fake_view_input(), "main", "f@s.c:1 main@m.c:9", 1, 0, 10);
	fake_site(fake_view_input(), "main", "f@s.c:1 main@m.c:9", 1, 0, 10);
	fake_view_diff(GROUP_SITE);
	ck_assert_str_eq(fake_view_answer()->main, "+0 B live, the same everywhere");
}
END_TEST

START_TEST(diff_from_nothing_is_all_growth)
{
	fake_view_input();
	fake_site(fake_view_input(), "main", "f@s.c:1 main@m.c:9", INT64_C(1) << 33, 0, 16);
	fake_view_diff(GROUP_SITE);
	ck_assert_str_eq(fake_view_answer()->main, "+128 GiB live, 100% of it from 1 of 1 site");
	ck_assert_ptr_nonnull(strstr(
		fake_view_render(&text_renderer),
		"size=128 GiB (+128 GiB), count=8589934592 (+8589934592), average=16 B, new\n"));
}
END_TEST

START_TEST(decrease_is_stated_with_its_rows)
{
	struct snapshot *a = fake_view_input(), *b = fake_view_input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 100, 0, 10);
	fake_site(a, "main", "g@s.c:2 main@m.c:9", 1, 0, 10);
	fake_site(b, "main", "f@s.c:1 main@m.c:9", 100, 90, 10);
	fake_site(b, "main", "g@s.c:2 main@m.c:9", 3, 0, 10);
	fake_view_diff(GROUP_FUNCTION);
	ck_assert_str_eq(fake_view_answer()->main,
			 "-880 B live, 100% of the decrease from 1 of 2 functions; "
			 "1 function grew by 20 B");
}
END_TEST

#define MIB (INT64_C(1) << 20)

static const struct {
	int64_t rss, heap; /* MiB */
	const char *text;
} rss_cases[] = {
	{512, 80, "RSS +512 MiB, live heap +80.0 MiB: 84% of the growth is not live heap"},
	{100, 100, "RSS +100 MiB, live heap +100 MiB: 0% of the growth is not live heap"},
	{100, -5, "RSS +100 MiB, live heap -5120 KiB: none of the growth is live heap"},
	{10, 20,
	 "RSS +10.0 MiB, live heap +20.0 MiB: the heap grew into memory that was resident "
	 "already"},
	{-1, -40, "RSS -1024 KiB, live heap -40.0 MiB: 98% of what was freed is still resident"},
	{0, -40, "RSS +0 B, live heap -40.0 MiB: 100% of what was freed is still resident"},
	{0, 40, "RSS +0 B, live heap +40.0 MiB: the heap grew and RSS did not"},
	{0, 0, "RSS +0 B, live heap +0 B: the heap is as large as before"},
	{-40, -20, "RSS -40.0 MiB, live heap -20.0 MiB: more than the freed heap went back"},
};

START_TEST(rss_is_set_beside_the_heap)
{
	struct snapshot *a = fake_view_input(), *b = fake_view_input();

	a->process.rss_bytes = (uint64_t)(1000 * MIB);
	b->process.rss_bytes = (uint64_t)((1000 + rss_cases[_i].rss) * MIB);
	a->totals[MT_TOTAL_LIVE_BYTES] = 100 * MIB;
	b->totals[MT_TOTAL_LIVE_BYTES] = (100 + rss_cases[_i].heap) * MIB;
	fake_view_diff(GROUP_SITE);
	ck_assert_str_eq(fake_view_answer()->rss, rss_cases[_i].text);
	ck_assert_int_eq(strncmp(fake_view_render(&text_renderer), rss_cases[_i].text,
				 strlen(rss_cases[_i].text)),
			 0);
}
END_TEST

START_TEST(unknown_rss_is_not_made_up)
{
	fake_view_input()->process.rss_bytes = 5;
	fake_view_input();
	fake_view_diff(GROUP_SITE);
	ck_assert_str_eq(fake_view_answer()->rss, "");
}
END_TEST

static const struct {
	enum snapshot_state state;
	uint16_t kind;
	const char *text;
} moments[] = {
	{SNAPSHOT_EXITED, MT_KIND_LIVE,
	 "2 blocks alive at exit: 20 B, 100% of it from 1 of 1 site"},
	{SNAPSHOT_RUNNING, MT_KIND_LIVE, "2 blocks alive now: 20 B, 100% of it from 1 of 1 site"},
	{SNAPSHOT_KILLED, MT_KIND_LIVE,
	 "2 blocks alive when the process was killed: 20 B, 100% of it from 1 of 1 site"},
	{SNAPSHOT_RUNNING, MT_KIND_SNAPSHOT,
	 "2 blocks alive at the snapshot: 20 B, 100% of it from 1 of 1 site"},
};

START_TEST(live_blocks_are_called_alive_and_never_leaked)
{
	struct snapshot *a = fake_view_input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 2, 0, 10);
	a->state = moments[_i].state;
	a->header.kind = moments[_i].kind;
	fake_view_report(GROUP_SITE);
	fake.view.kind = VIEW_LEAKS;
	ck_assert_str_eq(fake_view_answer()->main, moments[_i].text);
	ck_assert_ptr_null(strstr(fake_view_render(&text_renderer), "leak"));
}
END_TEST

START_TEST(suppressions_say_what_they_took_out)
{
	static const struct view_suppression suppressions[] = {{"libx*", 2, 1500, 10240}};

	fake_view_input();
	fake_view_report(GROUP_SITE);
	fake.view.kind = VIEW_LEAKS;
	fake.view.suppressions = suppressions;
	fake.view.suppression_count = 1;
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer),
				     "no blocks alive at exit\n"
				     "\n"
				     "suppressions used:\n"
				     "    10.0 KiB in 1,500 blocks of 2 sites: libx*\n"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("answer");
	TCase *tests = tcase_create("answer");

	tcase_add_checked_fixture(tests, fake_view_begin, fake_view_end);
	tcase_add_test(tests, many_intervals_are_counted_on_the_row);
	tcase_add_test(tests, report_of_nothing_is_short_and_right);
	tcase_add_test(tests, report_begins_with_what_it_is_sorted_by);
	tcase_add_test(tests, report_of_what_was_freed_hints_at_the_peak);
	tcase_add_test(tests, diff_of_equals_says_so);
	tcase_add_test(tests, diff_from_nothing_is_all_growth);
	tcase_add_test(tests, decrease_is_stated_with_its_rows);
	tcase_add_loop_test(tests, rss_is_set_beside_the_heap, 0,
			    (int)(sizeof(rss_cases) / sizeof(rss_cases[0])));
	tcase_add_test(tests, unknown_rss_is_not_made_up);
	tcase_add_loop_test(tests, live_blocks_are_called_alive_and_never_leaked, 0,
			    (int)(sizeof(moments) / sizeof(moments[0])));
	tcase_add_test(tests, suppressions_say_what_they_took_out);
	suite_add_tcase(suite, tests);
	return suite;
}
