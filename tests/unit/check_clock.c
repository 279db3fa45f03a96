/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_clock.c - time slots and runs are numbered without gaps, and epochs and samples follow a clock that this
 * program sets as it likes.
 */
#define _GNU_SOURCE
#include "clock.h"

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "memtrace/live_layout.h"
#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define SECOND UINT64_C(1000000000)
#define DAY (86400 * SECOND)

int clock_gettime(clockid_t clock, struct timespec *out);

static uint64_t skew_ns;
static bool is_skewed;

/* What the module under test sees when it is looking: time passes when a test says so, and a little by itself. */
int clock_gettime(clockid_t clock, struct timespec *out)
{
	long status = syscall(SYS_clock_gettime, clock, out);
	uint64_t ns = (uint64_t)out->tv_nsec + (is_skewed ? skew_ns : 0);

	out->tv_sec += (time_t)(ns / SECOND);
	out->tv_nsec = (long)(ns % SECOND);
	return (int)status;
}

static uint64_t look(void)
{
	uint64_t now;

	is_skewed = true; /* not for long: Check measures time as well */
	now = clock_look();
	is_skewed = false;
	return now;
}

static void start(void)
{
	trace_case_start();
	clock_init(false, false);
}

START_TEST(slots_of_time_follow_each_other_and_have_an_inverse)
{
	static const uint32_t bases[] = {MT_EPOCH_BASE, MT_TIMELINE_BASE, 2};
	uint32_t base = bases[_i];
	uint64_t last = 0;

	for (uint64_t elapsed = 0; elapsed < 300000; elapsed++) {
		uint64_t slot = mt_time_slot(elapsed, base);

		if (slot != last && slot != last + 1)
			ck_abort_msg("slot %lu after %lu", (unsigned long)slot,
				     (unsigned long)last);
		if (slot != last && mt_time_slot_start(slot, base) != elapsed)
			ck_abort_msg("slot %lu does not start at %lu", (unsigned long)slot,
				     (unsigned long)elapsed);
		last = slot;
	}
	for (uint64_t slot = 0; slot < 16 * base; slot++)
		ck_assert_uint_eq(mt_time_slot(mt_time_slot_start(slot, base), base), slot);
}
END_TEST

START_TEST(slots_double_their_width)
{
	ck_assert_uint_eq(mt_time_slot(MT_EPOCH_BASE - 1, MT_EPOCH_BASE), MT_EPOCH_BASE - 1);
	/* from base widths on two widths each, then four */
	for (uint64_t slot = MT_EPOCH_BASE; slot < 4 * MT_EPOCH_BASE; slot++) {
		uint64_t width = mt_time_slot_start(slot + 1, MT_EPOCH_BASE) -
				 mt_time_slot_start(slot, MT_EPOCH_BASE);

		ck_assert_uint_eq(width, UINT64_C(2)
						 << (slot - MT_EPOCH_BASE) / (MT_EPOCH_BASE / 2));
	}
}
END_TEST

START_TEST(epochs_of_a_month_fit_into_a_block_and_into_the_file)
{
	uint64_t slot = mt_time_slot(31 * DAY / CLOCK_EPOCH_WIDTH_NS, MT_EPOCH_BASE);

	ck_assert_uint_lt(slot, 1000);
	ck_assert_uint_lt(mt_time_slot(3650 * DAY / CLOCK_EPOCH_WIDTH_NS, MT_EPOCH_BASE),
			  MT_EPOCH_MAX);
	ck_assert_uint_lt(mt_time_slot(3650 * DAY / CLOCK_TIMELINE_WIDTH_NS, MT_TIMELINE_BASE),
			  MT_TIMELINE_MAX);
	ck_assert_uint_le(MT_EPOCH_MAX, MT_LIVE_EPOCH_MAX);
}
END_TEST

START_TEST(runs_of_ids_follow_each_other_and_have_an_inverse)
{
	uint32_t n0_log2 = (uint32_t)_i;

	for (uint32_t run = 0; run < MT_RUN_MAX - 1; run++) {
		uint64_t first = mt_run_first(run, n0_log2), next = mt_run_first(run + 1, n0_log2);

		if (next > UINT32_MAX)
			break;
		ck_assert_uint_gt(next, first);
		ck_assert_uint_eq(mt_run_of(first, n0_log2), run);
		ck_assert_uint_eq(mt_run_of(next - 1, n0_log2), run);
		/* no run is longer than the first, or than a quarter of what is in use */
		if (run > 0)
			ck_assert_uint_le(next - first, first / 4 > 0 ? (first + 3) / 4 : 1);
	}
}
END_TEST

START_TEST(sizes_fall_into_the_bucket_of_their_power)
{
	ck_assert_uint_eq(mt_size_bucket(0), 0);
	ck_assert_uint_eq(mt_size_bucket(1), 1);
	ck_assert_uint_eq(mt_size_bucket(UINT64_MAX), 64);
	for (uint32_t bucket = 1; bucket <= 64; bucket++) {
		ck_assert_uint_eq(mt_size_bucket(UINT64_C(1) << (bucket - 1)), bucket);
		ck_assert_uint_eq(mt_size_bucket((UINT64_C(1) << (bucket - 1)) - 1), bucket - 1);
	}
}
END_TEST

static uint64_t count_of(uint16_t type)
{
	const struct mt_section *section = trace_file.sections;

	while (section->type != type)
		section++;
	return section->count;
}

