/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_render.c - what a report looks like, letter by letter.
 */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_snapshot.h"
#include "model/diff.h"
#include "render/answer.h"
#include "render/integrity.h"
#include "render/render.h"
#include "unit.h"

#define INPUT_MAX 4

static struct snapshot *inputs[INPUT_MAX];
static size_t input_count;
static struct fake_bench bench;
static struct row_set *set;
static struct view view;
static char *text;

static struct snapshot *input(void)
{
	inputs[input_count] = fake_new();
	inputs[input_count]->taken_ns = input_count;
	return inputs[input_count++];
}

static void prepare(enum view_kind kind)
{
	fake_bench_init(&bench, (const struct snapshot *const *)inputs, input_count);
	view = (struct view){
		.kind = kind,
		.rows = set,
		.sort = field_by_name("live_bytes"),
		.snapshots = (const struct snapshot *const *)inputs,
		.snapshot_count = input_count,
		.reader = bench.reader,
	};
}

static void report_by(enum group_by by)
{
	prepare(VIEW_REPORT);
	view.rows = set = fake_rows(&bench, inputs[0], by, false, NULL);
}

static void diff_by(enum group_by by)
{
	struct row_set *sets[INPUT_MAX];
	size_t i;

	prepare(VIEW_DIFF);
	for (i = 0; i < input_count; i++)
		sets[i] = fake_rows(&bench, inputs[i], by, false, NULL);
	ck_assert_int_eq(diff_rows((const struct row_set *const *)sets, input_count, &set), 0);
	row_set_sort(set, view.sort);
	view.rows = set;
	for (i = 0; i < input_count; i++)
		row_set_free(sets[i]);
}

static const char *rendered(const struct renderer *renderer)
{
	size_t bytes;
	FILE *out;

	free(text);
	text = NULL;
	out = open_memstream(&text, &bytes);
	ck_assert_int_eq(render(renderer, out, &view), 0);
	ck_assert_int_eq(fclose(out), 0);
	return text;
}

static const char *answer(void)
{
	static struct answer result;

	answer_of(&view, &result);
	return result.main;
}

static const char *rss_answer(void)
{
	static struct answer result;

	answer_of(&view, &result);
	return result.rss;
}

static void begin(void)
{
	fake_forget_places();
	input_count = 0;
	set = NULL;
	text = NULL;
}

static void end(void)
{
	row_set_free(set);
	fake_bench_fini(&bench);
	while (input_count > 0)
		fake_free(inputs[--input_count]);
	free(text);
}

START_TEST(report_states_the_answer_then_rows_then_integrity)
{
	struct snapshot *a = input();

	fake_site(a, "main", "load@/home/me/src/load.c:12<read@/src/read.c:40 main@m.c:9", 1024, 0,
		  512);
	fake_site(a, "main", "libx.so!? main@m.c:10", 3, 1, 10);
	a->totals[MT_TOTAL_UNSEEN_FREE_COUNT] = 2;
	a->drops[MT_DROP_TRUNCATED_STACKS] = 1;
	report_by(GROUP_SITE);
	ck_assert_str_eq(rendered(&text_renderer),
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
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "keep@server.c:123 main@m.c:9", 64, 0, 512);
	fake_site(b, "main", "keep@server.c:123 main@m.c:9", 1024, 0, 512);
	fake_site(a, "main", "drop@server.c:50 main@m.c:9", 4, 0, 1024);
	fake_site(b, "main", "drop@server.c:50 main@m.c:9", 4, 4, 1024);
	diff_by(GROUP_SITE);
	ck_assert_str_eq(
		rendered(&text_renderer),
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

START_TEST(many_intervals_are_counted_on_the_row)
{
	size_t i;

	for (i = 0; i < 4; i++) {
		struct snapshot *a = input();

		fake_site(a, "main", "leak@s.c:1 main@m.c:9", 1 + (int64_t)i, 0, 10);
		fake_site(a, "main", "drain@s.c:2 main@m.c:9", 20 - (int64_t)i, 0, 1);
	}
	diff_by(GROUP_FUNCTION);
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer),
				     "s.c leak: size=40 B (+30 B), count=4 (+3), average=10 B, "
				     "grew in 3 of 3 intervals\n"));
	ck_assert_ptr_nonnull(strstr(text, "s.c drain: size=17 B (-3 B), count=17 (-3), "
					   "average=1 B, shrank in 3 of 3 intervals\n"));
}
END_TEST

