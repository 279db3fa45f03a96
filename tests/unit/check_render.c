/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_render.c - what a report looks like, letter by letter.
 */
#include <stdio.h>
#include <string.h>

#include "fake_view.h"
#include "render/line_text.h"
#include "unit.h"

START_TEST(report_states_the_answer_then_rows_then_integrity)
{
	struct snapshot *a = fake_view_input();

	fake_site(a, "main", "load@/home/me/src/load.c:12<read@/src/read.c:40 main@m.c:9", 1024, 0,
		  512);
	fake_site(a, "main", "libx.so!? main@m.c:10", 3, 1, 10);
	a->totals[MT_TOTAL_UNSEEN_FREE_COUNT] = 2;
	a->drops[MT_DROP_TRUNCATED_STACKS] = 1;
	fake_view_report(GROUP_SITE);
	ck_assert_str_eq(fake_view_render(&text_renderer),
			 "512 KiB live in 1,026 blocks, 99% of it from 1 of 2 sites\n"
			 "\n"
			 "src/load.c:12 load: size=512 KiB, count=1024, average=512 B\n"
			 "    load at src/load.c:12 (inlined)\n"
			 "    read at /src/read.c:40\n"
			 "    main at m.c:9\n"
			 "\n"
			 "libx.so+0x4: size=20 B, count=2, average=10 B\n"
			 "    libx.so+0x4\n"
			 "    main at m.c:10\n"
			 "\n"
			 "1,028 events seen, 0 dropped, 2 unseen frees, 1 truncated stacks, "
			 "1 of 4 frames unresolved; live + freed = allocated\n");
}
END_TEST

START_TEST(diff_has_the_line_shape_of_tracemalloc)
{
	struct snapshot *a = fake_view_input(), *b = fake_view_input();

	fake_site(a, "main", "keep@server.c:123 main@m.c:9", 64, 0, 512);
	fake_site(b, "main", "keep@server.c:123 main@m.c:9", 1024, 0, 512);
	fake_site(a, "main", "drop@server.c:50 main@m.c:9", 4, 0, 1024);
	fake_site(b, "main", "drop@server.c:50 main@m.c:9", 4, 4, 1024);
	fake_view_diff(GROUP_SITE);
	ck_assert_str_eq(
		fake_view_render(&text_renderer),
		"+476 KiB live, 100% of the growth from 1 of 2 sites; 1 site shrank by 4096 B\n"
		"\n"
		"server.c:123 keep: size=512 KiB (+480 KiB), count=1024 (+960), average=512 B\n"
		"    keep at server.c:123\n"
		"    main at m.c:9\n"
		"\n"
		"server.c:50 drop: size=0 B (-4096 B), count=0 (-4), gone\n"
		"    drop at server.c:50\n"
		"    main at m.c:9\n"
		"\n"
		"1,032 events seen, 0 dropped, 0 unseen frees, 0 truncated stacks, "
		"0 of 3 frames unresolved; live + freed = allocated\n");
}
END_TEST

START_TEST(sort_column_is_shown_and_fields_replace_all)
{
	static const struct field *fields[2];

	fake_site(fake_view_input(), "main", "f@s.c:1 main@m.c:9", 8, 6, 10)
		->counters.temporary_count = 2;
	fake_view_report(GROUP_LINE);
	fake.view.sort = field_by_name("temporary_count");
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer),
				     "s.c:1 f: size=20 B, count=2, average=10 B, temporary=2\n"));
	ck_assert_str_eq(fake_view_answer()->main,
			 "2 of 8 blocks temporary, 100% of the temporary blocks from 1 of 1 line");
	fields[0] = field_by_name("alloc_bytes");
	fields[1] = field_by_name("temporary_ratio");
	fake.view.fields = fields;
	fake.view.field_count = 2;
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer),
				     "s.c:1 f: total=80 B, temporary-share=25.0%\n"));
}
END_TEST

