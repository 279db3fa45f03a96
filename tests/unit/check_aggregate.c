/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_aggregate.c - which sites end up on which row.
 */
#include <string.h>

#include "fake_snapshot.h"
#include "unit.h"

static struct snapshot *snapshot;
static struct fake_bench bench;
static struct row_set *set;

static void begin(void)
{
	snapshot = fake_new();
}

static void make_rows(enum group_by by, bool is_cumulative)
{
	const struct snapshot *list[] = {snapshot};

	fake_bench_init(&bench, list, 1);
	set = fake_rows(&bench, snapshot, by, is_cumulative, NULL);
}

static void end(void)
{
	row_set_free(set);
	set = NULL;
	fake_bench_fini(&bench);
	fake_free(snapshot);
}

static int64_t live(const char *name)
{
	return fake_row(&bench, set, name)->figures.counters.live_bytes;
}

START_TEST(sites_of_one_stack_in_two_threads_are_one_row)
{
	fake_site(snapshot, "main", "f@a.c:1 main@a.c:9", 2, 0, 100);
	fake_site(snapshot, "worker-#", "f@a.c:1 main@a.c:9", 1, 0, 100);
	fake_site(snapshot, "main", "f@a.c:2 main@a.c:9", 1, 0, 7);
	make_rows(GROUP_SITE, false);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(set->rows[0].figures.counters.live_bytes, 300);
	ck_assert_int_eq(set->rows[0].figures.site_count, 2);
	ck_assert_int_eq(set->total.counters.live_bytes, 307);
}
END_TEST

START_TEST(same_stack_with_another_caller_is_another_site)
{
	fake_site(snapshot, "main", "f@a.c:1 g@a.c:5 main@a.c:9", 1, 0, 10);
	fake_site(snapshot, "main", "f@a.c:1 h@a.c:6 main@a.c:9", 1, 0, 20);
	make_rows(GROUP_SITE, false);
	ck_assert_uint_eq(set->count, 2);
}
END_TEST

START_TEST(self_counts_only_the_first_frame)
{
	fake_site(snapshot, "main", "f@a.c:1 g@b.c:5 main@a.c:9", 1, 0, 10);
	fake_site(snapshot, "main", "g@b.c:6 main@a.c:9", 1, 0, 200);
	make_rows(GROUP_FUNCTION, false);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(live("f"), 10);
	ck_assert_int_eq(live("g"), 200);
}
END_TEST

START_TEST(cumulative_counts_every_caller)
{
	fake_site(snapshot, "main", "f@a.c:1 g@b.c:5 main@a.c:9", 1, 0, 10);
	fake_site(snapshot, "main", "g@b.c:6 main@a.c:9", 1, 0, 200);
	make_rows(GROUP_FUNCTION, true);
	ck_assert_uint_eq(set->count, 3);
	ck_assert_int_eq(live("f"), 10);
	ck_assert_int_eq(live("g"), 210);
	ck_assert_int_eq(live("main"), 210);
	ck_assert_int_eq(set->total.counters.live_bytes, 210);
}
END_TEST

START_TEST(recursion_is_counted_once)
{
	fake_site(snapshot, "main", "walk@t.c:3 walk@t.c:7 walk@t.c:7 walk@t.c:7 main@a.c:9", 3, 1,
		  50);
	make_rows(GROUP_FUNCTION, true);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(live("walk"), 100);
	ck_assert_int_eq(fake_row(&bench, set, "walk")->figures.counters.alloc_count, 3);
	ck_assert_int_eq(fake_row(&bench, set, "walk")->figures.site_count, 1);
}
END_TEST

START_TEST(mutual_recursion_is_counted_once_for_each)
{
	fake_site(snapshot, "main", "a@t.c:1 b@t.c:2 a@t.c:3 b@t.c:2 a@t.c:3 main@a.c:9", 1, 0, 8);
	fake_site(snapshot, "main", "b@t.c:4 a@t.c:3 main@a.c:9", 1, 0, 4);
	make_rows(GROUP_FUNCTION, true);
	ck_assert_int_eq(live("a"), 12);
	ck_assert_int_eq(live("b"), 12);
	row_set_free(set);
	set = fake_rows(&bench, snapshot, GROUP_LINE, true, NULL);
	ck_assert_uint_eq(set->count, 5);
}
END_TEST

