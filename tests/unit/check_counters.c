/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_counters.c - what sites and the process have counted equals a plain model of the same events.
 */
#include "counters.h"

#include <string.h>

#include "counters_model.h"
#include "node_table.h"
#include "site_peak.h"
#include "squeeze_site.h"
#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define EVENTS 100000u
#define SITES_OF_MANY_PAGES 20000u

static void check_counts(void)
{
	for (uint32_t i = 0; i < MODEL_STACKS; i++) {
		struct squeeze_site sum;

		model_sum_of(i, &sum);
		ck_assert_uint_eq(sum.counters.alloc_count, model_sites[i].alloc_count);
		ck_assert_uint_eq(sum.counters.alloc_bytes, model_sites[i].alloc_bytes);
		ck_assert_uint_eq(sum.counters.free_count, model_sites[i].free_count);
		ck_assert_uint_eq(sum.counters.freed_bytes, model_sites[i].freed_bytes);
		ck_assert_uint_eq(sum.counters.realloc_count, model_sites[i].realloc_count);
		ck_assert_uint_eq(sum.counters.temporary_count, model_sites[i].temporary_count);
		if (memcmp(sum.sizes, model_sites[i].sizes, sizeof(sum.sizes)) != 0)
			ck_abort_msg("sizes of stack %u", i);
	}
}

START_TEST(sites_of_one_shard_count_as_the_model)
{
	model_take_shards(1);
	for (uint32_t event = 0; event < EVENTS; event++)
		model_step(event, 1);
	check_counts();
}
END_TEST

START_TEST(sites_of_several_shards_sum_up_to_the_model)
{
	model_take_shards(MODEL_SHARDS);
	for (uint32_t event = 0; event < EVENTS; event++)
		model_step(event, MODEL_SHARDS);
	check_counts();
	ck_assert_uint_eq(trace_file.drops[MT_DROP_COUNTERS], 0);
	ck_assert_uint_eq(trace_file.drops[MT_DROP_SIDE], 0);
}
END_TEST

START_TEST(shards_own_sums_are_those_of_their_sites)
{
	uint64_t count = 0, bytes = 0;
	int64_t live = 0;

	model_take_shards(MODEL_SHARDS);
	for (uint32_t event = 0; event < EVENTS; event++)
		model_step(event, MODEL_SHARDS);
	for (uint32_t i = 0; i < trace_file.process->shard_count; i++) {
		count += trace_file.shards[i].alloc_count;
		bytes += trace_file.shards[i].alloc_bytes;
		live += trace_file.shards[i].live_bytes;
	}
	for (uint32_t i = 0; i < MODEL_STACKS; i++) {
		count -= model_sites[i].alloc_count;
		bytes -= model_sites[i].alloc_bytes;
	}
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_int_eq(live, model_live_bytes);
}
END_TEST

START_TEST(inherited_blocks_count_as_live_but_not_as_allocated)
{
	struct shard *first = shard_at(0);
	struct squeeze_site sum;

	for (uint32_t i = 0; i < 10; i++)
		counters_add_inherited(first, shard_counters(first, model_site_ids[0], 1), 1000, 1);
	model_take_shards(1);
	ck_assert_ptr_eq(model_shards[0], first);
	counters_add_free(first, shard_counters(first, model_site_ids[0], 1), 1000, false, true);
	model_sum_of(0, &sum);
	ck_assert_uint_eq(sum.counters.alloc_count, 0);
	ck_assert_uint_eq(sum.counters.free_count, 1);
	ck_assert_int_eq(sum.inherited.count, 10);
	ck_assert_int_eq(sum.inherited.bytes, 10000);
	ck_assert_int_eq(sum.inherited_freed.count, 1);
	ck_assert_int_eq(sum.inherited_freed.bytes, 1000);
	ck_assert_int_eq(sum.counters.peak_bytes, 10000);
	ck_assert_int_eq(sum.counters.at_peak_bytes, 10000);
	ck_assert_int_eq(site_peak_live(), 9000);
	ck_assert_int_eq(site_peak_highest(), 10000);
	ck_assert_int_eq(trace_file.process->hold_bytes, 0);
}
END_TEST

START_TEST(events_without_counters_are_counted_as_lost)
{
	model_take_shards(1);
	counters_add_alloc(model_shards[0], NULL, 10, false, NULL);
	counters_add_free(model_shards[0], NULL, 10, false, false);
	ck_assert_uint_eq(trace_file.drops[MT_DROP_COUNTERS], 2);
	ck_assert_uint_eq(trace_file.shards[0].alloc_count, 1);
	ck_assert_uint_eq(trace_file.shards[0].alloc_bytes, 10);
}
END_TEST