START_TEST(first_look_takes_a_sample)
{
	uint64_t now = look();

	ck_assert_uint_eq(trace_file.process->last_event_ns, now);
	ck_assert_uint_eq(trace_file.timeline[0].ns, now + 1);
	ck_assert_uint_eq(count_of(MT_SECTION_TIMELINE), 1);
	ck_assert_uint_eq(clock_epoch(), 0);
}
END_TEST

START_TEST(one_sample_a_slot)
{
	for (uint32_t i = 0; i < 50; i++) {
		(void)look();
		skew_ns += CLOCK_TIMELINE_WIDTH_NS / 5;
	}
	/* ten slots have passed, and perhaps one more by the time that all this has taken */
	ck_assert_uint_ge(count_of(MT_SECTION_TIMELINE), 10);
	ck_assert_uint_le(count_of(MT_SECTION_TIMELINE), 12);
	for (uint64_t slot = 1; slot < 10; slot++)
		ck_assert_uint_gt(trace_file.timeline[slot].ns, trace_file.timeline[slot - 1].ns);
}
END_TEST

START_TEST(epoch_is_computed_and_does_not_lag_behind_an_idle_program)
{
	(void)look();
	skew_ns += 31 * DAY;
	(void)look();
	ck_assert_uint_eq(clock_epoch(),
			  mt_time_slot(31 * DAY / CLOCK_EPOCH_WIDTH_NS, MT_EPOCH_BASE));
	ck_assert_uint_ge(trace_file.epochs[clock_epoch()].ns, 31 * DAY);
	ck_assert_uint_eq(count_of(MT_SECTION_EPOCHS), clock_epoch() + 1);
	/* nothing happened in those that were left out */
	ck_assert_uint_eq(trace_file.epochs[clock_epoch() - 1].ns, 0);
}
END_TEST

START_TEST(four_hundred_years_do_not_leave_the_sections)
{
	for (uint32_t year = 0; year < 400; year++) {
		skew_ns += 365 * DAY;
		(void)look();
		ck_assert_uint_lt(clock_epoch(), MT_EPOCH_MAX);
	}
	ck_assert_uint_le(count_of(MT_SECTION_TIMELINE), MT_TIMELINE_MAX);
}
END_TEST

START_TEST(sample_holds_the_sums_of_the_shards)
{
	trace_file.process->shard_count = 3;
	trace_file.shards[0].live_bytes = 55;
	for (uint32_t i = 0; i < 3; i++) {
		trace_file.shards[i].alloc_count = 10;
		trace_file.shards[i].alloc_bytes = 1000 * (i + 1);
	}
	(void)look();
	ck_assert_int_eq(trace_file.timeline[0].live_bytes, 55);
	ck_assert_uint_eq(trace_file.timeline[0].alloc_count, 30);
	ck_assert_uint_eq(trace_file.timeline[0].alloc_bytes, 6000);
	ck_assert_uint_eq(trace_file.timeline[0].rss_bytes, 0);
}
END_TEST

START_TEST(resident_set_is_read_where_it_was_asked_for)
{
	clock_init(false, true);
	(void)look();
	ck_assert_uint_gt(trace_file.timeline[0].rss_bytes, 100000);
}
END_TEST

START_TEST(blocks_born_before_a_fork_are_told_from_those_born_after)
{
	uint32_t before;
	uint64_t now;

	skew_ns += 5 * SECOND;
	now = look();
	before = clock_epoch();
	ck_assert_uint_ge(before, clock_inherited_below());
	clock_init(true, false);
	ck_assert_uint_lt(before, clock_inherited_below());
	ck_assert_uint_ge(clock_epoch(), clock_inherited_below());
	/* time goes on from the parent's start, and the epoch never goes back */
	ck_assert_uint_ge(look(), now);
	ck_assert_uint_ge(clock_epoch(), clock_inherited_below());
	skew_ns += 100 * SECOND;
	(void)look();
	ck_assert_uint_eq(clock_epoch(), mt_time_slot(105, MT_EPOCH_BASE));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("clock");
	TCase *numbers = tcase_create("numbers"), *clock = tcase_create("clock");

	tcase_add_loop_test(numbers, slots_of_time_follow_each_other_and_have_an_inverse, 0, 3);
	tcase_add_test(numbers, slots_double_their_width);
	tcase_add_test(numbers, epochs_of_a_month_fit_into_a_block_and_into_the_file);
	tcase_add_loop_test(numbers, runs_of_ids_follow_each_other_and_have_an_inverse, 8, 17);
	tcase_add_test(numbers, sizes_fall_into_the_bucket_of_their_power);
	suite_add_tcase(suite, numbers);
	tcase_add_checked_fixture(clock, start, trace_case_finish);
	tcase_add_test(clock, first_look_takes_a_sample);
	tcase_add_test(clock, one_sample_a_slot);
	tcase_add_test(clock, epoch_is_computed_and_does_not_lag_behind_an_idle_program);
	tcase_add_test(clock, four_hundred_years_do_not_leave_the_sections);
	tcase_add_test(clock, sample_holds_the_sums_of_the_shards);
	tcase_add_test(clock, resident_set_is_read_where_it_was_asked_for);
	tcase_add_test(clock, blocks_born_before_a_fork_are_told_from_those_born_after);
	suite_add_tcase(suite, clock);
	return suite;
}
