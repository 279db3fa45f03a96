/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_pages.c - memory for tables of every size is zero, aligned, and keeps its contents when it grows.
 */
#include "base/pages.h"

#include <stdint.h>
#include <string.h>

#include "unit.h"

#define MIB ((size_t)1 << 20)

/* Around the sizes at which it comes from elsewhere. */
static const size_t sizes[] = {0,	1,	     4096,	  MIB - 1, MIB,
			       MIB + 1, 2 * MIB + 1, 7 * MIB + 5, 16 * MIB};

#define SIZE_COUNT (sizeof(sizes) / sizeof(sizes[0]))

START_TEST(memory_is_zero_and_aligned)
{
	for (size_t i = 0; i < SIZE_COUNT; i++) {
		unsigned char *memory = pages_alloc(sizes[i]);

		ck_assert_ptr_nonnull(memory);
		ck_assert_uint_eq((uintptr_t)memory % 16, 0);
		for (size_t at = 0; at < sizes[i]; at += 4096)
			ck_assert_uint_eq(memory[at], 0);
		if (sizes[i] > 0)
			memset(memory, 0xa5, sizes[i]);
		pages_free(memory, sizes[i]);
	}
	pages_free(NULL, 0);
	pages_free(NULL, 16 * MIB);
}
END_TEST

START_TEST(growing_keeps_contents_and_adds_zeros)
{
	unsigned char *memory = pages_grow(NULL, 0, sizes[1]);

	ck_assert_ptr_nonnull(memory);
	memory[0] = 1;
	for (size_t i = 1; i + 1 < SIZE_COUNT; i++) {
		memory = pages_grow(memory, sizes[i], sizes[i + 1]);
		ck_assert_ptr_nonnull(memory);
		ck_assert_uint_eq(memory[sizes[i] - 1], i);
		ck_assert_uint_eq(memory[sizes[i]], 0);
		ck_assert_uint_eq(memory[sizes[i + 1] - 1], 0);
		memory[sizes[i + 1] - 1] = (unsigned char)(i + 1);
	}
	pages_free(memory, sizes[SIZE_COUNT - 1]);
}
END_TEST

START_TEST(what_was_given_back_is_used_again_in_parts)
{
	char *whole = pages_alloc(8 * MIB), *first, *second;

	ck_assert_ptr_nonnull(whole);
	memset(whole, 0xa5, 8 * MIB);
	pages_free(whole, 8 * MIB);
	first = pages_alloc(3 * MIB);
	second = pages_alloc(4 * MIB);
	ck_assert_ptr_eq(first, whole);
	ck_assert_ptr_eq(second, whole + 4 * MIB);
	for (size_t at = 0; at < 3 * MIB; at += 1024)
		ck_assert_int_eq(first[at] | second[at], 0);
	pages_free(first, 3 * MIB);
	pages_free(second, 4 * MIB);
}
END_TEST

/* Tables of many sizes at once, none of which may share memory with another. */
START_TEST(tables_never_overlap)
{
	enum { COUNT = 12 };
	unsigned char *tables[COUNT] = {NULL};
	size_t bytes[COUNT] = {0};

	for (size_t i = 0; i < 300; i++) {
		size_t slot = i * 7 % COUNT;

		for (size_t at = 0; at < bytes[slot]; at += MIB / 2)
			ck_assert_uint_eq(tables[slot][at], slot + 1);
		pages_free(tables[slot], bytes[slot]);
		bytes[slot] = (i * 5 % 9 + 1) * MIB;
		tables[slot] = pages_alloc(bytes[slot]);
		ck_assert_ptr_nonnull(tables[slot]);
		memset(tables[slot], (int)slot + 1, bytes[slot]);
	}
	for (size_t slot = 0; slot < COUNT; slot++)
		pages_free(tables[slot], bytes[slot]);
}
END_TEST

START_TEST(more_than_there_is_is_refused)
{
	ck_assert_ptr_null(pages_alloc(SIZE_MAX));
	ck_assert_ptr_null(pages_alloc(SIZE_MAX - 4 * MIB));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("pages");
	TCase *tests = tcase_create("pages");

	tcase_add_test(tests, memory_is_zero_and_aligned);
	tcase_add_test(tests, growing_keeps_contents_and_adds_zeros);
	tcase_add_test(tests, what_was_given_back_is_used_again_in_parts);
	tcase_add_test(tests, tables_never_overlap);
	tcase_add_test(tests, more_than_there_is_is_refused);
	suite_add_tcase(suite, tests);
	return suite;
}
