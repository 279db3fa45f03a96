/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_interval.c - limits hold the truth as often as they say, by enumeration of all outcomes.
 */
#include "model/interval.h"

#include <math.h>

#include "base/gamma.h"
#include "unit.h"

static const struct field *field(const char *name)
{
	const struct field *found = field_by_name(name);

	ck_assert_ptr_nonnull(found);
	return found;
}

/* So many recorded blocks of one size and weight, added to a part. */
static void record(struct estimate_part *part, double count, double size, double weight)
{
	const struct estimate_part one = {
		1,
		size,
		weight * (weight - 1),
		weight * (weight - 1) * size * size,
		weight * (weight - 1) * size,
	};

	estimate_part_add(part, &one, count);
}

struct process {
	struct figures figures;
	struct estimate estimate;
};

static void record_alloc(struct process *process, int count, int size, int weight)
{
	struct counters *counters = &process->figures.counters;

	counters->alloc_count += (int64_t)count * weight;
	counters->live_blocks += (int64_t)count * weight;
	counters->alloc_bytes += (int64_t)count * weight * size;
	counters->live_bytes += (int64_t)count * weight * size;
	record(&process->estimate.parts[ESTIMATE_ALLOCATED], count, size, weight);
	record(&process->estimate.parts[ESTIMATE_LIVE], count, size, weight);
}

static void record_free(struct process *process, int count, int size, int weight)
{
	struct counters *counters = &process->figures.counters;

	counters->free_count += (int64_t)count * weight;
	counters->live_blocks -= (int64_t)count * weight;
	counters->freed_bytes += (int64_t)count * weight * size;
	counters->live_bytes -= (int64_t)count * weight * size;
	record(&process->estimate.parts[ESTIMATE_FREED], count, size, weight);
	record(&process->estimate.parts[ESTIMATE_LIVE], -count, size, weight);
}

static struct interval of(const struct process *process, const char *name)
{
	const struct estimated estimated = {&process->figures, &process->estimate};

	return interval_of(field(name), &estimated);
}

static struct interval change(const struct process *first, const struct process *last,
			      const char *name, bool is_one_process)
{
	const struct estimated before = {&first->figures, &first->estimate};
	const struct estimated after = {&last->figures, &last->estimate};

	return interval_of_change(field(name), &before, &after, is_one_process);
}

START_TEST(quantiles_are_those_of_tables)
{
	/* chi-square of 2 k degrees of freedom is twice a gamma variable of shape k */
	static const struct {
		double shape, lower, upper;
	} table[] = {
		{0.5, 0.000982, 5.0239}, {1, 0.050636, 7.3778},	  {1.5, 0.2158, 9.3484},
		{2.5, 0.83121, 12.8325}, {5, 3.24697, 20.4832},	  {10, 9.59078, 34.1696},
		{20, 24.4330, 59.3417},	 {50, 74.2219, 129.5612}, {500, 914.2572, 1089.5309},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double lower = 2 * gamma_quantile(table[i].shape, 0.025, -1.959964);
		double upper = 2 * gamma_quantile(table[i].shape, 0.975, 1.959964);

		ck_assert_double_eq_tol(lower, table[i].lower, 2e-4 * table[i].lower + 1e-6);
		ck_assert_double_eq_tol(upper, table[i].upper, 2e-4 * table[i].upper);
	}
	ck_assert_double_eq(gamma_quantile(0, 0.025, -1.96), 0);
}
END_TEST

START_TEST(quantile_is_the_inverse_of_the_part_below)
{
	for (double shape = 0.05; shape < 499; shape *= 1.07)
		for (int i = 0; i < 2; i++) {
			double part = i ? 0.975 : 0.025, normal = i ? 1.959964 : -1.959964;
			double x = gamma_quantile(shape, part, normal);

			ck_assert_double_eq_tol(gamma_part(shape, x), part, 1e-6);
		}
}
END_TEST

/* Part of the cases with at least one sample in which the limits hold the true number of blocks. */
static double coverage(int count, int weight)
{
	double chance = 1.0 / weight, some = 0, held = 0;

	for (int k = 1; k <= count; k++) {
		double probability = exp(lgamma(count + 1) - lgamma(k + 1) - lgamma(count - k + 1) +
					 k * log(chance) + (count - k) * log1p(-chance));
		struct process process = {0};
		struct interval blocks, bytes;

		if (probability < 1e-9)
			continue;
		record_alloc(&process, k, 100, weight);
		blocks = of(&process, "alloc_count");
		bytes = of(&process, "alloc_bytes");
		some += probability;
		if (blocks.low <= count && count <= blocks.high) {
			held += probability;
			ck_assert_int_le(bytes.low, (int64_t)count * 100 + 50);
			ck_assert_int_ge(bytes.high, (int64_t)count * 100 - 50);
		}
	}
	return held / some;
}

static const struct {
	int weight;
	double events; /* up to so many samples are expected */
} mixtures[] = {{1000, 1}, {1000, 3}, {1000, 10}, {1000, 40}, {20, 5}, {20, 40}, {4, 40}, {2, 40}};

