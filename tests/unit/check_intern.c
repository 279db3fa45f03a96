/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_intern.c - equal texts are one pointer, and memory of an arena is zeroed, aligned and its own.
 */
#include "base/intern.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "unit.h"

START_TEST(equal_texts_are_one_pointer)
{
	enum { COUNT = 3000 };
	struct intern intern = {0};
	static const char *kept[COUNT];
	char text[32];

	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		kept[i] = intern_text(&intern, text);
	}
	for (int i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "text %d", i);
		ck_assert_str_eq(kept[i], text);
		ck_assert_ptr_eq(intern_text(&intern, text), kept[i]);
		ck_assert_ptr_ne(kept[i], text);
	}
	intern_fini(&intern);
}
END_TEST

START_TEST(null_stays_null_and_is_not_empty)
{
	struct intern intern = {0};

	ck_assert_ptr_null(intern_text(&intern, NULL));
	ck_assert_str_eq(intern_text(&intern, ""), "");
	intern_fini(&intern);
}
END_TEST

START_TEST(pieces_are_zeroed_aligned_and_apart)
{
	struct arena arena = {0};
	char *last = NULL;
	size_t last_bytes = 0;

	for (size_t bytes = 1; bytes < 200000; bytes = bytes * 3 + 1) {
		char *piece = arena_alloc(&arena, bytes);

		ck_assert_uint_eq((uintptr_t)piece % alignof(max_align_t), 0);
		for (size_t i = 0; i < bytes; i++)
			ck_assert_int_eq(piece[i], 0);
		ck_assert(!last || piece >= last + last_bytes || piece + bytes <= last);
		memset(piece, 0x5a, bytes);
		last = piece;
		last_bytes = bytes;
	}
	arena_fini(&arena);
	ck_assert_ptr_null(arena.blocks);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("intern");
	TCase *tests = tcase_create("texts");

	tcase_add_test(tests, equal_texts_are_one_pointer);
	tcase_add_test(tests, null_stays_null_and_is_not_empty);
	tcase_add_test(tests, pieces_are_zeroed_aligned_and_apart);
	suite_add_tcase(suite, tests);
	return suite;
}