START_TEST(sort_column_is_shown_and_fields_replace_all)
{
	static const struct field *fields[2];

	fake_site(input(), "main", "f@s.c:1 main@m.c:9", 8, 6, 10)->counters.temporary_count = 2;
	report_by(GROUP_LINE);
	view.sort = field_by_name("temporary_count");
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer),
				     "s.c:1 f: size=20 B, count=2, average=10 B, temporary=2\n"));
	ck_assert_str_eq(answer(),
			 "20 B live in 2 blocks, 100% of temporary_count from 1 of 1 line");
	fields[0] = field_by_name("alloc_bytes");
	fields[1] = field_by_name("temporary_ratio");
	view.fields = fields;
	view.field_count = 2;
	ck_assert_ptr_nonnull(
		strstr(rendered(&text_renderer), "s.c:1 f: total=80 B, temporary-share=25.0%\n"));
}
END_TEST

START_TEST(rows_beyond_the_limit_and_frames_beyond_the_depth_are_counted)
{
	struct snapshot *a = input();

	fake_site(a, "main", "f@s.c:1 g@s.c:2 h@s.c:3 i@s.c:4 main@m.c:9", 8, 0, 10);
	fake_site(a, "main", "f@s.c:5 main@m.c:9", 1, 0, 10);
	fake_site(a, "main", "f@s.c:6 main@m.c:9", 1, 0, 10);
	report_by(GROUP_SITE);
	view.limit = 1;
	view.depth = 2;
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer),
				     "    g at s.c:2\n"
				     "    .. 3 more frames\n"
				     "\n"
				     "2 more sites; --limit 0 shows all\n"));
	view.depth = 4;
	ck_assert_ptr_null(strstr(rendered(&text_renderer), "more frames"));
	ck_assert_ptr_nonnull(strstr(text, "    main at m.c:9\n"));
}
END_TEST

START_TEST(names_cannot_command_a_terminal)
{
	fake_site(input(), "main", "f\x1b[2J@s\x07.c:1 main@m.c:9", 1, 0, 10);
	report_by(GROUP_SITE);
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer), "s?.c:1 f?[2J: size=10 B"));
	ck_assert_ptr_null(strchr(text, 0x1b));
	ck_assert_ptr_null(strchr(text, 0x07));
}
END_TEST

START_TEST(narrow_terminals_cut_the_place_before_the_figures)
{
	const char *line;

	fake_site(input(), "main",
		  "a_rather_long_name@a/rather/long/path/to/source.c:1000 main@m.c:9", 3, 0, 10);
	report_by(GROUP_SITE);
	view.columns = 60;
	ck_assert_ptr_nonnull(
		strstr(rendered(&text_renderer),
		       "a/rather/long/path/to/so..: size=30 B, count=3, average=10 B\n"));
	view.columns = 40;
	rendered(&text_renderer);
	for (line = strstr(text, "a/rather"); line[1] != '\n'; line = strchr(line + 1, '\n') + 1) {
		ck_assert_uint_le(strcspn(line, "\n"), 40);
		if (strchr(line, '\n')[1] == '\n')
			break;
	}
	ck_assert_ptr_nonnull(strstr(text, "size=30 B, count"));
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
	fake_site(input(), "main", stack, 1, 0, 10);
	report_by(GROUP_SITE);
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer), name));
}
END_TEST

START_TEST(color_is_used_only_when_asked_for)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 1, 0, 10);
	fake_site(b, "main", "f@s.c:1 main@m.c:9", 2, 0, 10);
	diff_by(GROUP_SITE);
	ck_assert_ptr_null(strchr(rendered(&text_renderer), 0x1b));
	view.has_color = true;
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer), "\033[31msize=20 B (+10 B)"));
}
END_TEST