START_TEST(rows_beyond_the_limit_and_frames_beyond_the_depth_are_counted)
{
	struct snapshot *a = fake_view_input();

	fake_site(a, "main", "f@s.c:1 g@s.c:2 h@s.c:3 i@s.c:4 main@m.c:9", 8, 0, 10);
	fake_site(a, "main", "f@s.c:5 main@m.c:9", 1, 0, 10);
	fake_site(a, "main", "f@s.c:6 main@m.c:9", 1, 0, 10);
	fake_view_report(GROUP_SITE);
	fake.view.limit = 1;
	fake.view.depth = 2;
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer),
				     "    g at s.c:2\n"
				     "    .. 3 more frames\n"
				     "\n"
				     "2 more sites; --limit 0 shows all\n"));
	fake.view.depth = 4;
	ck_assert_ptr_null(strstr(fake_view_render(&text_renderer), "more frames"));
	ck_assert_ptr_nonnull(strstr(fake.text, "    main at m.c:9\n"));
}
END_TEST

START_TEST(unchanged_rows_are_only_counted)
{
	struct snapshot *a = fake_view_input(), *b = fake_view_input();

	fake_site(a, "main", "same@s.c:1 main@m.c:9", 5, 1, 10);
	fake_site(b, "main", "same@s.c:1 main@m.c:9", 7, 3, 10);
	fake_site(b, "main", "new@s.c:2 main@m.c:9", 1, 0, 10);
	fake_site(b, "main", "more@s.c:3 main@m.c:9", 2, 0, 10);
	fake_view_diff(GROUP_SITE);
	fake.view.limit = 1;
	ck_assert_ptr_null(strstr(fake_view_render(&text_renderer), "same"));
	ck_assert_ptr_nonnull(strstr(fake.text, "\n1 more site; --limit 0 shows all\n"
						"\n1 site did not change\n"));
	ck_assert_ptr_nonnull(strstr(fake_view_render(&csv_renderer), "new"));
	fake.view.limit = 0;
	ck_assert_ptr_nonnull(strstr(fake_view_render(&csv_renderer), "same"));
	fake.view.sort = field_by_name("alloc_bytes");
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer), "same"));
}
END_TEST

START_TEST(recursion_is_told_in_one_line)
{
	struct site *site = fake_site(fake_view_input(), "main",
				      "f@s.c:1 f@s.c:2 f@s.c:2 f@s.c:2 main@m.c:9", 1, 0, 10);

	ck_assert_int_eq(site->counters.live_bytes, 10);
	fake_view_report(GROUP_SITE);
	fake.view.depth = 2;
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer), "    f at s.c:1\n"
								       "    f at s.c:2 (3 times)\n"
								       "    main at m.c:9\n"));
}
END_TEST

START_TEST(peak_of_several_sites_is_a_bound)
{
	struct snapshot *a = fake_view_input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 1, 0, 10);
	fake_site(a, "main", "f@s.c:2 main@m.c:9", 1, 0, 10);
	fake_view_report(GROUP_FUNCTION);
	fake.view.sort = field_by_name("peak_live_bytes");
	ck_assert_ptr_nonnull(
		strstr(fake_view_render(&text_renderer), "average=10 B, peak<=20 B\n"));
	fake_view_report(GROUP_SITE);
	fake.view.sort = field_by_name("peak_live_bytes");
	ck_assert_ptr_nonnull(
		strstr(fake_view_render(&text_renderer), "average=10 B, peak=10 B\n"));
}
END_TEST

START_TEST(names_cannot_command_a_terminal)
{
	fake_site(fake_view_input(), "main", "f\x1b[2J@s\x07.c:1 main@m.c:9", 1, 0, 10);
	fake_view_report(GROUP_SITE);
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer), "s?.c:1 f?[2J: size=10 B"));
	ck_assert_ptr_null(strchr(fake.text, 0x1b));
	ck_assert_ptr_null(strchr(fake.text, 0x07));
}
END_TEST

START_TEST(narrow_terminals_cut_the_place_before_the_figures)
{
	const char *line;

	fake_site(fake_view_input(), "main",
		  "a_rather_long_name@a/rather/long/path/to/source.c:1000 main@m.c:9", 3, 0, 10);
	fake_view_report(GROUP_SITE);
	fake.view.columns = 60;
	ck_assert_ptr_nonnull(
		strstr(fake_view_render(&text_renderer),
		       "a/rather/long/path/to/so..: size=30 B, count=3, average=10 B\n"));
	fake.view.columns = 40;
	fake_view_render(&text_renderer);
	for (line = strstr(fake.text, "a/rather"); line[1] != '\n';
	     line = strchr(line + 1, '\n') + 1) {
		ck_assert_uint_le(strcspn(line, "\n"), 40);
		if (strchr(line, '\n')[1] == '\n')
			break;
	}
	ck_assert_ptr_nonnull(strstr(fake.text, "size=30 B, count"));
}
END_TEST