START_TEST(limits_hold_the_truth_in_94_to_98_percent)
{
	double sum = 0, least = 1;
	int cases = 0;

	/* true numbers spread evenly over their logarithm */
	for (double events = mixtures[_i].events / 10; events <= mixtures[_i].events;
	     events *= 1.03) {
		int count = (int)lround(events * mixtures[_i].weight);
		double part;

		if (count == 0)
			continue;
		part = coverage(count, mixtures[_i].weight);
		sum += part;
		least = fmin(least, part);
		cases++;
	}
	ck_assert_msg(sum / cases > 0.94 && sum / cases < 0.985, "mean %.4f", sum / cases);
	ck_assert_msg(least > 0.88, "least %.4f", least);
}
END_TEST

START_TEST(what_is_exact_has_no_width)
{
	struct process process = {0};
	const struct estimated exact = {&process.figures, NULL};
	struct interval interval;

	record_alloc(&process, 7, 1000000, 1);
	interval = of(&process, "live_bytes");
	ck_assert_int_eq(interval.low, 7000000);
	ck_assert_int_eq(interval.high, 7000000);
	record_alloc(&process, 3, 10, 500);
	interval = interval_of(field("live_bytes"), &exact);
	ck_assert_int_eq(interval.low, 7015000);
	ck_assert_int_eq(interval.high, 7015000);
	ck_assert(!interval_has(field("site_count")));
}
END_TEST

START_TEST(of_one_sample_the_lower_limit_is_the_sample)
{
	struct process process = {0};
	struct interval interval;

	record_alloc(&process, 1, 100, 5000);
	interval = of(&process, "live_blocks");
	ck_assert_int_eq(interval.low, 1);
	/* gamma of shape 3/2 */
	ck_assert_double_eq_tol((double)interval.high, 4.6742 * 5000, 5);
	interval = of(&process, "live_bytes");
	ck_assert_int_eq(interval.low, 100);
}
END_TEST

START_TEST(always_recorded_blocks_move_the_limits_and_do_not_widen_them)
{
	struct process small = {0}, both = {0};
	struct interval narrow, moved;

	record_alloc(&small, 9, 100, 5000);
	record_alloc(&both, 9, 100, 5000);
	record_alloc(&both, 4, 600000, 1);
	narrow = of(&small, "live_blocks");
	moved = of(&both, "live_blocks");
	ck_assert_int_eq(moved.low, narrow.low + 4);
	ck_assert_int_eq(moved.high, narrow.high + 4);
}
END_TEST

START_TEST(value_is_inside_its_limits)
{
	uint64_t random = 88172645463325252u;

	for (int i = 0; i < 2000; i++) {
		struct process process = {0};

		for (int k = 0; k < 4; k++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			record_alloc(&process, (int)(random % 50), (int)(random >> 8 & 0xffff),
				     1 + (int)(random >> 24 & 0xfff));
			if (random >> 40 & 1)
				record_free(&process, (int)(random % 50) / 2,
					    (int)(random >> 8 & 0xffff),
					    1 + (int)(random >> 24 & 0xfff));
		}
		process.figures.counters.temporary_count = process.figures.counters.alloc_count / 3;
		process.figures.counters.peak_live_bytes = process.figures.counters.live_bytes;
		for (size_t k = 0; k < field_count; k++) {
			int64_t value = field_value(&field_table[k], &process.figures);
			struct interval interval = of(&process, field_table[k].name);

			ck_assert_int_le(interval.low, value);
			ck_assert_int_ge(interval.high, value);
		}
	}
}
END_TEST

START_TEST(mean_size_of_equal_blocks_is_exact_and_of_others_is_not)
{
	struct process process = {0};
	struct interval interval;

	record_alloc(&process, 20, 100, 5000);
	interval = of(&process, "average_bytes");
	ck_assert_int_eq(interval.low, 100);
	ck_assert_int_eq(interval.high, 100);
	record_alloc(&process, 20, 1000, 500);
	interval = of(&process, "average_bytes");
	ck_assert_int_lt(interval.low, 160);
	ck_assert_int_gt(interval.high, 200);
}
END_TEST

START_TEST(share_is_as_wide_as_that_many_samples)
{
	struct process process = {0}, part = {0};
	struct interval share, own;

	record_alloc(&process, 40, 100, 5000);
	process.figures.counters.temporary_count = 10 * 5000;
	record_alloc(&part, 10, 100, 5000);
	share = of(&process, "temporary_count");
	own = of(&part, "alloc_count");
	ck_assert_int_eq(share.low, own.low);
	ck_assert_int_eq(share.high, own.high);
	share = of(&process, "temporary_ratio");
	/* Wilson's interval for 10 of 40 */
	ck_assert_int_eq(share.low / 10, 14187);
	ck_assert_int_eq(share.high / 10, 40194);
}
END_TEST

