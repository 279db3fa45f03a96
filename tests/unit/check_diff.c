/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_diff.c - rows of several inputs: known answers.
 */
#include <stdlib.h>
#include <string.h>

#include "fake_snapshot.h"
#include "model/diff.h"
#include "unit.h"

#define INPUT_MAX 12

static struct snapshot *inputs[INPUT_MAX];
static size_t input_count;
static struct fake_bench bench;
static struct row_set *set;

static struct snapshot *input(void)
{
	inputs[input_count] = fake_new();
	inputs[input_count]->totals[MT_TOTAL_ALLOC_COUNT] = 1;
	inputs[input_count]->taken_ns = input_count;
	return inputs[input_count++];
}

static void diff_by(enum group_by by)
{
	struct row_set *sets[INPUT_MAX];
	size_t i;

	fake_bench_init(&bench, (const struct snapshot *const *)inputs, input_count);
	ck_assert_int_eq(group_rules_learn(bench.rules, bench.reader,
					   (const struct snapshot *const *)inputs, input_count),
			 0);
	for (i = 0; i < input_count; i++)
		sets[i] = fake_rows(&bench, inputs[i], by, false, NULL);
	ck_assert_int_eq(diff_rows((const struct row_set *const *)sets, input_count, &set), 0);
	ck_assert_int_eq(row_set_sort(set, field_by_name("live_bytes")), 0);
	for (i = 0; i < input_count; i++)
		row_set_free(sets[i]);
}

static void begin(void)
{
	input_count = 0;
	set = NULL;
}

static void end(void)
{
	if (set)
		fake_bench_fini(&bench);
	row_set_free(set);
	while (input_count > 0)
		fake_free(inputs[--input_count]);
}

static int64_t delta(const struct row *row, const char *field)
{
	return field_delta(field_by_name(field), &row->series[0], &row->figures);
}

static const struct row *row_of(const char *function)
{
	return fake_row(&bench, set, function);
}

START_TEST(sites_only_in_a_only_in_b_and_in_both)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "gone@a.c:1 main@a.c:9", 4, 0, 10);
	fake_site(a, "main", "grown@a.c:2 main@a.c:9", 1, 0, 10);
	fake_site(a, "main", "shrunk@a.c:3 main@a.c:9", 5, 0, 10);
	fake_site(a, "main", "same@a.c:4 main@a.c:9", 5, 0, 10);
	fake_site(b, "main", "new@a.c:5 main@a.c:9", 7, 1, 10);
	fake_site(b, "main", "grown@a.c:2 main@a.c:9", 9, 0, 10);
	fake_site(b, "main", "shrunk@a.c:3 main@a.c:9", 5, 3, 10);
	fake_site(b, "main", "same@a.c:4 main@a.c:9", 105, 100, 10);
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->count, 5);
	ck_assert_int_eq(row_of("gone")->change, CHANGE_GONE);
	ck_assert_int_eq(delta(row_of("gone"), "live_bytes"), -40);
	ck_assert_int_eq(row_of("gone")->figures.counters.live_bytes, 0);
	ck_assert_int_eq(row_of("grown")->change, CHANGE_GROWN);
	ck_assert_int_eq(delta(row_of("grown"), "live_bytes"), 80);
	ck_assert_int_eq(delta(row_of("grown"), "alloc_count"), 8);
	ck_assert_int_eq(row_of("shrunk")->change, CHANGE_SHRUNK);
	ck_assert_int_eq(delta(row_of("shrunk"), "live_bytes"), -30);
	ck_assert_int_eq(row_of("same")->change, CHANGE_SAME);
	ck_assert_int_eq(delta(row_of("same"), "live_bytes"), 0);
	ck_assert_int_eq(delta(row_of("same"), "alloc_count"), 100);
	ck_assert_int_eq(row_of("new")->change, CHANGE_NEW);
	ck_assert_int_eq(delta(row_of("new"), "live_blocks"), 6);
	ck_assert_int_eq(set->series[0].counters.live_bytes, 150);
	ck_assert_int_eq(set->total.counters.live_bytes, 220);
}
END_TEST

