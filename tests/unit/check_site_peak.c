/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_site_peak.c - peaks of the process and of each site equal those of a plain model of the same events:
 * exactly while they are those of one shard, and within what each shard may hold back from then on.
 */
#include "site_peak.h"

#include <stdlib.h>

#include "counters.h"
#include "counters_model.h"
#include "os.h"
#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define EVENTS 100000u
#define MIB ((uint64_t)1 << 20)

static struct shard *only_shard(void)
{
	model_take_shards(1);
	return model_shards[0];
}

/* Bytes of all sites at the peak. At its peak a process has what is live; that it was there before is as true. */
static int64_t sum_at_peak(void)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < MODEL_STACKS; i++) {
		struct squeeze_site site;

		model_sum_of(i, &site);
		sum += site.counters.at_peak_bytes;
	}
	return sum;
}

static void check_exact(uint32_t event)
{
	bool is_now = model_live_bytes == model_peak_bytes;

	ck_assert_int_eq(site_peak_live(), model_live_bytes);
	ck_assert_int_eq(site_peak_highest(), model_peak_bytes);
	ck_assert_int_eq(site_peak_is_now(), is_now);
	ck_assert_int_eq(sum_at_peak(), model_peak_bytes);
	for (uint32_t i = 0; i < MODEL_STACKS; i++) {
		const struct model_site *site = &model_sites[i];
		struct squeeze_site sum;

		model_sum_of(i, &sum);
		if (sum.counters.peak_bytes != site->peak_bytes ||
		    sum.counters.at_peak_bytes != (is_now ? site->live_bytes : site->at_peak_bytes))
			ck_abort_msg("peaks of stack %u after %u events", i, event);
	}
}

/* At every thousandth event too: a reader may come at any moment. */
START_TEST(peaks_of_one_shard_are_exact_at_every_moment)
{
	model_take_shards(1);
	for (uint32_t event = 0; event < EVENTS; event++) {
		model_step(event, 1);
		if (event % 1000 == 999)
			check_exact(event);
	}
	ck_assert_int_eq(trace_file.process->hold_bytes, 0);
}
END_TEST

START_TEST(peak_just_reached_and_just_left_are_exact)
{
	struct shard *shard = only_shard();

	for (uint32_t i = 0; i < 300; i++) {
		/* a saw that rises: each second event is a peak, each second one leaves it */
		model_alloc(shard, i % 3, 1000 + i);
		check_exact(2 * i);
		model_alloc(shard, 3 + i % 2, 100);
		check_exact(2 * i);
		model_free(shard, i % 3, 900);
		check_exact(2 * i + 1);
	}
}
END_TEST

START_TEST(peak_reached_again_is_the_same_peak)
{
	struct shard *shard = only_shard();

	model_alloc(shard, 0, 1000);
	model_alloc(shard, 1, 500);
	model_free(shard, 1, 500);
	for (uint32_t i = 0; i < 5; i++) {
		uint64_t number = trace_file.process->peak_number;

		model_alloc(shard, 2, 500);
		check_exact(i);
		model_alloc(shard, 2, 0);
		model_free(shard, 2, 0);
		check_exact(i);
		model_free(shard, 2, 500);
		check_exact(i);
		/* a loop that touches its peak each time does not make all sites note it each time */
		ck_assert_uint_eq(trace_file.process->peak_number, number);
	}
}
END_TEST

START_TEST(one_shard_tells_the_process_when_it_settles)
{
	struct shard *shard = only_shard();

	model_alloc(shard, 0, 3000);
	model_free(shard, 0, 1000);
	site_peak_settle(shard);
	ck_assert_int_eq(trace_file.process->live_bytes, 2000);
	ck_assert_int_eq(trace_file.process->peak_live_bytes, 3000);
	model_alloc(shard, 0, 5000);
	site_peak_settle_all();
	ck_assert_int_eq(trace_file.process->live_bytes, 7000);
	ck_assert_int_eq(trace_file.process->peak_live_bytes, 7000);
	model_free(shard, 0, 7000);
	check_exact(0);
}
END_TEST

static void check_held(uint32_t shard_count, uint32_t event)
{
	for (uint32_t i = 0; i < shard_count; i++) {
		const struct mt_shard *record = model_shards[i]->record;

		if (llabs(record->live_bytes - record->published_bytes) > SITE_PEAK_HOLD)
			ck_abort_msg("shard %u holds back %ld bytes after %u events", i,
				     (long)(record->live_bytes - record->published_bytes), event);
	}
}