START_TEST(inlined_frames_count_like_others)
{
	fake_site(snapshot, "main", "inner@h.h:4<outer@a.c:8 main@a.c:9", 1, 0, 16);
	make_rows(GROUP_FUNCTION, false);
	ck_assert_int_eq(live("inner"), 16);
	ck_assert_uint_eq(set->count, 1);
	row_set_free(set);
	set = fake_rows(&bench, snapshot, GROUP_FUNCTION, true, NULL);
	ck_assert_int_eq(live("outer"), 16);
	ck_assert_uint_eq(set->count, 3);
}
END_TEST

START_TEST(static_functions_of_one_name_in_two_files_stay_apart)
{
	fake_site(snapshot, "main", "helper@one.c:4 main@a.c:9", 1, 0, 16);
	fake_site(snapshot, "main", "helper@two.c:4 main@a.c:9", 1, 0, 32);
	make_rows(GROUP_FUNCTION, false);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_str_eq(set->rows[0].frame->file, "two.c");
	ck_assert_int_eq(set->rows[0].figures.counters.live_bytes, 32);
}
END_TEST

START_TEST(lines_of_one_function_are_one_row_by_function_and_two_by_line)
{
	fake_site(snapshot, "main", "f@a.c:1 main@a.c:9", 1, 0, 1);
	fake_site(snapshot, "main", "f@a.c:2 main@a.c:9", 1, 0, 2);
	make_rows(GROUP_FUNCTION, false);
	ck_assert_uint_eq(set->count, 1);
	ck_assert_int_eq(set->rows[0].figures.site_count, 2);
	row_set_free(set);
	set = fake_rows(&bench, snapshot, GROUP_LINE, false, NULL);
	ck_assert_uint_eq(set->count, 2);
}
END_TEST

START_TEST(unresolved_frames_are_not_one_function)
{
	static const enum group_by kinds[] = {GROUP_SITE, GROUP_FUNCTION, GROUP_LINE};
	size_t i;

	fake_site(snapshot, "main", "libx.so!?#1 main@a.c:9", 1, 0, 1);
	fake_site(snapshot, "main", "libx.so!?#2 main@a.c:9", 1, 0, 2);
	fake_site(snapshot, "main", "liby.so!?#1 main@a.c:9", 1, 0, 4);
	make_rows(GROUP_SITE, false);
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		row_set_free(set);
		set = fake_rows(&bench, snapshot, kinds[i], false, NULL);
		ck_assert_uint_eq(set->count, 3);
	}
	row_set_free(set);
	set = fake_rows(&bench, snapshot, GROUP_MODULE, false, NULL);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(live("libx.so"), 3);
	ck_assert_uint_eq(stack_reader_census(bench.reader).unresolved_count, 3);
	ck_assert_uint_eq(stack_reader_census(bench.reader).location_count, 4);
}
END_TEST

START_TEST(threads_are_grouped_by_kind)
{
	fake_site(snapshot, "main", "f@a.c:1 main@a.c:9", 1, 0, 1);
	fake_site(snapshot, "pool-#", "f@a.c:1 main@a.c:9", 1, 0, 2);
	fake_site(snapshot, "pool-#", "g@a.c:3 main@a.c:9", 1, 0, 4);
	make_rows(GROUP_THREAD, false);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(live("pool-#"), 6);
	ck_assert_int_eq(live("main"), 1);
}
END_TEST

START_TEST(row_shows_its_largest_stack)
{
	fake_site(snapshot, "main", "f@a.c:1 small@a.c:2", 1, 0, 1);
	fake_site(snapshot, "main", "f@a.c:1 large@a.c:3", 1, 0, 100);
	fake_site(snapshot, "main", "f@a.c:1 middle@a.c:4", 1, 0, 10);
	make_rows(GROUP_FUNCTION, false);
	ck_assert_uint_eq(set->rows[0].node, snapshot->sites[1].node);
}
END_TEST

