/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_numbering.c - ids and runs, times and slots lead to each other and back, without gaps.
 */
#include "memtrace/numbering.h"

#include "memtrace/format.h"
#include "unit.h"

static void check_runs(uint32_t n0_log2, uint32_t run_count)
{
	for (uint32_t run = 0; run < run_count; run++) {
		uint64_t first = mt_run_first(run, n0_log2), end = mt_run_first(run + 1, n0_log2);

		ck_assert_uint_gt(end, first);
		ck_assert_uint_eq(mt_run_of(first, n0_log2), run);
		ck_assert_uint_eq(mt_run_of(end - 1, n0_log2), run);
		if (run >
		    0) /* a run is at most a quarter of what is there, or as large as the first */
			ck_assert_uint_le(4 * (end - first), first);
	}
}

START_TEST(runs_of_every_type_follow_each_other)
{
#define CHECK_RUNS(name, bytes, n0_log2, run_count) check_runs(n0_log2, run_count);
	MT_GROWING_TYPES(CHECK_RUNS)
#undef CHECK_RUNS
}
END_TEST

START_TEST(every_id_lies_in_the_run_it_is_said_to)
{
	for (uint64_t id = 0; id < 100000; id++) {
		uint32_t run = mt_run_of(id, 8);

		ck_assert_uint_le(mt_run_first(run, 8), id);
		ck_assert_uint_lt(id, mt_run_first(run + 1, 8));
	}
}
END_TEST

static void check_slots(uint32_t base, uint64_t slot_count)
{
	for (uint64_t slot = 0; slot < slot_count; slot++) {
		uint64_t start = mt_time_slot_start(slot, base);

		ck_assert_uint_eq(mt_time_slot(start, base), slot);
		if (slot > 0)
			ck_assert_uint_eq(mt_time_slot(start - 1, base), slot - 1);
	}
}

START_TEST(times_and_slots_lead_to_each_other)
{
	check_slots(MT_EPOCH_BASE, 1200);
	check_slots(MT_TIMELINE_BASE, 4000);
}
END_TEST

START_TEST(a_month_of_seconds_needs_less_than_a_thousand_epochs)
{
	ck_assert_uint_lt(mt_time_slot(31 * 86400, MT_EPOCH_BASE), 1000);
}
END_TEST

START_TEST(size_bucket_holds_its_powers_of_two)
{
	ck_assert_uint_eq(mt_size_bucket(0), 0);
	ck_assert_uint_eq(mt_size_bucket(1), 1);
	for (uint8_t bucket = 2; bucket <= 64; bucket++) {
		uint64_t low = UINT64_C(1) << (bucket - 1);

		ck_assert_uint_eq(mt_size_bucket(low), bucket);
		ck_assert_uint_eq(mt_size_bucket(low - 1), bucket - 1);
		ck_assert_uint_eq(mt_size_bucket(2 * low - 1), bucket);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("numbering");
	TCase *numbers = tcase_create("numbers");

	tcase_add_test(numbers, runs_of_every_type_follow_each_other);
	tcase_add_test(numbers, every_id_lies_in_the_run_it_is_said_to);
	tcase_add_test(numbers, times_and_slots_lead_to_each_other);
	tcase_add_test(numbers, a_month_of_seconds_needs_less_than_a_thousand_epochs);
	tcase_add_test(numbers, size_bucket_holds_its_powers_of_two);
	suite_add_tcase(suite, numbers);
	return suite;
}
