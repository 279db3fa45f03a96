/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_sampler.c - blocks are recorded with exactly the probability that their weight is made for. All random
 * numbers come from fixed seeds: a test passes always or never.
 */
#include "sampler.h"

#include <math.h>
#include <pthread.h>

#include "memtrace/sampling.h"
#include "unit.h"

#define ROUNDS 200000

static struct options options;

/* The sampler as in a process that has just begun. */
static void begin(uint64_t sample_bytes, uint64_t seed)
{
	options.sample_bytes = sample_bytes;
	options.sample_seed = seed;
	options.has_sample_seed = true;
	thread_local_state = (struct thread_local_state){0};
	sampler_init(&options);
}

static bool is_recorded(size_t size)
{
	return !sampler_passes(size) && sampler_takes(size);
}

/* A count of that many tries is within 4 standard errors of the probability. */
static void is_near(uint64_t count, double probability, const char *what)
{
	double mean = ROUNDS * probability;
	double error = sqrt(mean * (1 - probability)) + 1e-9;

	ck_assert_msg(fabs((double)count - mean) < 4 * error, "%s: %lu of %d, expected %.1f", what,
		      (unsigned long)count, ROUNDS, mean);
}

START_TEST(logarithm_is_that_of_libm)
{
	uint64_t number = 1;

	for (int i = 0; i < 100000; i++) {
		number = number * 6364136223846793005u + 1442695040888963407u;
		uint64_t any = (number >> (i % 63)) | 1;
		long double wanted = log2l((long double)any) * 4294967296.0L;
		long double found = (long double)sampler_log2(any);

		ck_assert_msg(found <= wanted + 0.01L && found > wanted - 2.0L, "%lu: %Lf %Lf",
			      (unsigned long)any, found, wanted);
	}
}
END_TEST

START_TEST(gaps_are_exponential)
{
	enum { BINS = 20 };
	uint64_t counts[BINS] = {0};
	double sum = 0, square = 0;

	begin(65536, 42);
	for (int i = 0; i < ROUNDS; i++) {
		/* the middle of what was rounded down */
		double part = 1 - exp(-((double)sampler_gap() + 0.5) / 65536);

		sum += -log(1 - part);
		counts[(int)(part * BINS)]++;
	}
	for (int i = 0; i < BINS; i++) {
		double off = (double)counts[i] - (double)ROUNDS / BINS;

		square += off * off / ((double)ROUNDS / BINS);
	}
	/* chi-square of 19 degrees of freedom exceeds 43.8 once in a thousand */
	ck_assert_msg(square < 43.8, "chi-square %.1f", square);
	ck_assert_double_eq_tol(sum / ROUNDS, 1, 4 / sqrt(ROUNDS));
}
END_TEST

static const struct {
	uint64_t sample_bytes, size;
} sizes[] = {
	{1024, 0},	{1024, 1},	  {1024, 16},	    {1024, 100},      {1024, 341},
	{1024, 512},	{1024, 683},	  {1024, 1000},	    {1024, 1023},     {1024, 1024},
	{524288, 1000}, {524288, 100000}, {524288, 300000}, {524288, 524287}, {1000, 999},
	{3, 1},		{3, 2},		  {1, 0},	    {2, 1},
};

START_TEST(block_is_recorded_once_in_its_weight)
{
	uint64_t count = 0;

	begin(sizes[_i].sample_bytes, 7 + (uint64_t)_i);
	for (int i = 0; i < ROUNDS; i++)
		count += is_recorded(sizes[_i].size);
	is_near(count, 1.0 / (double)mt_sample_weight(sizes[_i].size, sizes[_i].sample_bytes),
		"one size");
}
END_TEST

START_TEST(blocks_of_other_sizes_in_between_change_no_probability)
{
	uint64_t count = 0;

	begin(4096, 3);
	for (int i = 0; i < ROUNDS; i++) {
		(void)is_recorded(8);
		(void)is_recorded(3000);
		(void)is_recorded(5000);
		count += is_recorded(200);
	}
	is_near(count, 1.0 / (double)mt_sample_weight(200, 4096), "among others");
}
END_TEST

START_TEST(weight_is_the_next_whole_number_that_thinning_can_reach)
{
	static const uint64_t distances[] = {2, 3, 100, 4096, 524288, MT_SAMPLE_BYTES_MAX};

	for (size_t k = 0; k < sizeof(distances) / sizeof(distances[0]); k++)
		for (uint64_t i = 0; i < 5000; i++) {
			uint64_t size = 1 + i * (distances[k] - 1) / 5000;
			double chance = -expm1(-(double)size / (double)distances[k]);
			double weight = (double)mt_sample_weight(size, distances[k]);

			ck_assert_double_ge(weight * chance, 1);
			ck_assert_double_le(weight, 1 / chance + 1.1);
		}
	ck_assert_uint_eq(mt_sample_weight(0, 4096), mt_sample_weight(1, 4096));
	ck_assert_uint_eq(mt_sample_weight(4096, 4096), 1);
	ck_assert_uint_eq(mt_sample_weight(UINT64_MAX, 4096), 1);
}
END_TEST

START_TEST(variance_terms_are_whole_in_two_words)
{
	uint64_t weight = mt_sample_weight(MT_SAMPLE_BYTES_MAX - 1, MT_SAMPLE_BYTES_MAX);
	uint64_t size = MT_SAMPLE_BYTES_MAX - 1;
	struct mt_sample_term term = mt_sample_term(weight, size, size);

	ck_assert_uint_eq(weight, 2);
	ck_assert_uint_eq(term.low + (term.high << MT_SAMPLE_SPLIT), 2 * size * size);
	ck_assert_uint_lt(term.low, UINT64_C(1) << MT_SAMPLE_SPLIT);
	ck_assert_uint_lt(term.high, UINT64_C(1) << MT_SAMPLE_SPLIT);
	term = mt_sample_term(1, size, size);
	ck_assert_uint_eq(term.low | term.high, 0);
}
END_TEST