/* As `memtrace diff` does it: how each stack changed decides which of them a row shows. */
static void diff_with_changes(enum group_by by)
{
	struct row_set *sets[2], *changes;
	struct aggregation aggregation = {.by = by};
	size_t i;

	diff_by(GROUP_SITE);
	for (i = 0; i < 2; i++)
		sets[i] = fake_rows(&bench, inputs[i], GROUP_SITE, false, NULL);
	ck_assert_int_eq(diff_rows((const struct row_set *const *)sets, 2, &changes), 0);
	aggregation.rules = bench.rules;
	aggregation.reader = bench.reader;
	aggregation.changes = changes;
	for (i = 0; i < 2; i++) {
		const struct snapshot *one = inputs[i];

		row_set_free(sets[i]);
		ck_assert_int_eq(aggregate(&aggregation, &one, 1, &sets[i]), 0);
	}
	row_set_free(set);
	ck_assert_int_eq(diff_rows((const struct row_set *const *)sets, 2, &set), 0);
	for (i = 0; i < 2; i++)
		row_set_free(sets[i]);
	row_set_free(changes);
}

START_TEST(row_shows_the_stack_that_changed_most)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "get@a.c:1 old@a.c:2", 1, 0, 1000);
	fake_site(b, "main", "get@a.c:1 old@a.c:2", 1, 0, 1000);
	fake_site(b, "main", "get@a.c:1 grow@a.c:3", 4, 0, 10);
	fake_site(a, "main", "put@a.c:5 old@a.c:2", 1, 0, 1000);
	fake_site(a, "main", "put@a.c:5 gone@a.c:6", 1, 0, 20);
	fake_site(b, "main", "put@a.c:5 old@a.c:2", 1, 0, 1000);
	diff_with_changes(GROUP_FUNCTION);
	ck_assert_ptr_eq(row_of("get")->snapshot, b);
	ck_assert_uint_eq(row_of("get")->node, b->sites[1].node);
	ck_assert_ptr_eq(row_of("put")->snapshot, a);
	ck_assert_uint_eq(row_of("put")->node, a->sites[2].node);
}
END_TEST

START_TEST(largest_change_comes_first_and_growth_before_equal_decrease)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "minus@a.c:1 main@a.c:9", 5, 0, 10);
	fake_site(a, "main", "huge@a.c:2 main@a.c:9", 1000, 0, 10);
	fake_site(a, "main", "most@a.c:3 main@a.c:9", 9, 0, 10);
	fake_site(b, "main", "plus@a.c:4 main@a.c:9", 5, 0, 10);
	fake_site(b, "main", "huge@a.c:2 main@a.c:9", 1001, 0, 10);
	diff_by(GROUP_FUNCTION);
	ck_assert_ptr_eq(&set->rows[0], row_of("most"));
	ck_assert_ptr_eq(&set->rows[1], row_of("plus"));
	ck_assert_ptr_eq(&set->rows[2], row_of("minus"));
	ck_assert_ptr_eq(&set->rows[3], row_of("huge"));
}
END_TEST

START_TEST(blocks_of_no_bytes_appear_and_vanish_too)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "old@a.c:1 main@a.c:9", 2, 0, 0);
	fake_site(a, "main", "more@a.c:2 main@a.c:9", 2, 0, 0);
	fake_site(b, "main", "old@a.c:1 main@a.c:9", 2, 2, 0);
	fake_site(b, "main", "more@a.c:2 main@a.c:9", 3, 0, 0);
	fake_site(b, "main", "fresh@a.c:3 main@a.c:9", 1, 0, 0);
	diff_by(GROUP_SITE);
	ck_assert_int_eq(row_of("old")->change, CHANGE_GONE);
	ck_assert_int_eq(row_of("more")->change, CHANGE_GROWN);
	ck_assert_int_eq(row_of("fresh")->change, CHANGE_NEW);
}
END_TEST

START_TEST(what_only_churns_is_the_same)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "churn@a.c:1 main@a.c:9", 2, 2, 8);
	fake_site(b, "main", "churn@a.c:1 main@a.c:9", 2000, 2000, 8);
	diff_by(GROUP_SITE);
	ck_assert_int_eq(set->rows[0].change, CHANGE_SAME);
	ck_assert_int_eq(delta(&set->rows[0], "alloc_count"), 1998);
}
END_TEST

