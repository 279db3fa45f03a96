/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_preload_options.c - every variable's good values are taken; a bad one costs one message and is replaced by
 * the default.
 */
#define _GNU_SOURCE
#include "options.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "memtrace/env.h"
#include "memtrace/format.h"
#include "unit.h"

static struct options options, defaults;
static struct options_complaints complaints;

static void start(void)
{
	clearenv();
	options_read(&defaults, &complaints);
	ck_assert_uint_eq(complaints.count, 0);
}

static void read_with(const char *name, const char *value)
{
	clearenv();
	ck_assert_int_eq(setenv(name, value, 1), 0);
	memset(&options, 0, sizeof(options));
	options_read(&options, &complaints);
}

static void take(const char *name, const char *value)
{
	read_with(name, value);
	ck_assert_msg(complaints.count == 0, "%s=%s: %s", name, value, complaints.text[0]);
}

START_TEST(defaults_are_those_of_the_manual)
{
	ck_assert_str_eq(defaults.out, "");
	ck_assert_str_eq(defaults.live, "");
	ck_assert_str_eq(defaults.session, "");
	ck_assert_uint_eq(defaults.depth_max, 4096);
	ck_assert_uint_eq(defaults.unwinder, MT_UNWINDER_CFI);
	ck_assert_uint_eq(defaults.snapshot_every_ns, 0);
	ck_assert_uint_eq(defaults.snapshot_keep, 100);
	ck_assert_int_eq(defaults.snapshot_signal, 0);
	ck_assert_int_eq(defaults.snapshot_at[0].kind, SNAPSHOT_AT_NONE);
	ck_assert(!defaults.starts_off && !defaults.is_quiet && !defaults.reads_rss &&
		  !defaults.stores_command_line && defaults.follows_children);
}
END_TEST

START_TEST(empty_variable_is_as_if_it_were_not_set)
{
	take(MT_ENV_DEPTH, "");
	ck_assert_mem_eq(&options, &defaults, sizeof(options));
}
END_TEST

START_TEST(paths_are_taken_as_they_are)
{
	take(MT_ENV_OUT, "some where/%e.%p");
	ck_assert_str_eq(options.out, "some where/%e.%p");
	take(MT_ENV_LIVE, "/dev/shm");
	ck_assert_str_eq(options.live, "/dev/shm");
}
END_TEST

START_TEST(numbers_are_taken)
{
	take(MT_ENV_DEPTH, "1");
	ck_assert_uint_eq(options.depth_max, 1);
	take(MT_ENV_DEPTH, "4096");
	ck_assert_uint_eq(options.depth_max, 4096);
	take(MT_ENV_SNAPSHOT_KEEP, "2");
	ck_assert_uint_eq(options.snapshot_keep, 2);
	take(MT_ENV_SNAPSHOT_KEEP, "100000");
	ck_assert_uint_eq(options.snapshot_keep, 100000);
	take(MT_ENV_SNAPSHOT_EVERY, "30s");
	ck_assert_uint_eq(options.snapshot_every_ns, UINT64_C(30000000000));
	take(MT_ENV_SNAPSHOT_EVERY, "1h");
	ck_assert_uint_eq(options.snapshot_every_ns, UINT64_C(3600000000000));
	take(MT_ENV_SAMPLE, "512K");
	ck_assert_uint_eq(options.sample_bytes, 524288);
	take(MT_ENV_SAMPLE, "1G");
	ck_assert_uint_eq(options.sample_bytes, UINT64_C(1) << 30);
	take(MT_ENV_SAMPLE, "0");
	ck_assert_uint_eq(options.sample_bytes, 0);
	ck_assert(!options.has_sample_seed);
	take(MT_ENV_SAMPLE_SEED, "0");
	ck_assert(options.has_sample_seed);
	take(MT_ENV_SAMPLE_SEED, "17");
	ck_assert_uint_eq(options.sample_seed, 17);
}
END_TEST

START_TEST(unwinders_are_taken)
{
	take(MT_ENV_UNWINDER, "libunwind");
	ck_assert_uint_eq(options.unwinder, MT_UNWINDER_LIBUNWIND);
	take(MT_ENV_UNWINDER, "cfi");
	ck_assert_uint_eq(options.unwinder, MT_UNWINDER_CFI);
}
END_TEST

