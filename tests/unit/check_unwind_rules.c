/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_unwind_rules.c - the cache of rules gives back what was put in for that key, or nothing.
 */
#include "unwind_rules.h"

#include <pthread.h>

#include "unit.h"

#define ADDRESS UINT64_C(0x7f1234560000)

static uint32_t rule_of(uint64_t key)
{
	return (uint32_t)(key * 2654435761u) | 1;
}

static uint32_t location_of(uint64_t key)
{
	return (uint32_t)(key * 40503u) | 2;
}

static uint64_t key_at(unsigned index, uint16_t generation)
{
	return rules_key(ADDRESS + index * UINT64_C(7), generation);
}

static unsigned table_log2(void)
{
	return unwind_rules_table & 63;
}

START_TEST(nothing_is_found_before_anything_was_added)
{
	struct rules_hit hit;

	ck_assert(!rules_find(key_at(1, 1), &hit));
}
END_TEST

START_TEST(rule_and_location_are_kept_while_the_table_grows)
{
	struct rules_hit hit;
	unsigned i, lost_count = 0;

	for (i = 0; i < 100000; i++) {
		struct mt_pair *entry = rules_add(key_at(i, 1), rule_of(i));

		ck_assert_ptr_nonnull(entry);
		rules_set_location(entry, key_at(i, 1), rule_of(i), location_of(i));
	}
	for (i = 0; i < 100000; i++) {
		if (!rules_find(key_at(i, 1), &hit)) {
			lost_count++;
			continue;
		}
		ck_assert_uint_eq(hit.rule, rule_of(i));
		ck_assert_uint_eq(hit.location, location_of(i));
	}
	/* copying into a larger table may lose an entry, never exchange it */
	ck_assert_uint_lt(lost_count, 10);
	ck_assert_uint_ge(table_log2(), 17);
	ck_assert(!rules_find(key_at(100000, 1), &hit));
	ck_assert(!rules_find(key_at(1, 2), &hit));
}
END_TEST

START_TEST(adding_again_keeps_the_location)
{
	struct rules_hit hit;
	uint64_t key = key_at(3, 1);
	struct mt_pair *entry = rules_add(key, 5);

	rules_set_location(entry, key, 5, 77);
	ck_assert_ptr_eq(rules_add(key, 5), entry);
	ck_assert(rules_find(key, &hit));
	ck_assert_uint_eq(hit.location, 77);
}
END_TEST

START_TEST(places_of_older_generations_are_used_again)
{
	uint16_t generation;
	unsigned i;

	for (generation = 1; generation < 300; generation++) {
		for (i = 0; i < 1500; i++)
			ck_assert_ptr_nonnull(rules_add(key_at(i, generation), rule_of(i)));
	}
	ck_assert_uint_eq(table_log2(), 12);
}
END_TEST

START_TEST(location_for_a_place_that_was_used_again_is_refused)
{
	uint64_t key = key_at(3, 1), other = key;
	struct mt_pair *entry = rules_add(key, 5), *taken = NULL;
	struct rules_hit hit;
	unsigned i;

	for (i = 0; i < 100000 && taken != entry; i++) {
		other = key_at(i, (uint16_t)(2 + i / 250)); /* so few that no table grows */
		taken = rules_add(other, 5);
	}
	ck_assert_ptr_eq(taken, entry);
	rules_set_location(entry, key, 5, 77);
	ck_assert(rules_find(other, &hit));
	ck_assert_uint_eq(hit.location, 0);
}
END_TEST

START_TEST(generation_that_comes_round_again_finds_nothing_old)
{
	struct rules_hit hit;
	uint32_t generation;

	ck_assert_ptr_nonnull(rules_add(key_at(0, 5), 5));
	ck_assert(rules_find(key_at(0, 5), &hit));
	for (generation = 6; generation <= 0xffff; generation++)
		ck_assert_ptr_nonnull(rules_add(key_at(generation, (uint16_t)generation), 5));
	for (generation = 1; generation <= 4; generation++)
		ck_assert_ptr_nonnull(rules_add(key_at(generation, (uint16_t)generation), 5));
	ck_assert(!rules_find(key_at(0, 5), &hit));
}
END_TEST

static void *hammer(void *data)
{
	uint32_t random = (uint32_t)(uintptr_t)data;
	unsigned i, wrong_count = 0;

	for (i = 0; i < 400000; i++) {
		uint64_t key;
		struct rules_hit hit;

		random = random * 1664525u + 1013904223u;
		key = key_at((random >> 8) % 20000, (uint16_t)(1 + i / 100000));
		if (rules_find(key, &hit)) {
			wrong_count += hit.rule != rule_of(key);
			wrong_count += hit.location != 0 && hit.location != location_of(key);
		} else {
			hit.entry = rules_add(key, rule_of(key));
		}
		if (hit.entry)
			rules_set_location(hit.entry, key, rule_of(key), location_of(key));
	}
	return (void *)(uintptr_t)wrong_count;
}

START_TEST(threads_never_find_what_belongs_to_another_key)
{
	pthread_t threads[4];
	uintptr_t i;

	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, hammer, (void *)i), 0);
	for (i = 0; i < 4; i++) {
		void *wrong_count;

		ck_assert_int_eq(pthread_join(threads[i], &wrong_count), 0);
		ck_assert_ptr_null(wrong_count);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("unwind_rules");
	TCase *tests = tcase_create("rules");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, nothing_is_found_before_anything_was_added);
	tcase_add_test(tests, rule_and_location_are_kept_while_the_table_grows);
	tcase_add_test(tests, adding_again_keeps_the_location);
	tcase_add_test(tests, places_of_older_generations_are_used_again);
	tcase_add_test(tests, location_for_a_place_that_was_used_again_is_refused);
	tcase_add_test(tests, generation_that_comes_round_again_finds_nothing_old);
	tcase_add_test(tests, threads_never_find_what_belongs_to_another_key);
	suite_add_tcase(suite, tests);
	return suite;
}