START_TEST(imbalance_is_told)
{
	struct snapshot *a = input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 2, 0, 10)->counters.live_bytes = 15;
	report_by(GROUP_SITE);
	ck_assert_ptr_nonnull(
		strstr(rendered(&text_renderer), "; live + freed differs from allocated by 5 B\n"));
}
END_TEST

START_TEST(inherited_blocks_are_part_of_the_balance)
{
	struct snapshot *a = input();
	struct counters *counters = &fake_site(a, "main", "f@s.c:1 main@m.c:9", 2, 0, 10)->counters;

	counters->inherited_bytes = 30;
	counters->inherited_blocks = 3;
	counters->live_bytes += 30;
	counters->live_blocks += 3;
	a->totals[MT_TOTAL_LIVE_BYTES] += 30;
	report_by(GROUP_SITE);
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer), "; live + freed = allocated\n"));
}
END_TEST

START_TEST(report_of_nothing_is_short_and_right)
{
	input();
	report_by(GROUP_SITE);
	ck_assert_str_eq(rendered(&text_renderer),
			 "0 B live in 0 blocks\n"
			 "\n"
			 "0 events seen, 0 dropped, 0 unseen frees, 0 truncated stacks, "
			 "0 of 0 frames unresolved; live + freed = allocated\n");
}
END_TEST

START_TEST(diff_of_equals_says_so)
{
	fake_site(input(), "main", "f@s.c:1 main@m.c:9", 1, 0, 10);
	fake_site(input(), "main", "f@s.c:1 main@m.c:9", 1, 0, 10);
	diff_by(GROUP_SITE);
	ck_assert_str_eq(answer(), "+0 B live, the same everywhere");
}
END_TEST

START_TEST(diff_from_nothing_is_all_growth)
{
	input();
	fake_site(input(), "main", "f@s.c:1 main@m.c:9", INT64_C(1) << 33, 0, 16);
	diff_by(GROUP_SITE);
	ck_assert_str_eq(answer(), "+128 GiB live, 100% of it from 1 of 1 site");
	ck_assert_ptr_nonnull(strstr(
		rendered(&text_renderer),
		"size=128 GiB (+128 GiB), count=8589934592 (+8589934592), average=16 B, new\n"));
}
END_TEST

START_TEST(decrease_is_stated_with_its_rows)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 100, 0, 10);
	fake_site(a, "main", "g@s.c:2 main@m.c:9", 1, 0, 10);
	fake_site(b, "main", "f@s.c:1 main@m.c:9", 100, 90, 10);
	fake_site(b, "main", "g@s.c:2 main@m.c:9", 3, 0, 10);
	diff_by(GROUP_FUNCTION);
	ck_assert_str_eq(answer(), "-880 B live, 100% of the decrease from 1 of 2 functions; "
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
	struct snapshot *a = input(), *b = input();

	a->process.rss_bytes = (uint64_t)(1000 * MIB);
	b->process.rss_bytes = (uint64_t)((1000 + rss_cases[_i].rss) * MIB);
	a->totals[MT_TOTAL_LIVE_BYTES] = 100 * MIB;
	b->totals[MT_TOTAL_LIVE_BYTES] = (100 + rss_cases[_i].heap) * MIB;
	diff_by(GROUP_SITE);
	ck_assert_str_eq(rss_answer(), rss_cases[_i].text);
	ck_assert_int_eq(strncmp(rendered(&text_renderer), rss_cases[_i].text,
				 strlen(rss_cases[_i].text)),
			 0);
}
END_TEST

START_TEST(unknown_rss_is_not_made_up)
{
	input()->process.rss_bytes = 5;
	input();
	diff_by(GROUP_SITE);
	ck_assert_str_eq(rss_answer(), "");
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
	struct snapshot *a = input();

	fake_site(a, "main", "f@s.c:1 main@m.c:9", 2, 0, 10);
	a->state = moments[_i].state;
	a->header.kind = moments[_i].kind;
	report_by(GROUP_SITE);
	view.kind = VIEW_LEAKS;
	ck_assert_str_eq(answer(), moments[_i].text);
	ck_assert_ptr_null(strstr(rendered(&text_renderer), "leak"));
}
END_TEST

