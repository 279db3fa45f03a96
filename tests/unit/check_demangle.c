/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_demangle.c - linkage names become readable, and one function has one name.
 */
#include "model/demangle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

struct row {
	const char *linkage_name, *readable;
};

static void check_rows(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *readable = demangle_name(rows[i].linkage_name);

		ck_assert_str_eq(readable, rows[i].readable);
		free(readable);
	}
}

START_TEST(cxx_names_have_parameters_but_no_result)
{
	static const struct row rows[] = {
		{"_Z3foov", "foo()"},
		{"_Z3barIiEvT_", "bar<int>(int)"},
		{"_ZN3FooC1Ev", "Foo::Foo()"},
		{"_ZN3FooC4Ev", "Foo::Foo()"},
		{"_ZNSt6vectorIiSaIiEE9push_backERKi",
		 "std::vector<int, std::allocator<int> >::push_back(int const&)"},
		{"_Znam", "operator new[](unsigned long)"},
		{"_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const"},
		{"__Z3foov", "foo()"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(rust_names_have_no_hash)
{
	static const struct row rows[] = {
		{"_ZN4core3fmt5write17h0123456789abcdefE", "core::fmt::write"},
		{"_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function"},
		{"_RNvMs0_NtCs1234_7mycrate3fooNtB5_3Bar3baz", "<mycrate::foo::Bar>::baz"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(d_names_are_read)
{
	static const struct row rows[] = {
		{"_D4main3fooFZv", "main.foo()"},
		{"_Dmain", "D main"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(suffixes_of_compilers_and_versions_are_left_out)
{
	static const struct row rows[] = {
		{"foo.cold", "foo"},
		{"foo.part.0", "foo"},
		{"foo.constprop.0.isra.12", "foo"},
		{"foo.lto_priv.0.cold", "foo"},
		{"_Z3foov.cold", "foo()"},
		{"_ZL3foov.isra.0", "foo()"},
		{"_RNvMs0_NtCs1234_7mycrate3fooNtB5_3Bar3baz.llvm.1234ABCD",
		 "<mycrate::foo::Bar>::baz"},
		{"memcpy@@GLIBC_2.14", "memcpy"},
		{"memcpy@GLIBC_2.2.5", "memcpy"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(other_names_stay_as_they_are)
{
	static const struct row rows[] = {
		{"main", "main"},
		{"", ""},
		{"foo.bar", "foo.bar"},
		{"foo.coldness", "foo.coldness"},
		{"foo.cold.bar", "foo.cold.bar"},
		{"main.clone", "main.clone"},
		{"main.part.x", "main.part.x"},
		{".cold", ".cold"},
		{"_Z", "_Z"},
		{"_R", "_R"},
		{"_DoSomething", "_DoSomething"},
		{"_Read_file", "_Read_file"},
		{"_ZN", "_ZN"},
		{"h\xc3\xa4lt", "h\xc3\xa4lt"},
	};

	check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}
END_TEST

START_TEST(very_long_names_are_not_read)
{
	enum { COUNT = 20000 };
	char *name = malloc(COUNT + 16), *readable;
	int length = sprintf(name, "_Z%d", COUNT);

	memset(name + length, 'a', COUNT);
	strcpy(name + length + COUNT, "v");
	readable = demangle_name(name);
	ck_assert_str_eq(readable, name);
	free(readable);
	free(name);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("demangle");
	TCase *tests = tcase_create("names");

	tcase_add_test(tests, cxx_names_have_parameters_but_no_result);
	tcase_add_test(tests, rust_names_have_no_hash);
	tcase_add_test(tests, d_names_are_read);
	tcase_add_test(tests, suffixes_of_compilers_and_versions_are_left_out);
	tcase_add_test(tests, other_names_stay_as_they_are);
	tcase_add_test(tests, very_long_names_are_not_read);
	suite_add_tcase(suite, tests);
	return suite;
}