START_TEST(version_is_even_between_events)
{
	struct mt_counters *counters;

	model_take_shards(1);
	counters = shard_counters(model_shards[0], model_site_ids[0], 1);
	for (uint32_t i = 1; i < 10; i++) {
		uint32_t before = counters->version;

		counters_add_alloc(model_shards[0], counters, i, false, NULL);
		ck_assert_uint_eq(counters->version % 2, 0);
		ck_assert_uint_gt(counters->version, before);
	}
	/* as a handler leaves it that has jumped out of an event */
	counters->version |= 1;
	counters_add_free(model_shards[0], counters, 1, false, false);
	ck_assert_uint_eq(counters->version % 2, 0);
}
END_TEST

START_TEST(counters_of_a_site_are_found_where_they_were_made)
{
	static struct mt_counters *made[SITES_OF_MANY_PAGES];
	struct mt_counters *counters;

	model_take_shards(2);
	for (uint32_t i = 0; i < SITES_OF_MANY_PAGES; i++) {
		uint32_t site = node_site(node_intern(0, location_intern(0x100000 + i)));

		made[i] = shard_counters(model_shards[0], site, 1);
		ck_assert_ptr_nonnull(made[i]);
		ck_assert_uint_eq(made[i]->site, site);
	}
	/* 128 bytes each, and at most a page set aside for the shard */
	ck_assert_uint_le(trace_file_count(TRACE_COUNTERS),
			  SITES_OF_MANY_PAGES + 2 * MT_PAGE_SIZE / sizeof(*counters));
	for (uint32_t i = SITES_OF_MANY_PAGES; i-- > 0;)
		ck_assert_ptr_eq(shard_counters(model_shards[0], made[i]->site, 1), made[i]);
	/* a shard whose first site has a large number */
	counters = shard_counters(model_shards[1], made[SITES_OF_MANY_PAGES - 1]->site, 1);
	ck_assert_ptr_ne(counters, made[SITES_OF_MANY_PAGES - 1]);
	ck_assert_uint_eq(counters->shard, model_shards[1]->number);
}
END_TEST

START_TEST(site_that_is_none_has_no_counters)
{
	model_take_shards(1);
	ck_assert_ptr_null(shard_counters(model_shards[0], 0, 1));
	ck_assert_ptr_nonnull(shard_counters(model_shards[0], model_site_ids[0], 1));
	ck_assert_ptr_null(shard_counters(model_shards[0], 0, 1));
}
END_TEST

START_TEST(shard_goes_on_with_its_contents_under_the_next_thread)
{
	struct mt_counters *counters;
	struct shard *first;

	model_take_shards(1);
	first = model_shards[0];
	counters = shard_counters(first, model_site_ids[0], 1);
	counters_add_alloc(first, counters, 100, false, NULL);
	shard_release(first);
	ck_assert_ptr_eq(shard_acquire(77), first);
	ck_assert_int_eq(first->record->tid, 77);
	ck_assert_ptr_eq(shard_counters(first, model_site_ids[0], 2), counters);
	ck_assert_uint_eq(counters->alloc_bytes, 100);
}
END_TEST

START_TEST(threads_beyond_the_exclusive_shards_share)
{
	uint32_t exclusive = trace_file.process->shard_count - 5;

	for (uint32_t i = 0; i < exclusive; i++)
		ck_assert(!shard_acquire((int)i + 1)->is_shared);
	for (uint32_t i = 0; i < 50; i++) {
		struct shard *shard = shard_acquire((int)i + 1000);

		ck_assert(shard->is_shared);
		ck_assert_ptr_ne(shard, shard_overflow());
		ck_assert_int_eq(shard->record->tid, -1);
		shard_release(shard);
		ck_assert_int_eq(shard->record->tid, -1);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("counters");
	TCase *tests = tcase_create("counters");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, model_start, trace_case_finish);
	tcase_add_test(tests, sites_of_one_shard_count_as_the_model);
	tcase_add_test(tests, sites_of_several_shards_sum_up_to_the_model);
	tcase_add_test(tests, shards_own_sums_are_those_of_their_sites);
	tcase_add_test(tests, inherited_blocks_count_as_live_but_not_as_allocated);
	tcase_add_test(tests, events_without_counters_are_counted_as_lost);
	tcase_add_test(tests, version_is_even_between_events);
	tcase_add_test(tests, counters_of_a_site_are_found_where_they_were_made);
	tcase_add_test(tests, site_that_is_none_has_no_counters);
	tcase_add_test(tests, shard_goes_on_with_its_contents_under_the_next_thread);
	tcase_add_test(tests, threads_beyond_the_exclusive_shards_share);
	suite_add_tcase(suite, tests);
	return suite;
}
