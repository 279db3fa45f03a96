/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_crc32c.c - the checksum equals the published values and those of a bit-by-bit computation.
 */
#include "memtrace/crc32c.h"

#include <string.h>

#include "base/checksum.h"
#include "unit.h"

static uint32_t crc_by_bits(const unsigned char *data, size_t bytes)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < bytes * 8; i++) {
		uint32_t bit = ((uint32_t)data[i / 8] >> (i % 8) & 1u) ^ (crc & 1u);

		crc = crc >> 1 ^ (bit ? 0x82f63b78u : 0);
	}
	return ~crc;
}

START_TEST(published_values_are_met)
{
	unsigned char data[32];

	ck_assert_uint_eq(mt_crc32c(0, "123456789", 9), 0xe3069283u);
	memset(data, 0, sizeof(data));
	ck_assert_uint_eq(mt_crc32c(0, data, sizeof(data)), 0x8a9136aau);
	memset(data, 0xff, sizeof(data));
	ck_assert_uint_eq(mt_crc32c(0, data, sizeof(data)), 0x62a8ab43u);
}
END_TEST

START_TEST(every_byte_value_equals_bitwise_computation)
{
	unsigned char data[256];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)i;
	for (size_t bytes = 0; bytes <= sizeof(data); bytes++)
		ck_assert_uint_eq(mt_crc32c(0, data, bytes), crc_by_bits(data, bytes));
}
END_TEST

START_TEST(pieces_give_the_same_as_the_whole)
{
	static const char text[] = "a crc may be continued at any byte";

	for (size_t cut = 0; cut <= sizeof(text); cut++) {
		uint32_t crc = mt_crc32c(0, text, cut);

		crc = mt_crc32c(crc, text + cut, sizeof(text) - cut);
		ck_assert_uint_eq(crc, mt_crc32c(0, text, sizeof(text)));
	}
}
END_TEST

START_TEST(fast_one_gives_the_same_at_every_length_and_alignment)
{
	unsigned char data[128];

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 37 + (i >> 3));
	for (size_t start = 0; start < 9; start++) {
		for (size_t bytes = 0; bytes <= sizeof(data) - start; bytes++)
			ck_assert_uint_eq(checksum_crc32c(7, data + start, bytes),
					  mt_crc32c(7, data + start, bytes));
	}
}
END_TEST

/* At 64 bytes the instruction takes over, where there is one; the tables by nibble go on below. */
START_TEST(long_one_gives_the_same_as_short_pieces)
{
	unsigned char data[521];
	uint32_t whole, pieces;

	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 151 + (i >> 5));
	for (size_t bytes = 60; bytes <= sizeof(data); bytes++) {
		whole = mt_crc32c(9, data, bytes);
		pieces = 9;
		for (size_t i = 0; i < bytes; i++)
			pieces = mt_crc32c(pieces, data + i, 1);
		ck_assert_uint_eq(whole, pieces);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("crc32c");
	TCase *tests = tcase_create("values");

	tcase_add_test(tests, published_values_are_met);
	tcase_add_test(tests, every_byte_value_equals_bitwise_computation);
	tcase_add_test(tests, pieces_give_the_same_as_the_whole);
	tcase_add_test(tests, fast_one_gives_the_same_at_every_length_and_alignment);
	tcase_add_test(tests, long_one_gives_the_same_as_short_pieces);
	suite_add_tcase(suite, tests);
	return suite;
}
