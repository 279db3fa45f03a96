/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbolize_memory.c - each allocation of the symbolizer may fail: less is then known, and nothing breaks.
 *
 * The allocation functions below stand in front of the C library's for the whole program, but fail only when
 * this program's own code calls them: what a library makes of a failure is not tested here.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "model/source.h"
#include "model/wrappers.h"
#include "object_fixture.h"
#include "unit.h"

#if !defined(__SANITIZE_ADDRESS__) && defined(__GLIBC__)

extern char __executable_start[], etext[];
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);

static size_t countdown; /* the allocation that fails; 0 = none */

static bool is_to_fail(const char *caller)
{
	if (countdown == 0 || caller < __executable_start || caller >= etext)
		return false;
	return --countdown == 0;
}

/* The address that a function returns to tells who called it. */
#define CALLER ((const char *)__builtin_return_address(0))

void *malloc(size_t bytes)
{
	return is_to_fail(CALLER) ? NULL : __libc_malloc(bytes);
}

void *calloc(size_t count, size_t bytes)
{
	return is_to_fail(CALLER) ? NULL : __libc_calloc(count, bytes);
}

void *realloc(void *block, size_t bytes)
{
	return is_to_fail(CALLER) ? NULL : __libc_realloc(block, bytes);
}

void *reallocarray(void *block, size_t count, size_t bytes)
{
	size_t total;

	if (__builtin_mul_overflow(count, bytes, &total) || is_to_fail(CALLER))
		return NULL;
	return __libc_realloc(block, total);
}

static struct object_fixture fixture;

static void setup(void)
{
	object_fixture_init(&fixture);
	object_run(&fixture, "g++ -O1 -g -fPIC -shared -o names.so $S/names.cc && "
			     "gcc -O2 -g -fPIC -shared -o lib.so $S/inlined.c && "
			     "strip lib.so -o stripped.so");
}

static void teardown(void)
{
	object_fixture_fini(&fixture);
}

struct place {
	const char *object, *stripped, *symbol;
};

static const struct place places[] = {
	{"lib.so", "lib.so", "place_inner"},
	{"lib.so", "stripped.so", "place_inner"},
	{"names.so", "names.so", "place_inlined_member"},
};

/* Returns whether every list had a frame. Checks nothing itself: Check allocates for that. */
static bool look_up(struct module modules[2], uint64_t address)
{
	struct location locations[] = {
		{.kind = LOCATION_CODE, .module = 1, .offset = address},
		{.kind = LOCATION_CODE, .module = 0, .offset = address},
		{.kind = LOCATION_THREAD, .name = "main"},
	};
	struct snapshot snapshot = {
		.modules = modules,
		.module_count = 2,
		.locations = locations,
		.location_count = 3,
	};
	struct symbolizer *symbolizer = NULL;
	bool is_whole = true;

	if (symbolizer_new(&fixture.options, &symbolizer, NULL) != 0)
		return true;
	for (uint32_t i = 0; i < snapshot.location_count; i++) {
		struct frame_list list = symbolize_location(symbolizer, &snapshot, i);

		is_whole = is_whole && list.count >= 1 && list.frames[0].module &&
			   list.frames[0].build_id;
	}
	symbolizer_free(symbolizer);
	return is_whole;
}

START_TEST(every_allocation_of_a_look_up_may_fail)
{
	const struct place *place = &places[_i];
	struct module modules[2] = {{.path = ""}, {.path = ""}};
	uint64_t address = object_address(&fixture, place->object, place->symbol);
	size_t failed_count = 0;

	modules[1] = object_module(&fixture, place->stripped, true);
	for (bool has_failed = true; has_failed; failed_count += has_failed) {
		bool is_whole;

		countdown = failed_count + 1;
		is_whole = look_up(modules, address);
		has_failed = countdown == 0;
		countdown = 0;
		ck_assert(is_whole);
	}
	ck_assert_uint_gt(failed_count, 20);
}
END_TEST

START_TEST(every_allocation_of_wrappers_may_fail)
{
	static const char *const extra[] = {"pool_*", "re:^x", NULL};
	size_t failed_count = 0;

	for (bool has_failed = true; has_failed; failed_count += has_failed) {
		struct wrappers *wrappers = NULL;
		int status;

		countdown = failed_count + 1;
		status = wrappers_new(extra, &wrappers, NULL);
		has_failed = countdown == 0;
		countdown = 0;
		ck_assert_int_eq(status, has_failed ? -ENOMEM : 0);
		wrappers_free(wrappers);
	}
	ck_assert_uint_gt(failed_count, 20);
}
END_TEST

START_TEST(every_allocation_for_a_source_line_may_fail)
{
	size_t failed_count = 0;

	for (bool has_failed = true; has_failed; failed_count += has_failed) {
		struct source *source = NULL;
		const char *line = NULL;

		countdown = failed_count + 1;
		if (source_new(NULL, &source, NULL) == 0)
			line = source_line(source, OBJECT_SOURCES "/inlined.c", 1);
		has_failed = countdown == 0;
		countdown = 0;
		if (!has_failed)
			ck_assert_str_eq(line, "/* SPDX-License-Identifier: Apache-2.0 */");
		source_free(source);
	}
	ck_assert_uint_ge(failed_count, 5);
}
END_TEST

static void add_tests(TCase *tests)
{
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, every_allocation_of_a_look_up_may_fail, 0,
			    sizeof(places) / sizeof(places[0]));
	tcase_add_test(tests, every_allocation_of_wrappers_may_fail);
	tcase_add_test(tests, every_allocation_for_a_source_line_may_fail);
}

#else

/* The address sanitizer has allocation functions of its own. */
static void add_tests(TCase *tests)
{
	(void)tests;
}

#endif

Suite *unit_suite(void)
{
	Suite *suite = suite_create("symbolize_memory");
	TCase *tests = tcase_create("no memory");

	tcase_set_timeout(tests, 60);
	add_tests(tests);
	suite_add_tcase(suite, tests);
	return suite;
}