START_TEST(characters_of_several_bytes_are_cut_whole)
{
	char text[] = "gr\xc3\xbc\xc3\x9f dich, M\xc3\xbcnchen";

	ck_assert_uint_eq(line_columns(text), 18);
	line_cut(text, 18);
	ck_assert_str_eq(text, "gr\xc3\xbc\xc3\x9f dich, M\xc3\xbcnchen");
	line_cut(text, 6);
	ck_assert_str_eq(text, "gr\xc3\xbc\xc3\x9f..");
	line_cut(text, 5);
	ck_assert_str_eq(text, "gr\xc3\xbc..");
}
END_TEST

START_TEST(nothing_is_cut_where_there_is_no_terminal)
{
	char name[300];
	char stack[400];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	name[100] = '\0';
	(void)snprintf(stack, sizeof(stack), "%s@s.c:1 main@m.c:9", name);
	fake_site(fake_view_input(), "main", stack, 1, 0, 10);
	fake_view_report(GROUP_SITE);
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer), name));
}
END_TEST

START_TEST(color_is_used_only_when_asked_for)
{
	struct snapshot *a = fake_view_input(), *b = fake_view_input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 1, 0, 10);
	fake_site(b, "main", "f@s.c:1 main@m.c:9", 2, 0, 10);
	fake_view_diff(GROUP_SITE);
	ck_assert_ptr_null(strchr(fake_view_render(&text_renderer), 0x1b));
	fake.view.has_color = true;
	ck_assert_ptr_nonnull(
		strstr(fake_view_render(&text_renderer), "\033[31msize=20 B (+10 B)"));
}
END_TEST

START_TEST(imbalance_is_told)
{
	struct snapshot *a = fake_view_input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 2, 0, 10)->counters.live_bytes = 15;
	fake_view_report(GROUP_SITE);
	ck_assert_ptr_nonnull(strstr(fake_view_render(&text_renderer),
				     "; live + freed differs from allocated by 5 B\n"));
}
END_TEST

START_TEST(inherited_blocks_are_part_of_the_balance)
{
	struct snapshot *a = fake_view_input();
	struct counters *counters = &fake_site(a, "main", "f@s.c:1 main@m.c:9", 2, 0, 10)->counters;

	counters->inherited_bytes = 30;
	counters->inherited_blocks = 3;
	counters->live_bytes += 30;
	counters->live_blocks += 3;
	a->totals[MT_TOTAL_LIVE_BYTES] += 30;
	fake_view_report(GROUP_SITE);
	ck_assert_ptr_nonnull(
		strstr(fake_view_render(&text_renderer), "; live + freed = allocated\n"));
}
END_TEST

START_TEST(rows_are_named_by_what_they_are_grouped_by)
{
	static const struct {
		enum group_by by;
		const char *text;
	} cases[] = {
		{GROUP_SITE, "\ns.c:1 f: "},   {GROUP_LINE, "\ns.c:1 f: "},
		{GROUP_FUNCTION, "\ns.c f: "}, {GROUP_FILE, "\ns.c: "},
		{GROUP_MODULE, "\napp: "},     {GROUP_THREAD, "\nthread worker-#: "},
	};
	size_t i;

	fake_site(fake_view_input(), "worker-#", "f@s.c:1 main@m.c:9", 1, 0, 10);
	fake_view_report(GROUP_SITE);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_view_report(cases[i].by);
		ck_assert_msg(strstr(fake_view_render(&text_renderer), cases[i].text), "%s in %s",
			      cases[i].text, fake.text);
	}
}
END_TEST

START_TEST(csv_quotes_what_needs_it)
{
	fake_site(fake_view_input(), "main", "f(int,\"x\")@s.c:1 main@m.c:9", 3, 1, 10);
	fake_view_report(GROUP_FUNCTION);
	ck_assert_str_eq(fake_view_render(&csv_renderer),
			 "function,file,module,offset,live_bytes,live_blocks,alloc_bytes,"
			 "alloc_count,freed_bytes,free_count,peak_live_bytes,at_peak_live_bytes,"
			 "temporary_count,site_count\r\n"
			 "\"f(int,\"\"x\"\")\",s.c,app,2,20,2,30,3,10,1,20,20,0,1\r\n");
}
END_TEST