START_TEST(suppressions_say_what_they_took_out)
{
	static const struct view_suppression suppressions[] = {{"libx*", 2, 1500, 10240}};

	input();
	report_by(GROUP_SITE);
	view.kind = VIEW_LEAKS;
	view.suppressions = suppressions;
	view.suppression_count = 1;
	ck_assert_ptr_nonnull(strstr(rendered(&text_renderer),
				     "no blocks alive at exit\n"
				     "\n"
				     "suppressions used:\n"
				     "    10.0 KiB in 1,500 blocks of 2 sites: libx*\n"));
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

	fake_site(input(), "worker-#", "f@s.c:1 main@m.c:9", 1, 0, 10);
	report_by(GROUP_SITE);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		row_set_free(set);
		view.rows = set = fake_rows(&bench, inputs[0], cases[i].by, false, NULL);
		ck_assert_msg(strstr(rendered(&text_renderer), cases[i].text), "%s in %s",
			      cases[i].text, text);
	}
}
END_TEST

START_TEST(csv_quotes_what_needs_it)
{
	fake_site(input(), "main", "f(int,\"x\")@s.c:1 main@m.c:9", 3, 1, 10);
	report_by(GROUP_FUNCTION);
	ck_assert_str_eq(rendered(&csv_renderer),
			 "function,file,module,offset,live_bytes,live_blocks,alloc_bytes,"
			 "alloc_count,freed_bytes,free_count,peak_live_bytes,at_peak_live_bytes,"
			 "temporary_count,site_count\r\n"
			 "\"f(int,\"\"x\"\")\",s.c,app,2,20,2,30,3,10,1,20,20,0,1\r\n");
}
END_TEST

START_TEST(csv_of_a_diff_has_changes)
{
	static const struct field *fields[1];

	fake_site(input(), "pool-#", "f@s.c:1 main@m.c:9", 3, 1, 10);
	fake_site(input(), "pool-#", "f@s.c:1 main@m.c:9", 5, 0, 10);
	diff_by(GROUP_THREAD);
	fields[0] = view.sort;
	view.fields = fields;
	view.field_count = 1;
	ck_assert_str_eq(
		rendered(&csv_renderer),
		"thread,live_bytes,live_bytes_delta,change,interval_count,grown_intervals\r\n"
		"pool-#,50,30,grown,1,1\r\n");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("render");
	TCase *tests = tcase_create("render");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, report_states_the_answer_then_rows_then_integrity);
	tcase_add_test(tests, diff_has_the_line_shape_of_tracemalloc);
	tcase_add_test(tests, many_intervals_are_counted_on_the_row);
	tcase_add_test(tests, sort_column_is_shown_and_fields_replace_all);
	tcase_add_test(tests, rows_beyond_the_limit_and_frames_beyond_the_depth_are_counted);
	tcase_add_test(tests, names_cannot_command_a_terminal);
	tcase_add_test(tests, narrow_terminals_cut_the_place_before_the_figures);
	tcase_add_test(tests, nothing_is_cut_where_there_is_no_terminal);
	tcase_add_test(tests, color_is_used_only_when_asked_for);
	tcase_add_test(tests, imbalance_is_told);
	tcase_add_test(tests, inherited_blocks_are_part_of_the_balance);
	tcase_add_test(tests, report_of_nothing_is_short_and_right);
	tcase_add_test(tests, diff_of_equals_says_so);
	tcase_add_test(tests, diff_from_nothing_is_all_growth);
	tcase_add_test(tests, decrease_is_stated_with_its_rows);
	tcase_add_loop_test(tests, rss_is_set_beside_the_heap, 0,
			    (int)(sizeof(rss_cases) / sizeof(rss_cases[0])));
	tcase_add_test(tests, unknown_rss_is_not_made_up);
	tcase_add_loop_test(tests, live_blocks_are_called_alive_and_never_leaked, 0,
			    (int)(sizeof(moments) / sizeof(moments[0])));
	tcase_add_test(tests, suppressions_say_what_they_took_out);
	tcase_add_test(tests, rows_are_named_by_what_they_are_grouped_by);
	tcase_add_test(tests, csv_quotes_what_needs_it);
	tcase_add_test(tests, csv_of_a_diff_has_changes);
	suite_add_tcase(suite, tests);
	return suite;
}