START_TEST(totals_are_of_the_rows_that_are_not_small)
{
	struct snapshot *a = input(), *b = input();

	fake_site(a, "main", "f@a.c:1 main@a.c:9", 10, 0, 10);
	fake_site(b, "main", "f@a.c:1 main@a.c:9", 15, 0, 10);
	fake_site(b, "main", "g@a.c:2 main@a.c:9", 1, 0, 20);
	diff_by(GROUP_FUNCTION);
	row_set_drop_small(set, 100);
	ck_assert_uint_eq(set->count, 1);
	ck_assert_int_eq(set->series[0].counters.live_bytes, 100);
	ck_assert_int_eq(set->series[1].counters.live_bytes, 150);
	ck_assert_int_eq(set->total.counters.live_bytes, 150);
}
END_TEST

START_TEST(each_interval_is_counted)
{
	size_t i;

	for (i = 0; i < 10; i++) {
		struct snapshot *snapshot = input();

		fake_site(snapshot, "main", "leak@a.c:1 main@a.c:9", 10 + (int64_t)i, 0, 8);
		fake_site(snapshot, "main", "saw@a.c:2 main@a.c:9", i % 3 == 0 ? 5 : 9, 0, 8);
		fake_site(snapshot, "main", "still@a.c:3 main@a.c:9", 3, 0, 8);
	}
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->input_count, 10);
	ck_assert_uint_eq(row_of("leak")->grown_count, 9);
	ck_assert_uint_eq(row_of("leak")->shrunk_count, 0);
	ck_assert_uint_eq(row_of("saw")->grown_count, 3);
	ck_assert_uint_eq(row_of("saw")->shrunk_count, 3);
	ck_assert_uint_eq(row_of("still")->grown_count, 0);
	ck_assert_int_eq(row_of("still")->change, CHANGE_SAME);
	ck_assert_int_eq(row_of("leak")->series[4].counters.live_bytes, 14 * 8);
}
END_TEST

START_TEST(site_in_a_middle_input_only_is_kept)
{
	struct snapshot *a = input(), *b = input(), *c = input();

	(void)a;
	(void)c;
	fake_site(b, "main", "brief@a.c:1 main@a.c:9", 1, 0, 8);
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->count, 1);
	ck_assert_uint_eq(set->rows[0].grown_count, 1);
	ck_assert_uint_eq(set->rows[0].shrunk_count, 1);
	ck_assert_int_eq(set->rows[0].change, CHANGE_SAME);
}
END_TEST

/* The build IDs differ: line numbers and addresses have moved. */
START_TEST(rebuilt_program_matches_by_function_and_file)
{
	struct snapshot *a = input(), *b = input();

	fake_build_id(a, "app", 1);
	fake_build_id(b, "app", 2);
	fake_site(a, "main", "f@a.c:10 g@a.c:20 main@a.c:30", 1, 0, 8);
	fake_site(b, "main", "f@a.c:12 g@a.c:25 main@a.c:36", 4, 0, 8);
	fake_site(a, "main", "f@a.c:10 h@a.c:21 main@a.c:30", 1, 0, 64);
	fake_site(b, "main", "f@a.c:12 h@a.c:26 main@a.c:36", 1, 0, 64);
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(delta(&set->rows[0], "live_bytes"), 24);
	ck_assert_int_eq(set->rows[0].change, CHANGE_GROWN);
	ck_assert_int_eq(set->rows[1].change, CHANGE_SAME);
	ck_assert_str_eq(group_rules_rebuilt(bench.rules)[0], "app");
	ck_assert_ptr_null(group_rules_rebuilt(bench.rules)[1]);
}
END_TEST

START_TEST(rebuilt_program_keeps_static_functions_of_one_name_apart)
{
	struct snapshot *a = input(), *b = input();

	fake_build_id(a, "app", 1);
	fake_build_id(b, "app", 2);
	fake_site(a, "main", "make@one.c:10 main@a.c:30", 1, 0, 8);
	fake_site(a, "main", "make@two.c:10 main@a.c:30", 1, 0, 8);
	fake_site(b, "main", "make@one.c:11 main@a.c:31", 1, 0, 8);
	fake_site(b, "main", "make@two.c:11 main@a.c:31", 3, 0, 8);
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(delta(&set->rows[0], "live_bytes"), 16);
	ck_assert_int_eq(delta(&set->rows[1], "live_bytes"), 0);
}
END_TEST