static void check_bounds(uint32_t shard_count)
{
	int64_t bound = (int64_t)shard_count * SITE_PEAK_HOLD;

	ck_assert_int_le(llabs(site_peak_live() - model_live_bytes), bound);
	ck_assert_int_le(llabs(site_peak_highest() - model_peak_bytes), bound);
	ck_assert_int_le(llabs(sum_at_peak() - site_peak_highest()), bound);
	for (uint32_t i = 0; i < MODEL_STACKS; i++) {
		struct squeeze_site sum;

		model_sum_of(i, &sum);
		ck_assert_int_le(llabs(sum.counters.peak_bytes - model_sites[i].peak_bytes), bound);
	}
}

START_TEST(peaks_of_several_shards_are_off_by_what_each_may_hold_back)
{
	model_take_shards(MODEL_SHARDS);
	for (uint32_t event = 0; event < EVENTS; event++) {
		model_step(event, MODEL_SHARDS);
		check_held(MODEL_SHARDS, event);
		/* as a snapshot by another thread does: the owners' limits must follow */
		if (event % 777 == 0)
			site_peak_settle_all();
		if (event % 1000 == 999)
			check_bounds(MODEL_SHARDS);
	}
}
END_TEST

/* The moment is another one each time: at a peak, below it, and where shards have never met some sites. */
START_TEST(peaks_stay_right_when_a_second_shard_comes)
{
	uint32_t before = (uint32_t)_i * 997;

	model_take_shards(1);
	for (uint32_t event = 0; event < before; event++)
		model_step(event, 1);
	check_exact(before);
	model_take_shards(2);
	ck_assert_int_eq(trace_file.process->hold_bytes, SITE_PEAK_HOLD);
	ck_assert_int_eq(site_peak_live(), model_live_bytes);
	ck_assert_int_eq(site_peak_highest(), model_peak_bytes);
	ck_assert_int_eq(sum_at_peak(), model_peak_bytes);
	for (uint32_t event = before; event < before + 5000; event++) {
		model_step(event, 2);
		check_held(2, event);
		if (event % 100 == 99)
			check_bounds(2);
	}
}
END_TEST

START_TEST(an_event_inside_an_event_ends_the_single_shard)
{
	struct shard *shard = only_shard(), *overflow = shard_overflow();

	model_alloc(shard, 0, 3 * MIB);
	ck_assert_int_eq(trace_file.process->hold_bytes, 0);
	model_alloc(overflow, 1, 100);
	ck_assert_int_eq(trace_file.process->hold_bytes, SITE_PEAK_HOLD);
	ck_assert_int_eq(trace_file.process->live_bytes, 3 * MIB);
	model_free(overflow, 0, 3 * MIB);
	model_free(shard, 1, 100);
	check_bounds(2);
	ck_assert_int_eq(sum_at_peak(), 3 * MIB);
}
END_TEST

START_TEST(what_a_thread_has_that_does_nothing_more_is_counted)
{
	struct shard *idle = only_shard();

	model_alloc(idle, 0, 5 * MIB);
	model_take_shards(2);
	model_alloc(model_shards[1], 1, 2 * MIB);
	ck_assert_int_eq(site_peak_live(), 7 * MIB);
	ck_assert_int_eq(site_peak_highest(), 7 * MIB);
	model_free(model_shards[1], 0, 4 * MIB);
	ck_assert_int_eq(site_peak_live(), 3 * MIB);
	check_bounds(2);
	ck_assert_int_eq(sum_at_peak(), 7 * MIB);
}
END_TEST

/* The owner of the first shard does not see at once that the second has come, and reaches a peak, or leaves it too. */
START_TEST(peak_reached_while_a_second_shard_comes_is_not_lost)
{
	struct shard *shard = only_shard();

	model_alloc(shard, 0, 2 * MIB);
	model_free(shard, 0, 1 * MIB);
	model_take_shards(2);
	ck_assert_uint_eq(shard->is_slow, 1);
	shard->is_slow = 0; /* not looked at in that event */
	model_alloc(shard, 1, 4 * MIB);
	ck_assert_int_eq(site_peak_highest(), 5 * MIB);
	if (_i == 1)
		model_free(shard, 1, 4 * MIB);
	shard->is_slow = 1;
	model_free(shard, 0, 1 * MIB);
	ck_assert_int_eq(trace_file.process->peak_live_bytes, 5 * MIB);
	ck_assert_int_eq(sum_at_peak(), 5 * MIB);
}
END_TEST

