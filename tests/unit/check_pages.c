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
	tcase_add_test(tests, more_than_there_is_is_refused);
	suite_add_tcase(suite, tests);
	return suite;
}
