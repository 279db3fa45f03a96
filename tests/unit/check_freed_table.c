/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_freed_table.c - the blocks freed last are found, and never one that two threads have made up together.
 */
#include "freed_table.h"

#include <pthread.h>

#include "memtrace/atomic.h"
#include "unit.h"

#define START UINT64_C(0x7f1234560000)
#define THREADS 4
#define ROUNDS 200000u

static void start(void)
{
	ck_assert(freed_table_init());
}

static struct freed_block block_of(uint64_t number)
{
	return (struct freed_block){START + 16 * number, 16 + number % 4096, (uint32_t)number + 1,
				    (uint32_t)number * 7 + 3};
}

static bool is_equal(const struct freed_block *a, const struct freed_block *b)
{
	return a->address == b->address && a->size == b->size && a->alloc_node == b->alloc_node &&
	       a->freed_node == b->freed_node;
}

START_TEST(empty_table_has_no_block)
{
	struct freed_block found;

	ck_assert(!freed_table_find(0, &found));
	ck_assert(!freed_table_find(START, &found));
	ck_assert(!freed_table_find_around(START, &found));
	ck_assert(!freed_table_find_around(UINT64_MAX, &found));
}
END_TEST

START_TEST(block_is_found_as_it_was_put)
{
	struct freed_block block = block_of(5), found;

	freed_table_put(&block);
	ck_assert(freed_table_find(block.address, &found));
	ck_assert(is_equal(&found, &block));
	ck_assert(!freed_table_find(block.address + 16, &found));
	block.freed_node++;
	freed_table_put(&block);
	ck_assert(freed_table_find(block.address, &found));
	ck_assert(is_equal(&found, &block));
}
END_TEST

START_TEST(block_is_found_around_its_inside_only)
{
	struct freed_block block = {START, 100, 1, 2}, found;

	freed_table_put(&block);
	ck_assert(!freed_table_find_around(START, &found));
	ck_assert(!freed_table_find_around(START - 1, &found));
	ck_assert(!freed_table_find_around(START + 100, &found));
	for (uint64_t i = 1; i < 100; i++)
		ck_assert(freed_table_find_around(START + i, &found) && is_equal(&found, &block));
	block = (struct freed_block){START + 4096, 0, 1, 2};
	freed_table_put(&block);
	ck_assert(!freed_table_find_around(START + 4096, &found));
}
END_TEST

/* A place is used again as soon as another block leads to it: on the mean after as many as there are places. */
START_TEST(most_of_the_last_blocks_are_remembered)
{
	enum { PUT = 1000000, LOOKED_AT = FREED_TABLE_BLOCKS / 8 };
	uint32_t found_count = 0;

	for (uint64_t i = 0; i < PUT; i++) {
		struct freed_block block = block_of(i);

		freed_table_put(&block);
	}
	for (uint64_t i = PUT - LOOKED_AT; i < PUT; i++) {
		struct freed_block block = block_of(i), found;

		found_count += freed_table_find(block.address, &found) && is_equal(&found, &block);
	}
	ck_assert_uint_gt(found_count, LOOKED_AT * 3 / 4);
}
END_TEST

START_TEST(nothing_is_found_after_all_was_forgotten)
{
	struct freed_block block = block_of(9), found;

	freed_table_put(&block);
	freed_table_forget_all();
	ck_assert(!freed_table_find(block.address, &found));
	ck_assert(!freed_table_find_around(block.address + 1, &found));
	freed_table_put(&block);
	ck_assert(freed_table_find(block.address, &found));
}
END_TEST

static uint32_t wrong_count;

/* All blocks of one address: what is found must be one that some thread has put. */
static void *put_and_find(void *argument)
{
	uint32_t thread = *(const uint32_t *)argument;

	for (uint32_t i = 0; i < ROUNDS; i++) {
		uint32_t number = THREADS * i + thread;
		struct freed_block block = {START, number, number + 1, ~number}, found;

		freed_table_put(&block);
		if (freed_table_find(START, &found) &&
		    (found.alloc_node != (uint32_t)found.size + 1 ||
		     found.freed_node != ~(uint32_t)found.size))
			(void)mt_add_relaxed(&wrong_count, 1);
	}
	return NULL;
}

START_TEST(threads_never_make_a_block_up)
{
	pthread_t threads[THREADS];
	uint32_t numbers[THREADS];

	for (uint32_t i = 0; i < THREADS; i++) {
		numbers[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, put_and_find, &numbers[i]), 0);
	}
	for (uint32_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_uint_eq(wrong_count, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("freed_table");
	TCase *core = tcase_create("core");

	tcase_add_checked_fixture(core, start, NULL);
	tcase_add_test(core, empty_table_has_no_block);
	tcase_add_test(core, block_is_found_as_it_was_put);
	tcase_add_test(core, block_is_found_around_its_inside_only);
	tcase_add_test(core, most_of_the_last_blocks_are_remembered);
	tcase_add_test(core, nothing_is_found_after_all_was_forgotten);
	tcase_add_test(core, threads_never_make_a_block_up);
	suite_add_tcase(suite, core);
	return suite;
}
