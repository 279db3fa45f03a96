/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbolize_jit.c - code of no module is named by the list that its own process wrote.
 */

#include "object_fixture.h"
#include "unit.h"

#define LIST_START_NS UINT64_C(1000000000000000000) /* in 2001 */

static struct object_fixture fixture;

static void setup(void)
{
	object_fixture_init(&fixture);
	object_run(&fixture, "mkdir -p root/tmp");
	fixture.options.sysroot = object_path(&fixture, "root");
}

static void teardown(void)
{
	object_fixture_fini(&fixture);
}

static const char *name_at(int pid, uint64_t start_ns, uint64_t address)
{
	struct module none = {.path = ""};
	struct location location = {.kind = LOCATION_CODE, .offset = address};
	struct snapshot snapshot = {
		.header = {.pid = pid, .start_realtime_ns = start_ns},
		.modules = &none,
		.module_count = 1,
		.locations = &location,
		.location_count = 1,
	};
	struct frame_list list;

	if (!fixture.symbolizer)
		ck_assert_int_eq(symbolizer_new(&fixture.options, &fixture.symbolizer, NULL), 0);
	list = symbolize_location(fixture.symbolizer, &snapshot, 0);
	ck_assert_uint_eq(list.count, 1);
	ck_assert_uint_eq(list.frames[0].offset, address);
	return list.frames[0].function;
}

START_TEST(address_has_the_name_of_its_range)
{
	object_run(&fixture, "printf '1000 10 first\\n1010 8 a b@c.cold\\n' > root/tmp/perf-7.map");
	ck_assert_str_eq(name_at(7, LIST_START_NS, 0x1000), "first");
	ck_assert_str_eq(name_at(7, LIST_START_NS, 0x100f), "first");
	ck_assert_str_eq(name_at(7, LIST_START_NS, 0x1010), "a b@c.cold");
	ck_assert_ptr_null(name_at(7, LIST_START_NS, 0x1018));
	ck_assert_ptr_null(name_at(7, LIST_START_NS, 0xfff));
}
END_TEST

START_TEST(later_line_replaces_an_earlier_one)
{
	object_run(&fixture, "printf '1000 10 old\\n1000 10 new\\n' > root/tmp/perf-7.map");
	ck_assert_str_eq(name_at(7, LIST_START_NS, 0x1008), "new");
}
END_TEST

START_TEST(same_address_of_two_processes_has_two_names)
{
	object_run(&fixture, "echo 1000 10 one > root/tmp/perf-7.map && "
			     "echo 1000 10 two > root/tmp/perf-8.map");
	ck_assert_str_eq(name_at(7, LIST_START_NS, 0x1000), "one");
	ck_assert_str_eq(name_at(8, LIST_START_NS, 0x1000), "two");
	ck_assert_ptr_null(name_at(9, LIST_START_NS, 0x1000));
}
END_TEST

START_TEST(list_older_than_the_process_is_not_used)
{
	object_run(&fixture, "echo 1000 10 stale > root/tmp/perf-7.map && "
			     "touch -d '2001-01-01 UTC' root/tmp/perf-7.map");
	ck_assert_ptr_null(name_at(7, LIST_START_NS, 0x1000));
}
END_TEST

static const char *const bad_lists[] = {
	"ln -s /etc/passwd root/tmp/perf-7.map",
	"mkfifo root/tmp/perf-7.map",
	"mkdir root/tmp/perf-7.map",
	"head -c 5000 /dev/urandom > root/tmp/perf-7.map",
	"printf '1000\\n1000 \\n1000 10\\n1000 10 \\nx y z\\n1000 0 none\\n' > root/tmp/perf-7.map",
	"echo ffffffffffffffff ffffffffffffffff over > root/tmp/perf-7.map",
};

START_TEST(bad_list_names_nothing)
{
	object_run(&fixture, "%s", bad_lists[_i]);
	ck_assert_ptr_null(name_at(7, LIST_START_NS, 0x1000));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("symbolize_jit");
	TCase *tests = tcase_create("lists");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, address_has_the_name_of_its_range);
	tcase_add_test(tests, later_line_replaces_an_earlier_one);
	tcase_add_test(tests, same_address_of_two_processes_has_two_names);
	tcase_add_test(tests, list_older_than_the_process_is_not_used);
	tcase_add_loop_test(tests, bad_list_names_nothing, 0,
			    sizeof(bad_lists) / sizeof(bad_lists[0]));
	suite_add_tcase(suite, tests);
	return suite;
}