START_TEST(large_block_is_always_recorded_and_moves_nothing)
{
	uint64_t left;

	begin(4096, 11);
	(void)is_recorded(1);
	left = thread_local_state.sample_left;
	for (size_t size = 4096; size < 100000; size += 777)
		ck_assert(is_recorded(size));
	ck_assert(is_recorded(SIZE_MAX) && is_recorded(SIZE_MAX / 2 + 1));
	ck_assert_uint_eq(thread_local_state.sample_left, left);
}
END_TEST

static void sequence(uint64_t seed, char out[1000])
{
	begin(100, seed);
	for (int i = 0; i < 1000; i++)
		out[i] = is_recorded(20);
}

START_TEST(one_seed_gives_one_sequence_of_samples)
{
	char first[1000], second[1000], other[1000];

	sequence(5, first);
	sequence(5, second);
	sequence(6, other);
	ck_assert_mem_eq(first, second, sizeof(first));
	ck_assert_mem_ne(first, other, sizeof(first));
}
END_TEST

static void *gap_of_thread(void *out)
{
	*(uint64_t *)out = sampler_gap();
	return NULL;
}

START_TEST(threads_and_forked_children_have_random_numbers_of_their_own)
{
	uint64_t gaps[4] = {0};
	pthread_t thread;

	begin(MT_SAMPLE_BYTES_MAX, 8);
	gaps[0] = sampler_gap();
	ck_assert_int_eq(pthread_create(&thread, NULL, gap_of_thread, &gaps[1]), 0);
	(void)pthread_join(thread, NULL);
	ck_assert_int_eq(pthread_create(&thread, NULL, gap_of_thread, &gaps[2]), 0);
	(void)pthread_join(thread, NULL);
	thread_local_state.sample_left = 1234;
	sampler_after_fork();
	ck_assert_uint_eq(thread_local_state.sample_left, 0);
	gaps[3] = sampler_gap();
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < i; k++)
			ck_assert_uint_ne(gaps[i], gaps[k]);
}
END_TEST

/* Whether a block that goes through these sizes is recorded at the end. */
static bool is_recorded_after(const size_t *chain, size_t count)
{
	bool is_kept = is_recorded(chain[0]);

	for (size_t i = 1; i < count; i++)
		is_kept = is_kept ? sampler_keeps(chain[i - 1], chain[i])
				  : sampler_takes_grown(chain[i - 1], chain[i], chain[i]);
	return is_kept;
}

static const struct {
	size_t sizes[12];
	size_t count;
} chains[] = {
	{{100, 200, 400, 800, 1600}, 5}, {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 12},
	{{2000, 1000, 500, 250}, 4},	 {{16, 3000, 40, 4000, 700, 90, 1500}, 7},
	{{300, 9000, 300}, 3},		 {{50, 4095, 4096, 4097, 900}, 5},
};

START_TEST(chain_of_reallocs_ends_at_the_probability_of_its_last_size)
{
	size_t count = chains[_i].count, last = chains[_i].sizes[count - 1];
	uint64_t hits = 0;

	begin(4096, 20 + (uint64_t)_i);
	for (int i = 0; i < ROUNDS; i++)
		hits += is_recorded_after(chains[_i].sizes, count);
	is_near(hits, 1.0 / (double)mt_sample_weight(last, 4096), "chain");
}
END_TEST

START_TEST(recorded_block_that_grows_stays_recorded)
{
	begin(4096, 1);
	for (size_t size = 1; size < 5000; size++)
		ck_assert(sampler_keeps(size, size + 1) && sampler_keeps(size, 3 * size));
	for (size_t size = 1; size < 5000; size++)
		ck_assert(sampler_takes_grown(size, 4096, 4096));
}
END_TEST

START_TEST(mark_tells_whether_a_block_passed_since)
{
	begin(1 << 20, 2);
	while (!is_recorded(100))
		;
	sampler_mark();
	ck_assert(sampler_is_last());
	ck_assert(is_recorded(1 << 20));
	ck_assert(sampler_is_last());
	ck_assert(!is_recorded(0));
	ck_assert(!sampler_is_last());
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("sampler");
	TCase *tests = tcase_create("sampler");

	tcase_add_test(tests, logarithm_is_that_of_libm);
	tcase_add_test(tests, gaps_are_exponential);
	tcase_add_loop_test(tests, block_is_recorded_once_in_its_weight, 0,
			    sizeof(sizes) / sizeof(sizes[0]));
	tcase_add_test(tests, blocks_of_other_sizes_in_between_change_no_probability);
	tcase_add_test(tests, weight_is_the_next_whole_number_that_thinning_can_reach);
	tcase_add_test(tests, variance_terms_are_whole_in_two_words);
	tcase_add_test(tests, large_block_is_always_recorded_and_moves_nothing);
	tcase_add_test(tests, one_seed_gives_one_sequence_of_samples);
	tcase_add_test(tests, threads_and_forked_children_have_random_numbers_of_their_own);
	tcase_add_loop_test(tests, chain_of_reallocs_ends_at_the_probability_of_its_last_size, 0,
			    sizeof(chains) / sizeof(chains[0]));
	tcase_add_test(tests, recorded_block_that_grows_stays_recorded);
	tcase_add_test(tests, mark_tells_whether_a_block_passed_since);
	suite_add_tcase(suite, tests);
	return suite;
}
