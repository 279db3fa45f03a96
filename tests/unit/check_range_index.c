/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_range_index.c - the index finds what a search through all ranges finds.
 */
#include "base/range_index.h"

#include <stdlib.h>

#include "unit.h"

struct row {
	uint64_t low, high;
};

/* The rule of range_index.h, word by word. */
static size_t find_slowly(const struct row *rows, size_t count, uint64_t address)
{
	size_t best = RANGE_NONE;

	for (size_t i = 0; i < count; i++) {
		if (address < rows[i].low || address >= rows[i].high)
			continue;
		if (best == RANGE_NONE || rows[i].low > rows[best].low ||
		    (rows[i].low == rows[best].low && rows[i].high < rows[best].high))
			best = i;
	}
	return best;
}

START_TEST(random_ranges_are_found_as_by_a_slow_search)
{
	enum { COUNT = 60, ADDRESSES = 200 };
	unsigned int seed = (unsigned int)_i + 1;
	struct range_index index = {0};
	struct row rows[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		rows[i].low = (uint64_t)(rand_r(&seed) % ADDRESSES);
		rows[i].high = rows[i].low + (uint64_t)(rand_r(&seed) % 40);
		ck_assert_int_eq(range_index_add(&index, rows[i].low, rows[i].high, i), 0);
	}
	range_index_sort(&index);
	for (uint64_t address = 0; address <= ADDRESSES + 40; address++)
		ck_assert_uint_eq(range_index_find(&index, address),
				  find_slowly(rows, COUNT, address));
	range_index_fini(&index);
}
END_TEST

START_TEST(range_ends_before_its_high_address)
{
	struct range_index index = {0};

	ck_assert_int_eq(range_index_add(&index, 10, UINT64_MAX, 7), 0);
	ck_assert_int_eq(range_index_add(&index, 5, 5, 8), 0);
	range_index_sort(&index);
	ck_assert_uint_eq(range_index_find(&index, 5), RANGE_NONE);
	ck_assert_uint_eq(range_index_find(&index, 9), RANGE_NONE);
	ck_assert_uint_eq(range_index_find(&index, 10), 7);
	ck_assert_uint_eq(range_index_find(&index, UINT64_MAX - 1), 7);
	ck_assert_uint_eq(range_index_find(&index, UINT64_MAX), RANGE_NONE);
	range_index_fini(&index);
}
END_TEST

START_TEST(empty_index_finds_nothing)
{
	struct range_index index = {0};

	range_index_sort(&index);
	ck_assert_uint_eq(range_index_find(&index, 0), RANGE_NONE);
	range_index_fini(&index);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("range_index");
	TCase *tests = tcase_create("ranges");

	tcase_add_loop_test(tests, random_ranges_are_found_as_by_a_slow_search, 0, 50);
	tcase_add_test(tests, range_ends_before_its_high_address);
	tcase_add_test(tests, empty_index_finds_nothing);
	suite_add_tcase(suite, tests);
	return suite;
}