START_TEST(largest_stack_is_that_of_the_sort_column)
{
	const struct snapshot *list[] = {snapshot};
	struct aggregation aggregation = {.by = GROUP_FUNCTION};

	fake_site(snapshot, "main", "get@a.c:1 keep@a.c:2", 1, 0, 1000);
	fake_site(snapshot, "main", "get@a.c:1 temp@a.c:3", 1000, 1000, 100000);
	fake_bench_init(&bench, list, 1);
	aggregation.rules = bench.rules;
	aggregation.reader = bench.reader;
	aggregation.sort = field_by_name("alloc_bytes");
	ck_assert_int_eq(aggregate(&aggregation, list, 1, &set), 0);
	ck_assert_uint_eq(set->rows[0].node, snapshot->sites[1].node);
}
END_TEST

START_TEST(own_frames_are_no_part_of_a_stack)
{
	struct stack stack = {0};

	fake_site(snapshot, "main", "libmemtrace.so!malloc@interpose.c:1 f@a.c:1 main@a.c:9", 1, 0,
		  1);
	fake_site(snapshot, "main", "f@a.c:1 main@a.c:9", 1, 0, 2);
	make_rows(GROUP_SITE, false);
	ck_assert_uint_eq(set->count, 1);
	ck_assert_int_eq(stack_read(bench.reader, snapshot, snapshot->sites[0].node, &stack), 0);
	ck_assert_uint_eq(stack.count, 2);
	ck_assert_str_eq(stack.frames[0]->function, "f");
	stack_fini(&stack);
}
END_TEST

START_TEST(cut_stacks_say_so)
{
	struct stack stack = {0};

	fake_site(snapshot, "main", "f@a.c:1 g@a.c:2 [truncated]", 1, 0, 1);
	fake_site(snapshot, "main", "f@a.c:1 g@a.c:2", 1, 0, 2);
	make_rows(GROUP_SITE, false);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(stack_read(bench.reader, snapshot, snapshot->sites[0].node, &stack), 0);
	ck_assert(stack.is_truncated);
	ck_assert_str_eq(stack.frames[2]->function, "[truncated]");
	ck_assert_str_eq(stack.thread, "main");
	ck_assert_int_eq(stack_read(bench.reader, snapshot, snapshot->sites[1].node, &stack), 0);
	ck_assert(!stack.is_truncated);
	stack_fini(&stack);
}
END_TEST

START_TEST(several_snapshots_are_merged_by_stack)
{
	struct snapshot *child = fake_new();
	const struct snapshot *list[] = {snapshot, child};
	struct aggregation aggregation = {.by = GROUP_SITE};

	fake_site(snapshot, "main", "f@a.c:1 main@a.c:9", 1, 0, 1);
	fake_site(child, "child", "g@a.c:1 main@a.c:9", 1, 0, 16);
	fake_site(child, "child", "f@a.c:1 main@a.c:9", 1, 0, 2);
	fake_bench_init(&bench, list, 1);
	aggregation.rules = bench.rules;
	aggregation.reader = bench.reader;
	ck_assert_int_eq(aggregate(&aggregation, list, 2, &set), 0);
	ck_assert_int_eq(row_set_sort(set, field_by_name("live_bytes")), 0);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(set->rows[1].figures.counters.live_bytes, 3);
	ck_assert_int_eq(set->total.counters.live_bytes, 19);
	fake_free(child);
}
END_TEST

START_TEST(concentration_counts_the_fewest_rows_for_four_fifths)
{
	const struct field *field = field_by_name("live_bytes");
	struct concentration part;

	fake_site(snapshot, "main", "f@a.c:1 main@a.c:9", 1, 0, 70);
	fake_site(snapshot, "main", "f@a.c:2 main@a.c:9", 1, 0, 20);
	fake_site(snapshot, "main", "f@a.c:3 main@a.c:9", 1, 0, 10);
	make_rows(GROUP_SITE, false);
	part = row_set_concentration(set, field, false);
	ck_assert_uint_eq(part.row_count, 2);
	ck_assert_uint_eq(part.percent, 90);
	part = row_set_concentration(set, field, true);
	ck_assert_uint_eq(part.row_count, 0);
	part = row_set_concentration(set, field_by_name("temporary_count"), false);
	ck_assert_uint_eq(part.row_count, 0);
	ck_assert_uint_eq(part.percent, 0);
}
END_TEST

