/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbols.c - symbol tables without debug information name what they cover and nothing else.
 */
#include "object_fixture.h"
#include "unit.h"

static struct object_fixture fixture;
static struct module module;

static void setup(void)
{
	object_fixture_init(&fixture);
	object_run(&fixture, "gcc -shared -nostdlib -o lib.so $S/symbols.S");
	module = object_module(&fixture, "lib.so", false);
}

static void teardown(void)
{
	object_fixture_fini(&fixture);
}

static const char *name_at(const char *symbol, int64_t distance)
{
	return object_function(&fixture, module,
			       object_address(&fixture, "lib.so", symbol) + (uint64_t)distance);
}

START_TEST(sized_symbol_covers_its_size_only)
{
	ck_assert_str_eq(name_at("sized", 0), "sized");
	ck_assert_str_eq(name_at("sized", 2), "sized");
	ck_assert_ptr_null(name_at("sized", -1));
}
END_TEST

START_TEST(label_in_a_function_is_not_its_name)
{
	ck_assert_str_eq(name_at("label_in_sized", 0), "sized");
	ck_assert_str_eq(name_at("label_in_sized", 1), "sized");
}
END_TEST

START_TEST(unsized_symbol_ends_at_the_next_one)
{
	ck_assert_str_eq(name_at("unsized_first", 0), "unsized_first");
	ck_assert_str_eq(name_at("unsized_first", 7), "unsized_first");
	ck_assert_str_eq(name_at("unsized_first", 8), "second");
}
END_TEST

START_TEST(unsized_symbol_ends_with_its_section)
{
	ck_assert_str_eq(name_at("last_unsized", 7), "last_unsized");
	ck_assert_ptr_null(name_at("last_unsized", 8));
	ck_assert_ptr_null(name_at("nameless_code", 0));
}
END_TEST

START_TEST(unsized_symbol_is_unused_where_others_were_stripped)
{
	uint64_t unsized = object_address(&fixture, "lib.so", "unsized_first");
	uint64_t sized = object_address(&fixture, "lib.so", "sized");
	uint64_t second = object_address(&fixture, "lib.so", "second");

	object_run(&fixture, "strip lib.so");
	ck_assert_str_eq(object_function(&fixture, module, sized), "sized");
	ck_assert_ptr_null(object_function(&fixture, module, unsized));
	ck_assert_ptr_null(object_function(&fixture, module, second));
}
END_TEST

START_TEST(of_several_names_the_plain_visible_one_wins)
{
	ck_assert_str_eq(name_at("many_names", 4), "many_names");
	ck_assert_str_eq(name_at("__public", 4), "public_weak");
}
END_TEST

START_TEST(data_symbols_are_no_functions)
{
	ck_assert_ptr_null(name_at("data_symbol", 0));
	ck_assert_ptr_null(name_at("object_in_code", 0));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("symbols");
	TCase *tests = tcase_create("symbol tables");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, sized_symbol_covers_its_size_only);
	tcase_add_test(tests, label_in_a_function_is_not_its_name);
	tcase_add_test(tests, unsized_symbol_ends_at_the_next_one);
	tcase_add_test(tests, unsized_symbol_ends_with_its_section);
	tcase_add_test(tests, unsized_symbol_is_unused_where_others_were_stripped);
	tcase_add_test(tests, of_several_names_the_plain_visible_one_wins);
	tcase_add_test(tests, data_symbols_are_no_functions);
	suite_add_tcase(suite, tests);
	return suite;
}
