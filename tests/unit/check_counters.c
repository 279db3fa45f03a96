/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_counters.c - what sites and the process have counted equals a plain model of the same events.
 */
#include "counters.h"

#include <stdlib.h>
#include <string.h>

#include "node_table.h"
#include "site_peak.h"
#include "squeeze_site.h"
#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define STACKS 200u
#define BLOCKS 3000u
#define EVENTS 100000u
#define SHARDS 3u
#define SITES_OF_MANY_PAGES 20000u

struct model_site {
	uint64_t alloc_count, alloc_bytes, free_count, freed_bytes, realloc_count, temporary_count;
	int64_t live_bytes, peak_bytes, at_peak_bytes;
	uint64_t sizes[SQUEEZE_BUCKETS];
};

struct model_block {
	uint32_t stack;
	uint64_t size;
	bool is_live;
};

static struct model_site model[STACKS];
static struct model_block blocks[BLOCKS];
static int64_t model_live, model_peak;
static uint32_t sites[STACKS];
static struct shard *shards[SHARDS];
static uint64_t random_state = 0x853c49e6748fea9bu;

static uint64_t pick(uint64_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % limit;
}

static void start(void)
{
	trace_case_start();
	shard_init();
	for (uint32_t i = 0; i < STACKS; i++)
		sites[i] = node_site(node_intern(0, location_intern(0x1000 + i)));
	for (uint32_t i = 0; i < SHARDS; i++)
		shards[i] = NULL;
}

/* Shards as threads get them: only the first one until a second thread comes. */
static void take_shards(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		shards[i] = shard_acquire((int)i + 1);
		ck_assert(!shards[i]->is_shared);
	}
}

static void model_raise(void)
{
	if (model_live <= model_peak)
		return;
	model_peak = model_live;
	for (uint32_t i = 0; i < STACKS; i++)
		model[i].at_peak_bytes = model[i].live_bytes;
}

static void alloc(struct shard *shard, struct model_block *block, bool is_realloc)
{
	struct model_site *site;

	*block = (struct model_block){(uint32_t)pick(STACKS), pick(UINT64_C(1) << pick(20)), true};
	site = &model[block->stack];
	counters_add_alloc(shard, shard_counters(shard, sites[block->stack], 1), block->size,
			   is_realloc);
	site->alloc_count++;
	site->alloc_bytes += block->size;
	site->realloc_count += is_realloc;
	site->sizes[mt_size_bucket(block->size)]++;
	site->live_bytes += (int64_t)block->size;
	model_live += (int64_t)block->size;
	if (site->live_bytes > site->peak_bytes)
		site->peak_bytes = site->live_bytes;
	model_raise();
}

static void release(struct shard *shard, struct model_block *block, bool is_temporary)
{
	struct model_site *site = &model[block->stack];

	counters_add_free(shard, shard_counters(shard, sites[block->stack], 1), block->size,
			  is_temporary, false);
	site->free_count++;
	site->freed_bytes += block->size;
	site->temporary_count += is_temporary;
	site->live_bytes -= (int64_t)block->size;
	model_live -= (int64_t)block->size;
	block->is_live = false;
}

/* One event at random. Waves of growing and shrinking make many peaks. */
static void step(uint32_t event, uint32_t shard_count)
{
	struct model_block *block = &blocks[pick(BLOCKS)];
	struct shard *shard = shards[pick(shard_count)];

	if (!block->is_live) {
		if (pick(100) < (event / 5000 % 2 == 0 ? 80u : 30u))
			alloc(shard, block, false);
	} else if (pick(4) == 0) {
		release(shard, block, false);
		alloc(shards[pick(shard_count)], block, true);
	} else {
		release(shard, block, pick(3) == 0);
	}
}

static void sum_of(uint32_t stack, struct squeeze_site *sum)
{
	squeeze_site_sum(trace_file_entry(TRACE_SITES, sites[stack]), sum);
}

