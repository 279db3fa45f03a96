/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_row.c - rows are found again by their keys, and the first of many are those that sorting all gives.
 */
#include "model/row.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

#define COUNT 3000

static uint64_t state;

static uint64_t draw(uint64_t below)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (state >> 33) % below;
}

/* Few different values, so that every column has to decide somewhere. */
static void fill_figures(struct figures *figures)
{
	figures->counters.live_bytes = (int64_t)draw(40) - 20;
	figures->counters.live_blocks = (int64_t)draw(4);
	figures->counters.alloc_bytes = (int64_t)draw(3);
	figures->counters.alloc_count = (int64_t)draw(5);
}

static struct row_set *make_set(uint64_t seed, size_t input_count)
{
	struct row_set *set = calloc(1, sizeof(*set));
	size_t i;

	ck_assert_ptr_nonnull(set);
	set->input_count = input_count;
	state = seed;
	for (i = 0; i < COUNT; i++) {
		struct digest key = digest_word((struct digest){seed, 0}, i);
		struct row *row;

		ck_assert_int_eq(row_set_get(set, key, &row), 0);
		fill_figures(&row->figures);
		row->frame_index = (uint32_t)draw(2);
		if (input_count < 2)
			continue;
		ck_assert_int_eq(row_set_add_series(set, row), 0);
		fill_figures(&row->series[0]);
	}
	return set;
}

static void check_first(const char *column, size_t input_count, size_t count)
{
	struct row_set *whole = make_set(count + 1, input_count);
	struct row_set *part = make_set(count + 1, input_count);
	const struct field *field = field_by_name(column);
	uint64_t sum = 0, whole_sum = 0;

	ck_assert_int_eq(row_set_sort(whole, field), 0);
	ck_assert_int_eq(row_set_sort_first(part, field, count), 0);
	for (size_t i = 0; i < count && i < COUNT; i++)
		ck_assert_mem_eq(&part->rows[i].key, &whole->rows[i].key, sizeof(struct digest));
	for (size_t i = 0; i < COUNT; i++) {
		sum += part->rows[i].key.low;
		whole_sum += whole->rows[i].key.low;
	}
	ck_assert_uint_eq(sum, whole_sum);
	row_set_free(whole);
	row_set_free(part);
}

START_TEST(first_rows_are_those_of_the_whole_order)
{
	static const size_t counts[] = {0, 1, 2, 10, 11, 500, COUNT - 1, COUNT, COUNT + 1};
	static const char *const columns[] = {"live_bytes", "alloc_count", "average_bytes"};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (size_t k = 0; k < sizeof(columns) / sizeof(columns[0]); k++) {
			check_first(columns[k], 1, counts[i]);
			check_first(columns[k], 2, counts[i]);
		}
	}
}
END_TEST

START_TEST(sorted_rows_never_rise)
{
	struct row_set *set = make_set(7, 1);

	ck_assert_int_eq(row_set_sort(set, field_by_name("live_bytes")), 0);
	for (size_t i = 1; i < COUNT; i++)
		ck_assert_int_ge(set->rows[i - 1].figures.counters.live_bytes,
				 set->rows[i].figures.counters.live_bytes);
	row_set_free(set);
}
END_TEST

/* Equal lower halves fall into one slot of the index; equal words differ only in the row itself. */
START_TEST(rows_of_similar_keys_stay_apart)
{
	struct row_set *set = calloc(1, sizeof(*set));
	struct row *row;

	ck_assert_ptr_nonnull(set);
	ck_assert_ptr_null(row_set_find(set, (struct digest){1, 2}));
	for (uint64_t i = 0; i < 600; i++) {
		struct digest key = {(i % 3) << 32 | 5, i};

		ck_assert_int_eq(row_set_get(set, key, &row), 0);
		row->frame_index = (uint32_t)i;
	}
	for (uint64_t i = 0; i < 600; i++) {
		struct digest key = {(i % 3) << 32 | 5, i};

		ck_assert_uint_eq(row_set_find(set, key)->frame_index, i);
		ck_assert_int_eq(row_set_get(set, key, &row), 0);
		ck_assert_uint_eq(row->frame_index, i);
		ck_assert_ptr_null(row_set_find(set, (struct digest){key.low, i + 1000}));
	}
	ck_assert_uint_eq(set->count, 600);
	row_set_free(set);
}
END_TEST

/* Growth in the first rows counts even where rows that shrank stand between them. */
START_TEST(concentration_needs_no_order)
{
	struct row_set *set = make_set(3, 2), *sorted = make_set(3, 2);
	const struct field *field = field_by_name("live_bytes");

	ck_assert_int_eq(row_set_sort(sorted, field), 0);
	for (int is_decrease = 0; is_decrease < 2; is_decrease++) {
		struct concentration a = row_set_concentration(set, field, is_decrease);
		struct concentration b = row_set_concentration(sorted, field, is_decrease);

		ck_assert_uint_eq(a.row_count, 10);
		ck_assert_uint_eq(a.row_count, b.row_count);
		ck_assert_uint_eq(a.percent, b.percent);
	}
	row_set_free(set);
	row_set_free(sorted);
}
END_TEST

START_TEST(least_stack_is_the_shown_one_until_another_is_put)
{
	struct row_set *set = calloc(1, sizeof(*set));
	const struct row_stack most = {.node = 7, .weight = 9}, least = {.node = 8, .weight = 2};
	struct row *row;

	ck_assert_ptr_nonnull(set);
	ck_assert_int_eq(row_set_get(set, (struct digest){1, 1}, &row), 0);
	row_show_stack(row, &most);
	ck_assert_uint_eq(row_set_least(set, row).node, 7);
	ck_assert_int_eq(row_set_put_least(set, row, &least), 0);
	ck_assert_uint_eq(row_set_least(set, row).node, 8);
	ck_assert_int_eq(row_set_least(set, row).weight, 2);
	ck_assert_uint_eq(row_stack_shown(row).node, 7);
	row_set_free(set);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("row");
	TCase *tests = tcase_create("rows");

	tcase_add_test(tests, first_rows_are_those_of_the_whole_order);
	tcase_add_test(tests, sorted_rows_never_rise);
	tcase_add_test(tests, rows_of_similar_keys_stay_apart);
	tcase_add_test(tests, concentration_needs_no_order);
	tcase_add_test(tests, least_stack_is_the_shown_one_until_another_is_put);
	suite_add_tcase(suite, tests);
	return suite;
}
