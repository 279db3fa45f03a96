/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sample_filter.c - the filter never denies a recorded block, however many there are.
 */
#include "sample_filter.h"

#include <string.h>

#include "unit.h"

#define PERIOD (UINT64_C(256) << SAMPLE_FILTER_BITS)

static void start(void)
{
	memset(sample_filter, 0, sizeof(sample_filter));
}

START_TEST(block_is_held_until_it_is_removed)
{
	for (uintptr_t address = 0x7f0000000010; address < 0x7f0004000000; address += 4093) {
		ck_assert(!sample_filter_may_hold(address));
		sample_filter_add(address);
		ck_assert(sample_filter_may_hold(address));
		sample_filter_remove(address);
		ck_assert(!sample_filter_may_hold(address));
	}
}
END_TEST

START_TEST(neighbours_share_a_line_and_arenas_do_not_share_a_byte)
{
	uintptr_t heap = 0x555555558000, arena = 0x7f8840000000;

	for (uintptr_t at = 0; at < 8192; at += 256)
		ck_assert_uint_eq(sample_filter_index(heap + at) / 64,
				  sample_filter_index(heap) / 64);
	for (uintptr_t k = 1; k < 32; k++)
		ck_assert_uint_ne(sample_filter_index(arena),
				  sample_filter_index(arena + k * PERIOD));
}
END_TEST

START_TEST(full_count_holds_for_ever)
{
	uintptr_t address = 0x1000;

	for (int i = 0; i < 300; i++)
		sample_filter_add(address);
	for (int i = 0; i < 300; i++)
		sample_filter_remove(address);
	ck_assert(sample_filter_may_hold(address));
}
END_TEST

START_TEST(count_of_several_blocks_goes_to_nothing_with_the_last)
{
	uintptr_t address = 0x2000;

	for (int i = 0; i < 254; i++)
		sample_filter_add(address);
	for (int i = 0; i < 254; i++) {
		ck_assert(sample_filter_may_hold(address));
		sample_filter_remove(address);
	}
	ck_assert(!sample_filter_may_hold(address));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("sample_filter");
	TCase *tests = tcase_create("filter");

	tcase_add_checked_fixture(tests, start, NULL);
	tcase_add_test(tests, block_is_held_until_it_is_removed);
	tcase_add_test(tests, neighbours_share_a_line_and_arenas_do_not_share_a_byte);
	tcase_add_test(tests, full_count_holds_for_ever);
	tcase_add_test(tests, count_of_several_blocks_goes_to_nothing_with_the_last);
	suite_add_tcase(suite, tests);
	return suite;
}