START_TEST(what_stays_in_a_process_cancels_out)
{
	struct process first = {0}, last;
	struct interval interval, alone;
	struct process fresh = {0};

	record_alloc(&first, 100, 100, 5000);
	last = first;
	record_alloc(&last, 10, 100, 5000);
	record_alloc(&fresh, 10, 100, 5000);
	alone = of(&fresh, "live_bytes");
	interval = change(&first, &last, "live_bytes", true);
	/* but what was freed without being seen */
	ck_assert_int_gt(interval.low, alone.low - 100 * 5000);
	ck_assert_int_lt(interval.low, alone.low);
	ck_assert_int_eq(interval.high, alone.high);
	interval = change(&first, &last, "alloc_bytes", true);
	ck_assert_int_eq(interval.low, alone.low);
	ck_assert_int_eq(interval.high, alone.high);
}
END_TEST

START_TEST(where_no_sample_is_live_three_may_have_escaped)
{
	struct process process = {0}, large = {0};
	struct interval interval;

	record_alloc(&process, 30, 100, 5000);
	record_free(&process, 30, 100, 5000);
	interval = of(&process, "live_blocks");
	ck_assert_int_eq(interval.low, 0);
	ck_assert_double_eq_tol((double)interval.high, 2.995732 * 5000, 5);
	record_alloc(&large, 3, 1000000, 1);
	record_free(&large, 3, 1000000, 1);
	interval = of(&large, "live_bytes");
	ck_assert_int_eq(interval.high, 0);
}
END_TEST

START_TEST(large_blocks_of_several_sizes_may_have_had_smaller_ones_beside_them)
{
	struct process process = {0};
	struct interval interval;

	record_alloc(&process, 3, 1000000, 1);
	process.estimate.escaped_blocks = 5;
	process.estimate.escaped_bytes = 600000;
	interval = of(&process, "live_blocks");
	ck_assert_int_eq(interval.low, 3);
	ck_assert_int_eq(interval.high, 18);
	interval = of(&process, "alloc_bytes");
	ck_assert_int_eq(interval.low, 3000000);
	ck_assert_int_eq(interval.high, 4797439);
}
END_TEST

START_TEST(two_processes_differ_by_more_than_one_from_itself)
{
	struct process first = {0}, last;
	struct interval one, two;

	record_alloc(&first, 100, 100, 5000);
	last = first;
	record_alloc(&last, 10, 100, 5000);
	one = change(&first, &last, "live_bytes", true);
	two = change(&first, &last, "live_bytes", false);
	ck_assert_int_lt(two.low, 0);
	ck_assert_int_lt(two.low, one.low);
	ck_assert_int_gt(two.high, one.high);
	/* what was replaced may be all that was there: as wide as of two */
	record_free(&last, 100, 100, 5000);
	record_alloc(&last, 100, 100, 5000);
	one = change(&first, &last, "live_bytes", true);
	ck_assert_int_eq(one.low, two.low);
	ck_assert_int_eq(one.high, two.high);
}
END_TEST

START_TEST(one_exact_side_has_no_part_in_the_width)
{
	struct process first = {0}, last = {0};
	const struct estimated before = {&first.figures, NULL};
	const struct estimated after = {&last.figures, &last.estimate};
	struct interval both, alone;

	record_alloc(&first, 1, 7777, 1);
	record_alloc(&last, 10, 100, 5000);
	alone = of(&last, "live_bytes");
	both = interval_of_change(field("live_bytes"), &before, &after, false);
	ck_assert_int_eq(both.low, alone.low - 7777);
	ck_assert_int_eq(both.high, alone.high - 7777);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("interval");
	TCase *tests = tcase_create("interval");

	tcase_add_test(tests, quantiles_are_those_of_tables);
	tcase_add_test(tests, quantile_is_the_inverse_of_the_part_below);
	tcase_add_loop_test(tests, limits_hold_the_truth_in_94_to_98_percent, 0,
			    sizeof(mixtures) / sizeof(mixtures[0]));
	tcase_add_test(tests, what_is_exact_has_no_width);
	tcase_add_test(tests, of_one_sample_the_lower_limit_is_the_sample);
	tcase_add_test(tests, always_recorded_blocks_move_the_limits_and_do_not_widen_them);
	tcase_add_test(tests, value_is_inside_its_limits);
	tcase_add_test(tests, mean_size_of_equal_blocks_is_exact_and_of_others_is_not);
	tcase_add_test(tests, share_is_as_wide_as_that_many_samples);
	tcase_add_test(tests, what_stays_in_a_process_cancels_out);
	tcase_add_test(tests, where_no_sample_is_live_three_may_have_escaped);
	tcase_add_test(tests, large_blocks_of_several_sizes_may_have_had_smaller_ones_beside_them);
	tcase_add_test(tests, two_processes_differ_by_more_than_one_from_itself);
	tcase_add_test(tests, one_exact_side_has_no_part_in_the_width);
	suite_add_tcase(suite, tests);
	return suite;
}