static void check_counts(void)
{
	for (uint32_t i = 0; i < STACKS; i++) {
		struct squeeze_site sum;

		sum_of(i, &sum);
		ck_assert_uint_eq(sum.counters.alloc_count, model[i].alloc_count);
		ck_assert_uint_eq(sum.counters.alloc_bytes, model[i].alloc_bytes);
		ck_assert_uint_eq(sum.counters.free_count, model[i].free_count);
		ck_assert_uint_eq(sum.counters.freed_bytes, model[i].freed_bytes);
		ck_assert_uint_eq(sum.counters.realloc_count, model[i].realloc_count);
		ck_assert_uint_eq(sum.counters.temporary_count, model[i].temporary_count);
		if (memcmp(sum.sizes, model[i].sizes, sizeof(sum.sizes)) != 0)
			ck_abort_msg("sizes of stack %u", i);
	}
}

START_TEST(sites_of_one_shard_count_as_the_model)
{
	take_shards(1);
	for (uint32_t event = 0; event < EVENTS; event++)
		step(event, 1);
	check_counts();
}
END_TEST

START_TEST(sites_of_several_shards_sum_up_to_the_model)
{
	take_shards(SHARDS);
	for (uint32_t event = 0; event < EVENTS; event++)
		step(event, SHARDS);
	check_counts();
	ck_assert_uint_eq(trace_file.drops[MT_DROP_COUNTERS], 0);
	ck_assert_uint_eq(trace_file.drops[MT_DROP_SIDE], 0);
}
END_TEST

START_TEST(shards_own_sums_are_those_of_their_sites)
{
	uint64_t count = 0, bytes = 0, events = 0;
	int64_t live = 0;

	take_shards(SHARDS);
	for (uint32_t event = 0; event < EVENTS; event++)
		step(event, SHARDS);
	for (uint32_t i = 0; i < trace_file.process->shard_count; i++) {
		count += trace_file.shards[i].alloc_count;
		bytes += trace_file.shards[i].alloc_bytes;
		events += trace_file.shards[i].event_count;
		live += trace_file.shards[i].live_bytes;
	}
	for (uint32_t i = 0; i < STACKS; i++) {
		count -= model[i].alloc_count;
		bytes -= model[i].alloc_bytes;
		events -= model[i].alloc_count + model[i].free_count;
	}
	ck_assert_uint_eq(count, 0);
	ck_assert_uint_eq(bytes, 0);
	ck_assert_uint_eq(events, 0);
	ck_assert_int_eq(live, model_live);
}
END_TEST

/* At every thousandth event too: a reader may come at any moment. */
START_TEST(peaks_of_one_shard_are_exact_at_every_moment)
{
	take_shards(1);
	ck_assert_int_eq(trace_file.process->hold_bytes, 0);
	for (uint32_t event = 0; event < EVENTS; event++) {
		int64_t at_peak = 0;

		step(event, 1);
		if (event % 1000 != 999)
			continue;
		ck_assert_int_eq(trace_file.process->live_bytes, model_live);
		ck_assert_int_eq(trace_file.process->peak_live_bytes, model_peak);
		for (uint32_t i = 0; i < STACKS; i++) {
			struct squeeze_site sum;

			sum_of(i, &sum);
			at_peak += sum.counters.at_peak_bytes;
			if (sum.counters.peak_bytes != model[i].peak_bytes ||
			    sum.counters.at_peak_bytes != model[i].at_peak_bytes)
				ck_abort_msg("peaks of stack %u after %u events", i, event);
		}
		ck_assert_int_eq(at_peak, model_peak);
	}
}
END_TEST

START_TEST(peaks_of_several_shards_are_off_by_what_each_may_hold_back)
{
	int64_t at_peak = 0, bound;

	take_shards(SHARDS);
	for (uint32_t event = 0; event < EVENTS; event++)
		step(event, SHARDS);
	bound = SHARDS * trace_file.process->hold_bytes;
	ck_assert_int_gt(bound, 0);
	ck_assert_int_le(llabs(trace_file.process->live_bytes - model_live), bound);
	ck_assert_int_le(llabs(trace_file.process->peak_live_bytes - model_peak), bound);
	for (uint32_t i = 0; i < STACKS; i++) {
		struct squeeze_site sum;

		sum_of(i, &sum);
		at_peak += sum.counters.at_peak_bytes;
		ck_assert_int_le(llabs(sum.counters.peak_bytes - model[i].peak_bytes), bound);
	}
	ck_assert_int_le(llabs(at_peak - trace_file.process->peak_live_bytes), bound);
}
END_TEST

