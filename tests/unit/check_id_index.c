/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_id_index.c - an index finds every id by its key, at any size and whatever keys collide.
 */
#include "id_index.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memtrace/atomic.h"
#include "unit.h"

#define IDS 200000u

static uint64_t keys[4 * IDS];

static uint64_t key_of(uint32_t id)
{
	return mt_load_relaxed(&keys[id]);
}

static uint64_t mix(uint64_t x)
{
	return (x ^ x >> 31) * UINT64_C(0x94d049bb133111eb) + 1;
}

START_TEST(empty_index_finds_nothing)
{
	struct id_index index = {NULL, 512};

	ck_assert_uint_eq(id_index_find(&index, 0), 0);
	ck_assert_uint_eq(id_index_find(&index, 77), 0);
}
END_TEST

START_TEST(every_id_is_found_while_the_index_grows)
{
	struct id_index index = {NULL, 512};

	for (uint32_t id = 1; id < IDS; id++) {
		keys[id] = mix(id);
		if (id_index_insert(&index, keys[id], id) != id)
			ck_abort_msg("inserting %u", id);
		if (id_index_find(&index, mix(id / 2 + 1)) != id / 2 + 1)
			ck_abort_msg("%u is lost after %u", id / 2 + 1, id);
	}
	for (uint32_t id = 1; id < IDS; id++)
		if (id_index_find(&index, keys[id]) != id)
			ck_abort_msg("%u is lost", id);
	for (uint32_t id = IDS; id < 2 * IDS; id++)
		if (id_index_find(&index, mix(id)) != 0)
			ck_abort_msg("a key that was not inserted is found");
}
END_TEST

START_TEST(key_0_is_a_key_like_others)
{
	struct id_index index = {NULL, 512};

	keys[5] = 0;
	ck_assert_uint_eq(id_index_insert(&index, 0, 5), 5);
	ck_assert_uint_eq(id_index_find(&index, 0), 5);
}
END_TEST

START_TEST(second_id_of_a_key_gives_way_to_the_first)
{
	struct id_index index = {NULL, 512};

	keys[1] = keys[2] = 99;
	ck_assert_uint_eq(id_index_insert(&index, 99, 1), 1);
	ck_assert_uint_eq(id_index_insert(&index, 99, 2), 1);
	ck_assert_uint_eq(id_index_find(&index, 99), 1);
}
END_TEST

START_TEST(keys_of_one_place_are_told_apart)
{
	struct id_index index = {NULL, 512};
	struct id_index_table first = {.mask = 511, .shift = 55};
	uint32_t count = 0;

	/* those that would begin their search in slot 511, so that it goes on at the start */
	for (uint64_t i = 1; count < 200; i++)
		if (id_index_slot(&first, mix(i)) == 511)
			keys[++count] = mix(i);
	for (uint32_t id = 1; id <= count; id++)
		ck_assert_uint_eq(id_index_insert(&index, keys[id], id), id);
	for (uint32_t id = 1; id <= count; id++)
		ck_assert_uint_eq(id_index_find(&index, keys[id]), id);
}
END_TEST

#define RACERS 4u
#define RACED 50000u

static struct id_index raced = {NULL, 512};
static uint32_t told[RACERS][RACED];

/* Each thread has ids of its own for the same keys, as if each had made a record. */
static void *race(void *argument)
{
	uint32_t self = (uint32_t)(uintptr_t)argument;

	for (uint32_t i = 1; i < RACED; i++) {
		uint32_t id = id_index_find(&raced, mix(i));

		if (id == 0) {
			id = self * RACED + i;
			mt_store_relaxed(&keys[id], mix(i));
			id = id_index_insert(&raced, mix(i), id);
		}
		told[self][i] = id;
	}
	return NULL;
}

START_TEST(racing_threads_are_told_ids_of_the_same_key)
{
	pthread_t threads[RACERS];

	for (uintptr_t i = 0; i < RACERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, race, (void *)i), 0);
	for (uint32_t i = 0; i < RACERS; i++)
		pthread_join(threads[i], NULL);
	for (uint32_t i = 1; i < RACED; i++) {
		uint32_t id = id_index_find(&raced, mix(i));

		/* some are forgotten while the index grows, and who has one has a record equal to the others' */
		if (id != 0 && key_of(id) != mix(i))
			ck_abort_msg("key %u was mixed up", i);
		for (uint32_t t = 0; t < RACERS; t++)
			if (key_of(told[t][i]) != mix(i))
				ck_abort_msg("key %u was mixed up", i);
	}
}
END_TEST

/* What a child finds wrong; 0 = nothing. */
static int look_in_child(struct id_index *index)
{
	const struct id_index_table *table = index->table;
	uint32_t found = 0;

	for (uint32_t id = 1; id < IDS; id++)
		found += id_index_find(index, mix(id)) != 0;
	if (table->is_wiped && found != 0)
		return 1;
	id_index_begin_again(index);
	for (uint32_t id = 1; id < IDS; id++)
		if (id_index_insert(index, mix(id), id) != id)
			return 2;
	for (uint32_t id = 1; id < 2 * IDS; id++)
		if (id_index_find(index, mix(id)) != (id < IDS ? id : 0))
			return 3;
	return index->table == table ? 0 : 4;
}

START_TEST(child_of_fork_finds_it_empty_and_fills_it_again)
{
	struct id_index index = {NULL, 512};
	int status;
	pid_t child;

	for (uint32_t id = 1; id < IDS; id++)
		(void)id_index_insert(&index, mix(id), id);
	child = fork();
	if (child == 0)
		_exit(look_in_child(&index));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	for (uint32_t id = 1; id < IDS; id++)
		if (id_index_find(&index, mix(id)) != id)
			ck_abort_msg("the parent has lost %u", id);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("id_index");
	TCase *tests = tcase_create("index");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, empty_index_finds_nothing);
	tcase_add_test(tests, every_id_is_found_while_the_index_grows);
	tcase_add_test(tests, key_0_is_a_key_like_others);
	tcase_add_test(tests, second_id_of_a_key_gives_way_to_the_first);
	tcase_add_test(tests, keys_of_one_place_are_told_apart);
	tcase_add_test(tests, child_of_fork_finds_it_empty_and_fills_it_again);
	tcase_add_test(tests, racing_threads_are_told_ids_of_the_same_key);
	suite_add_tcase(suite, tests);
	return suite;
}