START_TEST(snapshot_conditions_are_taken)
{
	take(MT_ENV_SNAPSHOT_AT, "live>2G,grow:256M,peak");
	ck_assert_int_eq(options.snapshot_at[0].kind, SNAPSHOT_AT_LIVE);
	ck_assert_uint_eq(options.snapshot_at[0].bytes, UINT64_C(2) << 30);
	ck_assert_int_eq(options.snapshot_at[1].kind, SNAPSHOT_AT_GROW);
	ck_assert_uint_eq(options.snapshot_at[1].bytes, UINT64_C(256) << 20);
	ck_assert_int_eq(options.snapshot_at[2].kind, SNAPSHOT_AT_PEAK);
	ck_assert_int_eq(options.snapshot_at[3].kind, SNAPSHOT_AT_NONE);
	take(MT_ENV_SNAPSHOT_AT, "peak,peak,peak,peak,peak,peak,peak,peak");
	ck_assert_int_eq(options.snapshot_at[7].kind, SNAPSHOT_AT_PEAK);
}
END_TEST

START_TEST(signals_are_taken_by_name_and_number)
{
	static const struct {
		const char *name;
		int number;
	} good[] = {{"USR1", SIGUSR1},	    {"SIGUSR2", SIGUSR2}, {"HUP", SIGHUP},
		    {"SIGWINCH", SIGWINCH}, {"10", 10},		  {"64", 64}};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		take(MT_ENV_SNAPSHOT_SIGNAL, good[i].name);
		ck_assert_int_eq(options.snapshot_signal, good[i].number);
	}
}
END_TEST

START_TEST(switches_are_taken_in_words)
{
	static const struct {
		const char *name;
		size_t offset;
		bool is_inverse;
	} switches[] = {{MT_ENV_START, offsetof(struct options, starts_off), true},
			{MT_ENV_QUIET, offsetof(struct options, is_quiet), false},
			{MT_ENV_FOLLOW, offsetof(struct options, follows_children), false},
			{MT_ENV_RSS, offsetof(struct options, reads_rss), false},
			{MT_ENV_REPORT_INVALID, offsetof(struct options, reports_invalid), false},
			{MT_ENV_CMDLINE, offsetof(struct options, stores_command_line), false}};
	static const char *const words[2][3] = {{"0", "off", "no"}, {"1", "on", "yes"}};

	for (size_t i = 0; i < sizeof(switches) / sizeof(switches[0]); i++)
		for (unsigned truth = 0; truth < 2; truth++)
			for (unsigned k = 0; k < 3; k++) {
				take(switches[i].name, words[truth][k]);
				ck_assert_int_eq(*(bool *)((char *)&options + switches[i].offset),
						 truth != switches[i].is_inverse);
			}
}
END_TEST

START_TEST(session_is_a_folder_a_pid_and_a_start_time)
{
	take(MT_ENV_SESSION, "/tmp/a:b/app.1.snap.d:1234:567890");
	ck_assert_str_eq(options.session, "/tmp/a:b/app.1.snap.d");
	ck_assert_uint_eq(options.session_pid, 1234);
	ck_assert_uint_eq(options.session_start_ticks, 567890);
}
END_TEST

static const struct {
	const char *name, *value;
} bad[] = {
	{MT_ENV_DEPTH, "0"},
	{MT_ENV_DEPTH, "4097"},
	{MT_ENV_DEPTH, "many"},
	{MT_ENV_DEPTH, "64 "},
	{MT_ENV_UNWINDER, "gdb"},
	{MT_ENV_UNWINDER, "CFI"},
	{MT_ENV_SNAPSHOT_EVERY, "0s"},
	{MT_ENV_SNAPSHOT_EVERY, "30"},
	{MT_ENV_SNAPSHOT_EVERY, "999999999999h"},
	{MT_ENV_SNAPSHOT_EVERY, "18446744074s"},
	{MT_ENV_SNAPSHOT_KEEP, "1"},
	{MT_ENV_SNAPSHOT_KEEP, "100001"},
	{MT_ENV_SNAPSHOT_KEEP, "all"},
	{MT_ENV_SNAPSHOT_AT, "live>"},
	{MT_ENV_SNAPSHOT_AT, "live>0"},
	{MT_ENV_SNAPSHOT_AT, "live=2G"},
	{MT_ENV_SNAPSHOT_AT, "grow:2X"},
	{MT_ENV_SNAPSHOT_AT, ",peak"},
	{MT_ENV_SNAPSHOT_AT, "peak,nonsense"},
	{MT_ENV_SNAPSHOT_AT, "peak,peak,peak,peak,peak,peak,peak,peak,peak"},
	{MT_ENV_SNAPSHOT_AT, "live>11111111111111111111111111111111111111"},
	{MT_ENV_SNAPSHOT_SIGNAL, "KILL"},
	{MT_ENV_SNAPSHOT_SIGNAL, "9"},
	{MT_ENV_SNAPSHOT_SIGNAL, "19"},
	{MT_ENV_SNAPSHOT_SIGNAL, "0"},
	{MT_ENV_SNAPSHOT_SIGNAL, "65"},
	{MT_ENV_SNAPSHOT_SIGNAL, "usr1"},
	{MT_ENV_SAMPLE, "-1"},
	{MT_ENV_SAMPLE, "512KB"},
	{MT_ENV_SAMPLE, "2G"},
	{MT_ENV_SAMPLE, "K"},
	{MT_ENV_SAMPLE_SEED, "seed"},
	{MT_ENV_START, "maybe"},
	{MT_ENV_QUIET, "2"},
	{MT_ENV_FOLLOW, "true"},
	{MT_ENV_RSS, "ON"},
	{MT_ENV_CMDLINE, "-"},
	{MT_ENV_SESSION, "/tmp/x"},
	{MT_ENV_SESSION, "/tmp/x:1"},
	{MT_ENV_SESSION, "relative:1:2"},
	{MT_ENV_SESSION, "/tmp/x:one:2"},
	{MT_ENV_SESSION, "/tmp/x:1:two"},
	{MT_ENV_SESSION, "/tmp/x:1:"},
	{MT_ENV_SESSION, "/tmp/x:1111111111111111111111111:2"},
};