START_TEST(csv_of_a_diff_has_changes)
{
	static const struct field *fields[1];

	fake_site(fake_view_input(), "pool-#", "f@s.c:1 main@m.c:9", 3, 1, 10);
	fake_site(fake_view_input(), "pool-#", "f@s.c:1 main@m.c:9", 5, 0, 10);
	fake_view_diff(GROUP_THREAD);
	fields[0] = fake.view.sort;
	fake.view.fields = fields;
	fake.view.field_count = 1;
	ck_assert_str_eq(
		fake_view_render(&csv_renderer),
		"thread,live_bytes,live_bytes_delta,change,interval_count,grown_intervals\r\n"
		"pool-#,50,30,grown,1,1\r\n");
}
END_TEST

/* What a stranger's file may claim; a sanitizer build looks for undefined behaviour. */
START_TEST(figures_at_their_limits_are_shown)
{
	static const struct renderer *const renderers[] = {&text_renderer, &json_renderer,
							   &csv_renderer};
	struct snapshot *a = fake_view_input(), *b = fake_view_input();
	size_t i;

	a->process.rss_bytes = 1;
	b->process.rss_bytes = UINT64_MAX;
	fake_site(a, "main", "f@s.c:1 main@m.c:9", 1, 0, 10)->counters.live_bytes = INT64_MAX;
	fake_site(a, "main", "g@s.c:2 main@m.c:9", 1, 0, 10)->counters.live_bytes = INT64_MAX;
	fake_site(b, "main", "f@s.c:1 main@m.c:9", 1, 0, 10)->counters.live_bytes = INT64_MIN;
	fake_site(b, "main", "g@s.c:2 main@m.c:9", 1, 0, 10)->counters.live_bytes = INT64_MIN;
	a->totals[MT_TOTAL_LIVE_BYTES] = a->totals[MT_TOTAL_ALLOC_COUNT] = INT64_MAX;
	b->totals[MT_TOTAL_LIVE_BYTES] = b->totals[MT_TOTAL_FREE_COUNT] = INT64_MIN;
	for (i = 0; i < sizeof(renderers) / sizeof(renderers[0]); i++) {
		fake_view_diff(GROUP_FILE);
		ck_assert_ptr_nonnull(strstr(fake_view_render(renderers[i]), "s.c"));
		fake_view_diff(GROUP_SITE);
		ck_assert_ptr_nonnull(strstr(fake_view_render(renderers[i]), "s.c"));
	}
	ck_assert_ptr_nonnull(strstr(fake.text, ",-9223372036854775808,"));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("render");
	TCase *tests = tcase_create("render");

	tcase_add_checked_fixture(tests, fake_view_begin, fake_view_end);
	tcase_add_test(tests, report_states_the_answer_then_rows_then_integrity);
	tcase_add_test(tests, diff_has_the_line_shape_of_tracemalloc);
	tcase_add_test(tests, sort_column_is_shown_and_fields_replace_all);
	tcase_add_test(tests, rows_beyond_the_limit_and_frames_beyond_the_depth_are_counted);
	tcase_add_test(tests, unchanged_rows_are_only_counted);
	tcase_add_test(tests, recursion_is_told_in_one_line);
	tcase_add_test(tests, peak_of_several_sites_is_a_bound);
	tcase_add_test(tests, names_cannot_command_a_terminal);
	tcase_add_test(tests, narrow_terminals_cut_the_place_before_the_figures);
	tcase_add_test(tests, characters_of_several_bytes_are_cut_whole);
	tcase_add_test(tests, nothing_is_cut_where_there_is_no_terminal);
	tcase_add_test(tests, color_is_used_only_when_asked_for);
	tcase_add_test(tests, imbalance_is_told);
	tcase_add_test(tests, inherited_blocks_are_part_of_the_balance);
	tcase_add_test(tests, rows_are_named_by_what_they_are_grouped_by);
	tcase_add_test(tests, csv_quotes_what_needs_it);
	tcase_add_test(tests, csv_of_a_diff_has_changes);
	tcase_add_test(tests, figures_at_their_limits_are_shown);
	suite_add_tcase(suite, tests);
	return suite;
}