START_TEST(second_thread_keeps_the_peak_of_the_first)
{
	struct shard *shard = only_shard();
	struct squeeze_site sum;

	model_alloc(shard, 0, 5000000);
	model_free(shard, 0, 5000000);
	model_take_shards(2);
	model_alloc(model_shards[1], 0, 100);
	model_sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 5000000);
	ck_assert_uint_ne(shard_counters(shard, model_site_ids[0], 1)->flags & MT_COUNTERS_SEVERAL,
			  0);
}
END_TEST

START_TEST(reset_begins_all_peaks_anew)
{
	model_take_shards(1);
	for (uint32_t event = 0; event < EVENTS; event++) {
		/* at the lowest point of a wave, so that old peaks would show */
		if (event % 20000 == 9999)
			model_reset_peak();
		model_step(event, 1);
		if (event % 1000 == 999)
			check_exact(event);
	}
	ck_assert_int_eq(trace_file.process->hold_bytes, 0);
}
END_TEST

/* It may not touch the limits of the owner, who may be in the middle of an event. */
START_TEST(reset_by_another_thread_than_the_owner_begins_peaks_anew)
{
	struct shard *shard = only_shard();
	struct squeeze_site sum;

	model_alloc(shard, 0, 5 * MIB);
	model_free(shard, 0, 4 * MIB);
	shard->record->tid = os_gettid() + 1;
	model_reset_peak();
	ck_assert_int_eq(trace_file.process->hold_bytes, SITE_PEAK_HOLD);
	ck_assert_int_eq(site_peak_highest(), 1 * MIB);
	ck_assert_int_eq(sum_at_peak(), 1 * MIB);
	model_alloc(shard, 0, 1 * MIB);
	check_bounds(1);
	model_sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 2 * MIB);
}
END_TEST

START_TEST(reset_begins_the_peak_of_a_site_of_several_shards_anew)
{
	struct squeeze_site sum;

	model_take_shards(2);
	for (uint32_t i = 0; i < 2; i++)
		model_alloc(model_shards[i], 0, 3000000);
	model_free(model_shards[1], 0, 3000000);
	model_sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 6000000);
	site_peak_reset();
	model_sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 3000000);
	model_alloc(model_shards[1], 0, 1000000);
	model_sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 4000000);
}
END_TEST

START_TEST(peak_before_a_reset_does_not_come_back_with_a_second_thread)
{
	struct shard *shard = only_shard();
	struct squeeze_site sum;

	model_alloc(shard, 0, 5000000);
	model_free(shard, 0, 5000000);
	site_peak_reset();
	model_take_shards(2);
	model_alloc(model_shards[1], 0, 100);
	model_sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 100);
	ck_assert_int_le(site_peak_highest(), 100);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("site_peak");
	TCase *tests = tcase_create("site_peak");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, model_start, trace_case_finish);
	tcase_add_test(tests, peaks_of_one_shard_are_exact_at_every_moment);
	tcase_add_test(tests, peak_just_reached_and_just_left_are_exact);
	tcase_add_test(tests, peak_reached_again_is_the_same_peak);
	tcase_add_test(tests, one_shard_tells_the_process_when_it_settles);
	tcase_add_test(tests, peaks_of_several_shards_are_off_by_what_each_may_hold_back);
	tcase_add_loop_test(tests, peaks_stay_right_when_a_second_shard_comes, 0, 20);
	tcase_add_test(tests, an_event_inside_an_event_ends_the_single_shard);
	tcase_add_test(tests, what_a_thread_has_that_does_nothing_more_is_counted);
	tcase_add_loop_test(tests, peak_reached_while_a_second_shard_comes_is_not_lost, 0, 2);
	tcase_add_test(tests, second_thread_keeps_the_peak_of_the_first);
	tcase_add_test(tests, reset_begins_all_peaks_anew);
	tcase_add_test(tests, reset_by_another_thread_than_the_owner_begins_peaks_anew);
	tcase_add_test(tests, reset_begins_the_peak_of_a_site_of_several_shards_anew);
	tcase_add_test(tests, peak_before_a_reset_does_not_come_back_with_a_second_thread);
	suite_add_tcase(suite, tests);
	return suite;
}