START_TEST(second_thread_keeps_the_peak_of_the_first)
{
	struct squeeze_site sum;
	struct mt_counters *counters;

	take_shards(1);
	counters = shard_counters(shards[0], sites[0], 1);
	counters_add_alloc(shards[0], counters, 5000000, false);
	counters_add_free(shards[0], counters, 5000000, false, false);
	take_shards(2);
	counters_add_alloc(shards[1], shard_counters(shards[1], sites[0], 1), 100, false);
	sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 5000000);
	ck_assert_uint_ne(counters->flags & MT_COUNTERS_SEVERAL, 0);
}
END_TEST

static void reset_model(void)
{
	site_peak_reset();
	model_peak = model_live;
	for (uint32_t i = 0; i < STACKS; i++)
		model[i].peak_bytes = model[i].at_peak_bytes = model[i].live_bytes;
}

START_TEST(reset_begins_all_peaks_anew)
{
	take_shards(1);
	for (uint32_t event = 0; event < EVENTS; event++) {
		int64_t at_peak = 0;

		/* at the lowest point of a wave, so that old peaks would show */
		if (event % 20000 == 9999)
			reset_model();
		step(event, 1);
		if (event % 1000 != 999)
			continue;
		ck_assert_int_eq(trace_file.process->peak_live_bytes, model_peak);
		for (uint32_t i = 0; i < STACKS; i++) {
			struct squeeze_site sum;

			sum_of(i, &sum);
			at_peak += sum.counters.at_peak_bytes;
			if (sum.counters.peak_bytes != model[i].peak_bytes)
				ck_abort_msg("peak of stack %u after %u events: %ld, not %ld", i,
					     event, (long)sum.counters.peak_bytes,
					     (long)model[i].peak_bytes);
		}
		ck_assert_int_eq(at_peak, model_peak);
	}
}
END_TEST

START_TEST(reset_begins_the_peak_of_a_site_of_several_shards_anew)
{
	struct squeeze_site sum;

	take_shards(2);
	for (uint32_t i = 0; i < 2; i++)
		counters_add_alloc(shards[i], shard_counters(shards[i], sites[0], 1), 3000000,
				   false);
	counters_add_free(shards[1], shard_counters(shards[1], sites[0], 1), 3000000, false, false);
	sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 6000000);
	site_peak_reset();
	sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 3000000);
	counters_add_alloc(shards[1], shard_counters(shards[1], sites[0], 1), 1000000, false);
	sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 4000000);
}
END_TEST

START_TEST(peak_before_a_reset_does_not_come_back_with_a_second_thread)
{
	struct squeeze_site sum;

	take_shards(1);
	counters_add_alloc(shards[0], shard_counters(shards[0], sites[0], 1), 5000000, false);
	counters_add_free(shards[0], shard_counters(shards[0], sites[0], 1), 5000000, false, false);
	site_peak_reset();
	take_shards(2);
	counters_add_alloc(shards[1], shard_counters(shards[1], sites[0], 1), 100, false);
	sum_of(0, &sum);
	ck_assert_int_eq(sum.counters.peak_bytes, 100);
}
END_TEST

START_TEST(inherited_blocks_count_as_live_but_not_as_allocated)
{
	struct shard *overflow = shard_overflow();
	struct squeeze_site sum;

	take_shards(1);
	for (uint32_t i = 0; i < 10; i++)
		counters_add_inherited(overflow, shard_counters(overflow, sites[0], 1), 1000);
	counters_add_free(shards[0], shard_counters(shards[0], sites[0], 1), 1000, false, true);
	sum_of(0, &sum);
	ck_assert_uint_eq(sum.counters.alloc_count, 0);
	ck_assert_uint_eq(sum.counters.free_count, 1);
	ck_assert_int_eq(sum.inherited.count, 10);
	ck_assert_int_eq(sum.inherited.bytes, 10000);
	ck_assert_int_eq(sum.inherited_freed.count, 1);
	ck_assert_int_eq(sum.inherited_freed.bytes, 1000);
	ck_assert_int_le(llabs(trace_file.process->live_bytes - 9000),
			 trace_file.process->hold_bytes);
}
END_TEST