START_TEST(bad_value_costs_one_message_and_gives_the_default)
{
	read_with(bad[_i].name, bad[_i].value);
	ck_assert_msg(complaints.count == 1, "%s=%s was taken", bad[_i].name, bad[_i].value);
	ck_assert_ptr_nonnull(strstr(complaints.text[0], bad[_i].name));
	ck_assert_ptr_nonnull(strstr(complaints.text[0], "expected"));
	ck_assert_msg(memcmp(&options, &defaults, sizeof(options)) == 0,
		      "%s=%s has changed something", bad[_i].name, bad[_i].value);
}
END_TEST

START_TEST(message_is_one_line_that_no_terminal_obeys)
{
	read_with(MT_ENV_DEPTH, "1\n\033[2J\177");
	ck_assert_uint_eq(complaints.count, 1);
	ck_assert_ptr_nonnull(strstr(complaints.text[0], "found \"1??[2J?\";"));
}
END_TEST

START_TEST(overlong_path_is_a_bad_value)
{
	static char path[OPTIONS_PATH_MAX + 10];

	memset(path, 'x', sizeof(path) - 1);
	read_with(MT_ENV_OUT, path);
	ck_assert_uint_eq(complaints.count, 1);
	ck_assert_str_eq(options.out, "");
	read_with(MT_ENV_LIVE, path);
	ck_assert_uint_eq(complaints.count, 1);
	path[OPTIONS_PATH_MAX - 1] = '\0';
	take(MT_ENV_OUT, path);
}
END_TEST

START_TEST(variable_is_found_by_its_whole_name)
{
	ck_assert_int_eq(setenv("MEMTRACE_OUTER", "x", 1), 0);
	ck_assert_ptr_null(options_environment(MT_ENV_OUT));
	ck_assert_int_eq(setenv(MT_ENV_OUT, "y=z", 1), 0);
	ck_assert_str_eq(options_environment(MT_ENV_OUT), "y=z");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("preload_options");
	TCase *tests = tcase_create("options");

	tcase_add_checked_fixture(tests, start, NULL);
	tcase_add_test(tests, defaults_are_those_of_the_manual);
	tcase_add_test(tests, empty_variable_is_as_if_it_were_not_set);
	tcase_add_test(tests, paths_are_taken_as_they_are);
	tcase_add_test(tests, numbers_are_taken);
	tcase_add_test(tests, unwinders_are_taken);
	tcase_add_test(tests, snapshot_conditions_are_taken);
	tcase_add_test(tests, signals_are_taken_by_name_and_number);
	tcase_add_test(tests, switches_are_taken_in_words);
	tcase_add_test(tests, session_is_a_folder_a_pid_and_a_start_time);
	tcase_add_loop_test(tests, bad_value_costs_one_message_and_gives_the_default, 0,
			    sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tests, message_is_one_line_that_no_terminal_obeys);
	tcase_add_test(tests, overlong_path_is_a_bad_value);
	tcase_add_test(tests, variable_is_found_by_its_whole_name);
	suite_add_tcase(suite, tests);
	return suite;
}
