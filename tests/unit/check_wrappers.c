/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_wrappers.c - allocator wrappers are known by name, and nothing else is taken for one.
 */
#include "model/wrappers.h"

#include <errno.h>
#include <string.h>

#include "unit.h"

static bool is_wrapper(const struct wrappers *wrappers, const char *function)
{
	struct frame frame = {.function = function, .module = "", .build_id = ""};

	return wrappers_match(wrappers, &frame);
}

static void check_names(const char *const *names, size_t count, bool expected)
{
	struct wrappers *wrappers = NULL;

	ck_assert_int_eq(wrappers_new(NULL, &wrappers, NULL), 0);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(is_wrapper(wrappers, names[i]) == expected, "%s", names[i]);
	wrappers_free(wrappers);
}

START_TEST(wrappers_of_each_language_are_known)
{
	static const char *const names[] = {
		"operator new(unsigned long)",
		"operator new[](unsigned long)",
		"operator new(unsigned long, std::align_val_t)",
		"std::__new_allocator<int>::allocate(unsigned long, void const*)",
		"__gnu_cxx::new_allocator<int>::allocate(unsigned long, void const*)",
		"std::_Vector_base<int, std::allocator<int> >::_M_allocate(unsigned long)",
		"std::vector<int, std::allocator<int> >::push_back(int const&)",
		"strdup",
		"vasprintf",
		"g_malloc0",
		"g_strdup",
		"xmalloc",
		"xstrdup",
		"zmalloc",
		"ztrymalloc_usable",
		"PyMem_Malloc",
		"_PyMem_RawMalloc",
		"PyObject_Malloc",
		"ngx_palloc",
		"sqlite3MemMalloc",
		"apr_palloc",
		"_talloc_array",
		"__rust_alloc",
		"alloc::alloc::alloc",
		"<alloc::vec::Vec<T> as core::clone::Clone>::clone",
		"llvm::safe_malloc(unsigned long)",
		"je_malloc",
		"tc_malloc",
		"mi_malloc",
	};

	check_names(names, sizeof(names) / sizeof(names[0]), true);
}
END_TEST

START_TEST(functions_of_the_program_are_no_wrappers)
{
	static const char *const names[] = {
		"main",
		"store_value",
		"getline",
		"fopen",
		"my::operator_new",
		"newton(double)",
		"stdio_init",
		"allocate_everything",
		"call<std::vector<int> >(std::vector<int>&)",
		"use(operator new(unsigned long))",
		"g_main_loop_run",
		"PyDict_New",
		"[thread main]",
		"",
	};

	check_names(names, sizeof(names) / sizeof(names[0]), false);
}
END_TEST

START_TEST(frame_without_function_is_no_wrapper)
{
	static const char *const extra[] = {"*", NULL};
	struct wrappers *wrappers = NULL;

	ck_assert_int_eq(wrappers_new(extra, &wrappers, NULL), 0);
	ck_assert(!is_wrapper(wrappers, NULL));
	wrappers_free(wrappers);
}
END_TEST

START_TEST(functions_of_rusts_library_are_known_by_their_file)
{
	struct frame frame = {.function = "<u32 as core::fmt::Display>::fmt", .module = ""};
	struct wrappers *wrappers = NULL;

	ck_assert_int_eq(wrappers_new(NULL, &wrappers, NULL), 0);
	ck_assert(!wrappers_match(wrappers, &frame));
	frame.file = "/home/me/src/main.rs";
	ck_assert(!wrappers_match(wrappers, &frame));
	frame.file = "/rustc/59807616e1fa2540/library/core/src/fmt/num.rs";
	ck_assert(wrappers_match(wrappers, &frame));
	wrappers_free(wrappers);
}
END_TEST

START_TEST(patterns_of_the_user_are_added)
{
	static const char *const extra[] = {"pool_*", "/^get_(page|slab)$/", "plain", NULL};
	struct wrappers *wrappers = NULL;

	ck_assert_int_eq(wrappers_new(extra, &wrappers, NULL), 0);
	ck_assert(is_wrapper(wrappers, "pool_take"));
	ck_assert(is_wrapper(wrappers, "get_slab"));
	ck_assert(is_wrapper(wrappers, "plain"));
	ck_assert(is_wrapper(wrappers, "xmalloc"));
	ck_assert(!is_wrapper(wrappers, "forget_slab"));
	ck_assert(!is_wrapper(wrappers, "plainly"));
	wrappers_free(wrappers);
}
END_TEST

START_TEST(bad_pattern_of_the_user_is_refused)
{
	static const char *const extra[] = {"fine", "re:a(", NULL};
	struct wrappers *wrappers = NULL;
	struct error error = {""};

	ck_assert_int_eq(wrappers_new(extra, &wrappers, &error), -EINVAL);
	ck_assert_ptr_nonnull(strstr(error.text, "a("));
}
END_TEST

START_TEST(own_frames_are_known_by_their_module)
{
	static const struct {
		const char *module;
		bool is_own;
	} rows[] = {
		{"/usr/lib/x86_64-linux-gnu/libmemtrace.so", true},
		{"libmemtrace.so", true},
		{"/opt/libmemtrace-libunwind.so", true},
		{"/opt/libmemtrace.so.d/app", false},
		{"/opt/notlibmemtrace.so", false},
		{"", false},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct frame frame = {.function = "malloc", .module = rows[i].module};

		ck_assert_msg(wrappers_is_own(&frame) == rows[i].is_own, "%s", rows[i].module);
	}
}
END_TEST

START_TEST(each_group_says_why_it_is_there)
{
	ck_assert_uint_gt(wrapper_group_count, 0);
	for (size_t i = 0; i < wrapper_group_count; i++) {
		ck_assert_uint_gt(strlen(wrapper_groups[i].reason), 0);
		ck_assert_ptr_nonnull(wrapper_groups[i].functions[0]);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("wrappers");
	TCase *tests = tcase_create("names");

	tcase_add_test(tests, wrappers_of_each_language_are_known);
	tcase_add_test(tests, functions_of_the_program_are_no_wrappers);
	tcase_add_test(tests, frame_without_function_is_no_wrapper);
	tcase_add_test(tests, functions_of_rusts_library_are_known_by_their_file);
	tcase_add_test(tests, patterns_of_the_user_are_added);
	tcase_add_test(tests, bad_pattern_of_the_user_is_refused);
	tcase_add_test(tests, own_frames_are_known_by_their_module);
	tcase_add_test(tests, each_group_says_why_it_is_there);
	suite_add_tcase(suite, tests);
	return suite;
}
