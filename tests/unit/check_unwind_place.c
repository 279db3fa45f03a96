/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_unwind_place.c - a row that was gone on to from another address is the one that is found from the beginning.
 */
#include "unwind_place.h"

#include <stdio.h>
#include <string.h>

#include "memtrace/atomic.h"
#include "module_table.h"
#include "unit.h"

#define ADDRESSES 200000u
#define NEAR_BYTES 4096u

static struct module_info module;
static uint64_t seed = 1;

static uint64_t choose(uint64_t count)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (seed >> 20) % count;
}

static void find_libc(void)
{
	module_table_init();
	ck_assert(module_table_find((uint64_t)(uintptr_t)fprintf, &module));
}

/* Whether there was a row. */
static bool check_row(struct unwind_place *place, uint64_t pc)
{
	struct eh_frame frame;
	struct cfi_row row;
	bool is_found = eh_frame_find(&module, pc, &frame), is_known;

	ck_assert_int_eq(unwind_place_find(place, &module, pc), is_found);
	if (!is_found)
		return false;
	ck_assert_uint_eq(place->frame.pc_start, frame.pc_start);
	is_known = cfi_row_find(&frame, pc, &row);
	ck_assert_int_eq(cfi_place_move(&place->frame, pc, &place->cfi), is_known);
	if (is_known && memcmp(&place->cfi.row, &row, sizeof(row)) != 0)
		ck_abort_msg("another row at %lx", pc - module.bias);
	return is_known;
}

START_TEST(row_is_that_of_the_address_wherever_the_last_one_was)
{
	static struct unwind_place place;
	uint64_t pc = module.text_start, text = module.text_end - module.text_start;
	uint32_t rows = 0;

	for (uint32_t i = 0; i < ADDRESSES; i++) {
		if (i % 8 == 0)
			pc = module.text_start + choose(text - NEAR_BYTES);
		else
			pc += choose(64) - (i % 3 == 0 ? choose(64) : 0);
		rows += check_row(&place, pc);
	}
	ck_assert_uint_gt(rows, ADDRESSES / 2);
}
END_TEST

START_TEST(place_of_another_is_not_taken)
{
	uint64_t pc = module.text_start;
	struct unwind_place *place = unwind_place_take(pc);

	ck_assert_ptr_nonnull(place);
	ck_assert_ptr_null(unwind_place_take(pc));
	unwind_place_give(place);
	ck_assert_ptr_eq(unwind_place_take(pc), place);
	unwind_place_give(place);
}
END_TEST

START_TEST(nothing_is_known_of_modules_that_were_there_before)
{
	static struct unwind_place place;
	uint64_t pc = (uint64_t)(uintptr_t)fprintf;

	ck_assert(check_row(&place, pc));
	ck_assert_ptr_nonnull(place.cfi.at);
	(void)mt_add_relaxed(&module_table_generation_count, 1);
	ck_assert(unwind_place_find(&place, &module, pc));
	ck_assert_ptr_null(place.cfi.at);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("unwind_place");
	TCase *tests = tcase_create("places");

	tcase_set_timeout(tests, 60);
	tcase_add_unchecked_fixture(tests, find_libc, NULL);
	tcase_add_test(tests, row_is_that_of_the_address_wherever_the_last_one_was);
	tcase_add_test(tests, place_of_another_is_not_taken);
	tcase_add_test(tests, nothing_is_known_of_modules_that_were_there_before);
	suite_add_tcase(suite, tests);
	return suite;
}
