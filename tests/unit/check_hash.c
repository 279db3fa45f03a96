/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_hash.c - the index of records finds what is there, nothing else, and survives equal hashes.
 */
#include "base/hash.h"

#include "unit.h"

#define COUNT 5000

static uint64_t records[COUNT + 1]; /* by id, 0 unused */

static int is_equal(const void *context, uint32_t id)
{
	return records[id] == *(const uint64_t *)context;
}

static uint32_t find(const struct hash_index *index, uint64_t hash, uint64_t record)
{
	return hash_index_intern(index, hash, is_equal, &record, 0);
}

static void fill(struct hash_index *index, uint64_t hash_mask)
{
	ck_assert_int_eq(hash_index_init(index, COUNT), 0);
	for (uint32_t i = 1; i <= COUNT; i++) {
		uint64_t hash;

		records[i] = (uint64_t)i * i * 4096;
		hash = hash_word(index->seed, records[i]) & hash_mask;
		ck_assert_uint_eq(find(index, hash, records[i]), 0);
		ck_assert_uint_eq(hash_index_intern(index, hash, is_equal, &records[i], i), i);
		ck_assert_uint_eq(hash_index_intern(index, hash, is_equal, &records[i], 1), i);
	}
}

START_TEST(every_record_is_found_and_no_other)
{
	struct hash_index index;

	fill(&index, UINT64_MAX);
	for (uint32_t i = 1; i <= COUNT; i++) {
		ck_assert_uint_eq(find(&index, hash_word(index.seed, records[i]), records[i]), i);
		ck_assert_uint_eq(find(&index, hash_word(index.seed, records[i] + 1),
				       records[i] + 1),
				  0);
	}
	hash_index_fini(&index);
}
END_TEST

START_TEST(records_of_one_hash_stay_apart)
{
	struct hash_index index;

	fill(&index, 0x3);
	for (uint32_t i = 1; i <= COUNT; i += 7)
		ck_assert_uint_eq(find(&index, hash_word(index.seed, records[i]) & 0x3, records[i]),
				  i);
	hash_index_fini(&index);
}
END_TEST

/* Places that fall together, so that most records find theirs taken; and each is asked for twice. */
START_TEST(records_near_each_other_stay_apart)
{
	for (size_t spread = 1; spread < 3 * COUNT; spread = spread * 5 + 3) {
		struct hash_index index;

		ck_assert_int_eq(hash_index_init(&index, COUNT), 0);
		for (int round = 0; round < 2; round++) {
			for (uint32_t i = 1; i <= COUNT; i++) {
				uint64_t hash = hash_word(index.seed, i);

				records[i] = i;
				ck_assert_uint_eq(hash_index_intern_near(&index, i % spread, hash,
									 is_equal, &records[i],
									 round == 0 ? i : 0),
						  i);
			}
		}
		hash_index_fini(&index);
	}
}
END_TEST

START_TEST(index_is_never_more_than_half_full)
{
	for (size_t count = 0; count < 3000; count += 37)
		ck_assert_uint_ge(hash_index_bytes(count) / sizeof(uint32_t), 2 * count);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("hash");
	TCase *index = tcase_create("index");

	tcase_add_test(index, every_record_is_found_and_no_other);
	tcase_add_test(index, records_of_one_hash_stay_apart);
	tcase_add_test(index, records_near_each_other_stay_apart);
	tcase_add_test(index, index_is_never_more_than_half_full);
	suite_add_tcase(suite, index);
	return suite;
}