START_TEST(events_without_counters_are_counted_as_lost)
{
	take_shards(1);
	counters_add_alloc(shards[0], NULL, 10, false);
	counters_add_free(shards[0], NULL, 10, false, false);
	ck_assert_uint_eq(trace_file.drops[MT_DROP_COUNTERS], 2);
	ck_assert_uint_eq(trace_file.shards[0].event_count, 2);
}
END_TEST

START_TEST(version_is_even_between_events)
{
	struct mt_counters *counters;

	take_shards(1);
	counters = shard_counters(shards[0], sites[0], 1);
	for (uint32_t i = 1; i < 10; i++) {
		uint32_t before = counters->version;

		counters_add_alloc(shards[0], counters, i, false);
		ck_assert_uint_eq(counters->version % 2, 0);
		ck_assert_uint_gt(counters->version, before);
	}
	/* as a handler leaves it that has jumped out of an event */
	counters->version |= 1;
	counters_add_free(shards[0], counters, 1, false, false);
	ck_assert_uint_eq(counters->version % 2, 0);
}
END_TEST

START_TEST(counters_of_a_site_are_found_where_they_were_made)
{
	static struct mt_counters *made[SITES_OF_MANY_PAGES];
	struct mt_counters *counters;

	take_shards(2);
	for (uint32_t i = 0; i < SITES_OF_MANY_PAGES; i++) {
		uint32_t site = node_site(node_intern(0, location_intern(0x100000 + i)));

		made[i] = shard_counters(shards[0], site, 1);
		ck_assert_ptr_nonnull(made[i]);
		ck_assert_uint_eq(made[i]->site, site);
	}
	for (uint32_t i = SITES_OF_MANY_PAGES; i-- > 0;)
		ck_assert_ptr_eq(shard_counters(shards[0], made[i]->site, 1), made[i]);
	/* a shard whose first site has a large number */
	counters = shard_counters(shards[1], made[SITES_OF_MANY_PAGES - 1]->site, 1);
	ck_assert_ptr_ne(counters, made[SITES_OF_MANY_PAGES - 1]);
	ck_assert_uint_eq(counters->shard, shards[1]->number);
}
END_TEST

START_TEST(site_that_is_none_has_no_counters)
{
	take_shards(1);
	ck_assert_ptr_null(shard_counters(shards[0], 0, 1));
	ck_assert_ptr_nonnull(shard_counters(shards[0], sites[0], 1));
	ck_assert_ptr_null(shard_counters(shards[0], 0, 1));
}
END_TEST

START_TEST(shard_goes_on_with_its_contents_under_the_next_thread)
{
	struct mt_counters *counters;
	struct shard *first;

	take_shards(1);
	first = shards[0];
	counters = shard_counters(first, sites[0], 1);
	counters_add_alloc(first, counters, 100, false);
	shard_release(first);
	ck_assert_ptr_eq(shard_acquire(77), first);
	ck_assert_int_eq(first->record->tid, 77);
	ck_assert_ptr_eq(shard_counters(first, sites[0], 2), counters);
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
	tcase_add_checked_fixture(tests, start, trace_case_finish);
	tcase_add_test(tests, sites_of_one_shard_count_as_the_model);
	tcase_add_test(tests, sites_of_several_shards_sum_up_to_the_model);
	tcase_add_test(tests, shards_own_sums_are_those_of_their_sites);
	tcase_add_test(tests, peaks_of_one_shard_are_exact_at_every_moment);
	tcase_add_test(tests, peaks_of_several_shards_are_off_by_what_each_may_hold_back);
	tcase_add_test(tests, second_thread_keeps_the_peak_of_the_first);
	tcase_add_test(tests, reset_begins_all_peaks_anew);
	tcase_add_test(tests, reset_begins_the_peak_of_a_site_of_several_shards_anew);
	tcase_add_test(tests, peak_before_a_reset_does_not_come_back_with_a_second_thread);
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
