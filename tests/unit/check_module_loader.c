/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_module_loader.c - without the loader's function (glibc before 2.35) what is loaded at start is known
 * from a list.
 */
#define _GNU_SOURCE
#include "module_loader.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module_table.h"
#include "unit.h"
#include "unwind.h"

/* In the place of libc's: this loader has no such function. */
void *dlsym(void *restrict handle, const char *restrict name)
{
	if (strcmp(name, "_dl_find_object") == 0)
		return NULL;
	return dlvsym(handle, name, "GLIBC_2.2.5");
}

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

START_TEST(executable_and_libraries_are_listed)
{
	struct loader_module module;
	char expected[4096] = "";

	module_loader_init();
	ck_assert(readlink("/proc/self/exe", expected, sizeof(expected) - 1) > 0);
	ck_assert(module_loader_find(address_of(address_of), &module));
	ck_assert_ptr_null(module.link_map);
	ck_assert_str_eq(module.path, expected);
	ck_assert(module_loader_is_main(&module));
	ck_assert(module_loader_is_loaded(&module));
	ck_assert(module_loader_find(address_of(strtod), &module));
	ck_assert_ptr_nonnull(strstr(module.path, "libc"));
	ck_assert(!module_loader_is_main(&module));
	ck_assert(!module_loader_find(address_of(&module), &module));
}
END_TEST

START_TEST(stack_is_walked_by_the_list)
{
	struct unwind_bounds bounds = {0, 0};
	struct unwind_cursor cursor;
	struct unwind_regs regs;
	enum unwind_status status;
	unsigned count = 0;

	unwind_init();
	unwind_regs_capture(&regs);
	unwind_begin(&cursor, &regs, &bounds);
	while ((status = unwind_next(&cursor)) == UNWIND_FRAME)
		count++;
	ck_assert_int_eq(status, UNWIND_END);
	ck_assert_uint_ge(count, 6);
	module_table_note_unload();
	ck_assert_uint_eq(module_table_generation(), 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("module_loader");
	TCase *tests = tcase_create("list");

	tcase_add_test(tests, executable_and_libraries_are_listed);
	tcase_add_test(tests, stack_is_walked_by_the_list);
	suite_add_tcase(suite, tests);
	return suite;
}