START_TEST(small_rows_are_left_out)
{
	fake_site(snapshot, "main", "f@a.c:1 main@a.c:9", 70, 0, 1);
	fake_site(snapshot, "main", "f@a.c:2 main@a.c:9", 1, 0, 69);
	fake_site(snapshot, "main", "f@a.c:3 main@a.c:9", 1, 0, 100);
	make_rows(GROUP_SITE, false);
	ck_assert_int_eq(row_set_sort(set, field_by_name("alloc_count")), 0);
	ck_assert_int_eq(set->rows[2].figures.counters.live_bytes, 69);
	row_set_drop_small(set, 70);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(set->total.counters.live_bytes, 170);
	ck_assert_int_eq(set->total.site_count, 2);
	row_set_drop_small(set, 71);
	ck_assert_uint_eq(set->count, 1);
	ck_assert_int_eq(set->rows[0].figures.counters.live_bytes, 100);
	ck_assert(set->is_filtered);
}
END_TEST

START_TEST(kinds_of_groups_are_found_by_prefix)
{
	struct error error = {0};
	enum group_by by;

	ck_assert_int_eq(group_find("si", &by, &error), 0);
	ck_assert_int_eq(by, GROUP_SITE);
	ck_assert_int_eq(group_find("line", &by, &error), 0);
	ck_assert_int_eq(by, GROUP_LINE);
	ck_assert_int_ne(group_find("f", &by, &error), 0);
	ck_assert_int_eq(group_find("fu", &by, &error), 0);
	ck_assert_int_eq(by, GROUP_FUNCTION);
	ck_assert_int_ne(group_find("", &by, &error), 0);
	ck_assert_int_ne(group_find("colour", &by, &error), 0);
}
END_TEST

START_TEST(snapshot_without_sites_gives_no_rows)
{
	make_rows(GROUP_FUNCTION, true);
	ck_assert_uint_eq(set->count, 0);
	ck_assert_int_eq(set->total.counters.live_bytes, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("aggregate");
	TCase *tests = tcase_create("aggregate");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, sites_of_one_stack_in_two_threads_are_one_row);
	tcase_add_test(tests, same_stack_with_another_caller_is_another_site);
	tcase_add_test(tests, self_counts_only_the_first_frame);
	tcase_add_test(tests, cumulative_counts_every_caller);
	tcase_add_test(tests, recursion_is_counted_once);
	tcase_add_test(tests, mutual_recursion_is_counted_once_for_each);
	tcase_add_test(tests, inlined_frames_count_like_others);
	tcase_add_test(tests, static_functions_of_one_name_in_two_files_stay_apart);
	tcase_add_test(tests, lines_of_one_function_are_one_row_by_function_and_two_by_line);
	tcase_add_test(tests, unresolved_frames_are_not_one_function);
	tcase_add_test(tests, threads_are_grouped_by_kind);
	tcase_add_test(tests, row_shows_its_largest_stack);
	tcase_add_test(tests, largest_stack_is_that_of_the_sort_column);
	tcase_add_test(tests, own_frames_are_no_part_of_a_stack);
	tcase_add_test(tests, cut_stacks_say_so);
	tcase_add_test(tests, several_snapshots_are_merged_by_stack);
	tcase_add_test(tests, concentration_counts_the_fewest_rows_for_four_fifths);
	tcase_add_test(tests, small_rows_are_left_out);
	tcase_add_test(tests, kinds_of_groups_are_found_by_prefix);
	tcase_add_test(tests, snapshot_without_sites_gives_no_rows);
	suite_add_tcase(suite, tests);
	return suite;
}