START_TEST(program_built_in_another_folder_is_known_again)
{
	struct snapshot *a = input(), *b = input();

	fake_build_id(a, "app", 1);
	fake_build_id(b, "app", 2);
	fake_site(a, "main", "f@/old/net/u.c:1 f@/old/db/u.c:2 main@/old/m.c:9", 1, 0, 8);
	fake_site(b, "main", "f@/new/x/net/u.c:3 f@/new/x/db/u.c:4 main@/new/x/m.c:9", 2, 0, 8);
	fake_site(b, "main", "f@/new/x/db/u.c:4 f@/new/x/db/u.c:4 main@/new/x/m.c:9", 7, 0, 8);
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_int_eq(set->rows[0].change, CHANGE_NEW);
	ck_assert_int_eq(delta(&set->rows[1], "live_bytes"), 8);
}
END_TEST

START_TEST(library_without_build_id_is_another_build_if_its_size_differs)
{
	struct snapshot *a = input(), *b = input();

	fake_build_id(a, "app", 1);
	fake_build_id(b, "app", 1);
	fake_site(a, "main", "libx.so!f@x.c:1 main@m.c:9", 1, 0, 8);
	fake_site(b, "main", "libx.so!f@x.c:2 main@m.c:9", 2, 0, 8);
	b->modules[2].end = 4096;
	diff_by(GROUP_SITE);
	ck_assert_str_eq(group_rules_rebuilt(bench.rules)[0], "libx.so");
	ck_assert_uint_eq(set->count, 1);
}
END_TEST

START_TEST(same_build_keeps_lines_of_one_function_apart)
{
	struct snapshot *a = input(), *b = input();

	fake_build_id(a, "app", 1);
	fake_build_id(b, "app", 1);
	fake_site(a, "main", "f@a.c:10 main@a.c:30", 1, 0, 8);
	fake_site(b, "main", "f@a.c:11 main@a.c:30", 1, 0, 8);
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_ptr_null(group_rules_rebuilt(bench.rules)[0]);
}
END_TEST

/* The library was replaced, the program was not. */
START_TEST(only_the_rebuilt_module_is_matched_by_name)
{
	struct snapshot *a = input(), *b = input();

	fake_build_id(a, "app", 1);
	fake_build_id(b, "app", 1);
	fake_build_id(a, "libx.so", 3);
	fake_build_id(b, "libx.so", 4);
	fake_site(a, "main", "libx.so!x@x.c:1 main@a.c:30", 1, 0, 8);
	fake_site(b, "main", "libx.so!x@x.c:5 main@a.c:30", 2, 0, 8);
	fake_site(b, "main", "libx.so!x@x.c:5 main@a.c:31", 2, 0, 8);
	diff_by(GROUP_SITE);
	ck_assert_uint_eq(set->count, 2);
	ck_assert_str_eq(group_rules_rebuilt(bench.rules)[0], "libx.so");
}
END_TEST

START_TEST(library_in_one_input_only_was_not_rebuilt)
{
	struct snapshot *a = input(), *b = input();

	fake_build_id(a, "app", 1);
	fake_build_id(b, "app", 1);
	fake_build_id(b, "plugin.so", 9);
	fake_site(b, "main", "plugin.so!x@x.c:5 main@a.c:30", 2, 0, 8);
	diff_by(GROUP_SITE);
	ck_assert_ptr_null(group_rules_rebuilt(bench.rules)[0]);
	ck_assert_int_eq(set->rows[0].change, CHANGE_NEW);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("diff");
	TCase *tests = tcase_create("diff");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, sites_only_in_a_only_in_b_and_in_both);
	tcase_add_test(tests, row_shows_the_stack_that_changed_most);
	tcase_add_test(tests, largest_change_comes_first_and_growth_before_equal_decrease);
	tcase_add_test(tests, blocks_of_no_bytes_appear_and_vanish_too);
	tcase_add_test(tests, what_only_churns_is_the_same);
	tcase_add_test(tests, totals_are_of_the_rows_that_are_not_small);
	tcase_add_test(tests, each_interval_is_counted);
	tcase_add_test(tests, site_in_a_middle_input_only_is_kept);
	tcase_add_test(tests, rebuilt_program_matches_by_function_and_file);
	tcase_add_test(tests, rebuilt_program_keeps_static_functions_of_one_name_apart);
	tcase_add_test(tests, program_built_in_another_folder_is_known_again);
	tcase_add_test(tests, library_without_build_id_is_another_build_if_its_size_differs);
	tcase_add_test(tests, same_build_keeps_lines_of_one_function_apart);
	tcase_add_test(tests, only_the_rebuilt_module_is_matched_by_name);
	tcase_add_test(tests, library_in_one_input_only_was_not_rebuilt);
	suite_add_tcase(suite, tests);
	return suite;
}
