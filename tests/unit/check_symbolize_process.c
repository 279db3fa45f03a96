/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbolize_process.c - modules that were deleted or replaced while their process runs are read through
 * the process, and only then.
 */
#define _GNU_SOURCE 1
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "object_fixture.h"
#include "unit.h"

static struct object_fixture fixture;
static struct module modules[3]; /* none, the executable, its library */
static uint64_t place_waits, place_inner;
static int pid;

/* Where a file is mapped first. */
static uint64_t mapped_at(const char *name)
{
	char path[64], line[512];
	uint64_t start = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "r");
	ck_assert_ptr_nonnull(maps);
	while (!start && fgets(line, sizeof(line), maps))
		if (strstr(line, name))
			start = strtoull(line, NULL, 16);
	fclose(maps);
	ck_assert_uint_ne(start, 0);
	return start;
}

static int pid_read(void)
{
	FILE *file = fopen(object_path(&fixture, "pid"), "r");
	int number = 0;

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(fscanf(file, "%d", &number), 1);
	fclose(file);
	return number;
}

static void setup(void)
{
	object_fixture_init(&fixture);
	object_run(&fixture, "gcc -O2 -g -fPIC -shared -o lib.so $S/inlined.c && "
			     "gcc -O2 -g -o app $S/waits.c ./lib.so && mkfifo ready && "
			     "{ ./app > ready & echo $! > pid; } && head -c 1 ready > /dev/null");
	pid = pid_read();
	place_waits = object_address(&fixture, "app", "place_waits");
	place_inner = object_address(&fixture, "lib.so", "place_inner");
	modules[0] = (struct module){.path = ""};
	modules[1] = object_module(&fixture, "app", true);
	modules[2] = object_module(&fixture, "lib.so", true);
}

static void teardown(void)
{
	kill(pid, SIGKILL);
	object_fixture_fini(&fixture);
}

static const char *name_in(uint32_t module, uint64_t address, enum snapshot_state state)
{
	struct location location = {.kind = LOCATION_CODE, .module = module, .offset = address};
	struct snapshot snapshot = {
		.header = {.pid = pid},
		.state = state,
		.modules = modules,
		.module_count = 3,
		.locations = &location,
		.location_count = 1,
	};
	struct frame_list list;

	if (!fixture.symbolizer)
		ck_assert_int_eq(symbolizer_new(&fixture.options, &fixture.symbolizer, NULL), 0);
	list = symbolize_location(fixture.symbolizer, &snapshot, 0);
	return list.frames[list.count - 1].function;
}

static const char *const changes[] = {
	"rm app",
	"g++ -shared -fPIC -o new $S/names.cc && mv new app",
};

START_TEST(deleted_or_replaced_executable_is_read_through_its_process)
{
	modules[1].flags = MT_MODULE_MAIN;
	object_run(&fixture, "%s", changes[_i]);
	ck_assert_pstr_eq(name_in(1, place_waits, SNAPSHOT_RUNNING), "waits_in");
	object_ck_warned(&fixture, "/exe");
}
END_TEST

START_TEST(deleted_library_is_read_through_its_mapping)
{
	if (geteuid() != 0)
		return;
	modules[2].start = mapped_at("/lib.so");
	object_run(&fixture, "rm lib.so");
	ck_assert_pstr_eq(name_in(2, place_inner, SNAPSHOT_RUNNING), "outer");
	object_ck_warned(&fixture, "/map_files/");
}
END_TEST

START_TEST(module_of_another_root_is_read_through_its_process)
{
	/* nothing is below this root for us; the process has another one */
	object_run(&fixture, "mkdir empty");
	fixture.options.sysroot = object_path(&fixture, "empty");
	ck_assert_pstr_eq(name_in(2, place_inner, SNAPSHOT_RUNNING), "outer");
	ck_assert_ptr_null(symbolizer_warnings(fixture.symbolizer)[0]);
}
END_TEST

START_TEST(process_that_ended_is_not_asked)
{
	modules[1].flags = MT_MODULE_MAIN;
	object_run(&fixture, "rm app");
	ck_assert_ptr_null(name_in(1, place_waits, SNAPSHOT_EXITED));
}
END_TEST

START_TEST(process_that_maps_something_else_is_not_believed)
{
	modules[1].flags = MT_MODULE_MAIN;
	modules[1].build_id[0] ^= 1;
	ck_assert_ptr_null(name_in(1, place_waits, SNAPSHOT_RUNNING));
	object_ck_warned(&fixture, "was replaced since");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("symbolize_process");
	TCase *tests = tcase_create("running processes");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, deleted_or_replaced_executable_is_read_through_its_process, 0,
			    sizeof(changes) / sizeof(changes[0]));
	tcase_add_test(tests, deleted_library_is_read_through_its_mapping);
	tcase_add_test(tests, module_of_another_root_is_read_through_its_process);
	tcase_add_test(tests, process_that_ended_is_not_asked);
	tcase_add_test(tests, process_that_maps_something_else_is_not_believed);
	suite_add_tcase(suite, tests);
	return suite;
}
