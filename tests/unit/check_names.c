/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_names.c - files go where MEMTRACE_OUT says, else beside the program's work, and those of a session's other
 * processes into a folder that nobody else can write to.
 */
#define _GNU_SOURCE
#include "names.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "trace_case.h"
#include "unit.h"

static struct options options;
static struct names names;
static char path[OPTIONS_PATH_MAX], expected[OPTIONS_PATH_MAX];
static char folder[TRACE_CASE_PATH_MAX];

static void start(void)
{
	trace_case_start_empty();
	trace_case_path("app.snap.d", folder);
	unsetenv("TMPDIR");
	memset(&options, 0, sizeof(options));
	memset(&names, 0, sizeof(names));
	names_init(&names, &options);
}

static void finish(void)
{
	(void)rmdir(folder);
	trace_case_finish();
}

static const char *attempt(uint32_t number)
{
	ck_assert(names_try(&names, &options, number, path));
	return path;
}

static const char *expect(const char *format, ...) __attribute__((format(printf, 1, 2)));
static const char *expect(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(expected, sizeof(expected), format, arguments);
	va_end(arguments);
	return expected;
}

START_TEST(process_knows_itself)
{
	char line[1024], word[64], *p;
	FILE *stat = fopen("/proc/self/stat", "r");

	ck_assert_ptr_nonnull(fgets(line, sizeof(line), stat));
	fclose(stat);
	p = strrchr(line, ')');
	for (int i = 3; i <= 22; i++)
		p = strchr(p + 1, ' ');
	snprintf(word, sizeof(word), " %lu", (unsigned long)names.start_ticks);
	ck_assert_int_eq(strncmp(p, word, strlen(word)), 0);
	ck_assert_str_eq(names.program, "check_names");
	ck_assert(names.is_first);
}
END_TEST

START_TEST(without_options_the_working_directory_comes_first_then_tmpdir_then_tmp)
{
	char cwd[OPTIONS_PATH_MAX - 64];
	int pid = getpid();

	ck_assert_ptr_nonnull(getcwd(cwd, sizeof(cwd)));
	ck_assert_str_eq(attempt(0), expect("%s/check_names.%d.snap", cwd, pid));
	ck_assert_str_eq(attempt(1), expect("/tmp/check_names.%d.snap", pid));
	setenv("TMPDIR", "/var/tmp", 1);
	ck_assert_str_eq(attempt(1), expect("/var/tmp/check_names.%d.snap", pid));
	setenv("TMPDIR", "relative", 1);
	ck_assert_str_eq(attempt(1), expect("/tmp/check_names.%d.snap", pid));
	ck_assert_str_eq(attempt(2), expect("/tmp/check_names.%d.snap", pid));
	ck_assert_str_eq(attempt(3), expect("%s/check_names.%d.1.snap", cwd, pid));
}
END_TEST

START_TEST(program_with_more_rights_than_its_caller_writes_to_tmp_only)
{
	setenv("TMPDIR", folder, 1);
	options.is_secure = true;
	for (uint32_t number = 0; number < 6; number += 3)
		for (uint32_t place = 0; place < 3; place++)
			ck_assert_str_eq(attempt(number + place),
					 number == 0
						 ? expect("/tmp/check_names.%d.snap", getpid())
						 : expect("/tmp/check_names.%d.1.snap", getpid()));
}
END_TEST

START_TEST(removed_working_directory_does_not_become_the_root)
{
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(chdir(folder), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	names_init(&names, &options);
	ck_assert_str_eq(attempt(0), expect("/tmp/check_names.%d.snap", getpid()));
	strcpy(options.out, "out.snap");
	ck_assert_str_eq(attempt(0), "/tmp/out.snap");
}
END_TEST

START_TEST(folder_as_output_holds_the_default_name)
{
	strcpy(options.out, "/tmp");
	ck_assert_str_eq(attempt(0), expect("/tmp/check_names.%d.snap", getpid()));
	ck_assert_str_eq(attempt(2), expect("/tmp/check_names.%d.2.snap", getpid()));
}
END_TEST

/* By the clock that names.c reads: time() is up to a tick behind it, still in the second before. */
static long realtime_second(void)
{
	struct timespec now;

	ck_assert_int_eq(clock_gettime(CLOCK_REALTIME, &now), 0);
	return now.tv_sec;
}

START_TEST(pattern_is_expanded)
{
	char host[256];
	long before = realtime_second(), second;

	ck_assert_int_eq(gethostname(host, sizeof(host)), 0);
	strcpy(options.out, "/tmp/%e-%p-%h-%n-%%-%z-100%.snap");
	ck_assert_str_eq(attempt(7),
			 expect("/tmp/check_names-%d-%s-7-%%-z-100.snap", getpid(), host));
	strcpy(options.out, "/tmp/%t");
	second = atol(attempt(0) + strlen("/tmp/"));
	ck_assert_int_ge(second, before);
	ck_assert_int_le(second, realtime_second());
	strcpy(options.out, "/tmp/x%");
	ck_assert_str_eq(attempt(0), "/tmp/x%");
}
END_TEST

START_TEST(pattern_without_number_gets_one_from_the_second_attempt_on)
{
	strcpy(options.out, "/tmp/file");
	ck_assert_str_eq(attempt(0), "/tmp/file");
	ck_assert_str_eq(attempt(1), "/tmp/file.1");
	strcpy(options.out, "/tmp/file.snap");
	ck_assert_str_eq(attempt(0), "/tmp/file.snap");
	ck_assert_str_eq(attempt(2), "/tmp/file.2.snap");
	strcpy(options.out, "/tmp/file.%n");
	ck_assert_str_eq(attempt(0), "/tmp/file.0");
	ck_assert_str_eq(attempt(1), "/tmp/file.1");
}
END_TEST

START_TEST(relative_pattern_lies_in_the_working_directory)
{
	ck_assert_int_eq(chdir("/tmp"), 0);
	names_init(&names, &options);
	strcpy(options.out, "sub/file");
	ck_assert_str_eq(attempt(0), "/tmp/sub/file");
}
END_TEST

START_TEST(live_folder_takes_precedence)
{
	strcpy(options.out, "/tmp/file");
	strcpy(options.live, "/dev");
	ck_assert_str_eq(attempt(0), expect("/dev/check_names.%d.snap", getpid()));
}
END_TEST

START_TEST(names_run_out)
{
	ck_assert(!names_try(&names, &options, 3000, path));
	strcpy(options.out, "/tmp/file");
	ck_assert(!names_try(&names, &options, 1000, path));
	memset(options.out, 'x', sizeof(options.out) - 1);
	ck_assert(!names_try(&names, &options, 0, path));
}
END_TEST

/* As the environment of a session's processes says. */
static void join(int pid, uint64_t ticks)
{
	strcpy(options.session, folder);
	options.session_pid = (uint64_t)pid;
	options.session_start_ticks = ticks;
	memset(&names, 0, sizeof(names));
	names_init(&names, &options);
}

START_TEST(first_process_of_a_session_gets_the_name_of_the_folder)
{
	char file[TRACE_CASE_PATH_MAX];

	trace_case_path("app.snap", file);
	join(getpid(), names.start_ticks);
	ck_assert(names.is_first);
	ck_assert_str_eq(attempt(0), file);
	/* no folder before there is another process */
	ck_assert_int_ne(access(folder, F_OK), 0);
}
END_TEST

START_TEST(image_that_the_first_process_execs_goes_into_the_folder)
{
	join(getpid(), names.start_ticks);
	ck_assert_str_eq(attempt(1), expect("%s/check_names.%d.1.snap", folder, getpid()));
	ck_assert(!names.is_first);
}
END_TEST

START_TEST(other_processes_go_into_the_folder)
{
	struct stat info;

	join(getpid() + 1, names.start_ticks);
	ck_assert(!names.is_first);
	ck_assert_str_eq(attempt(0), expect("%s/check_names.%d.snap", folder, getpid()));
	ck_assert_str_eq(attempt(1), expect("%s/check_names.%d.1.snap", folder, getpid()));
	ck_assert_int_eq(stat(folder, &info), 0);
	ck_assert_uint_eq(info.st_mode & 07777, 0700);
	/* a pid that came round again is another process */
	join(getpid(), names.start_ticks + 1);
	ck_assert(!names.is_first);
}
END_TEST

START_TEST(folder_that_others_may_write_to_is_not_used)
{
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(chmod(folder, 0777), 0);
	join(getpid() + 1, 1);
	ck_assert(!names_try(&names, &options, 0, path));
	ck_assert_int_eq(chmod(folder, 0770), 0);
	ck_assert(!names_try(&names, &options, 0, path));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert(names_try(&names, &options, 0, path));
}
END_TEST

START_TEST(folder_of_somebody_else_is_not_used)
{
	if (geteuid() != 0)
		return; /* only root can make one */
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	ck_assert_int_eq(chown(folder, 65534, 65534), 0);
	join(getpid() + 1, 1);
	ck_assert(!names_try(&names, &options, 0, path));
}
END_TEST

START_TEST(link_to_a_folder_is_not_used)
{
	ck_assert_int_eq(symlink("/tmp", folder), 0);
	join(getpid() + 1, 1);
	ck_assert(!names_try(&names, &options, 0, path));
	ck_assert_int_eq(unlink(folder), 0);
}
END_TEST

START_TEST(session_of_its_own_is_named_after_its_file)
{
	names_set_session(&names, "/tmp/app.1.snap");
	ck_assert_str_eq(names.session, "/tmp/app.1.snap.d");
	ck_assert_uint_eq(names.session_pid, (uint64_t)getpid());
	ck_assert_uint_eq(names.session_start_ticks, names.start_ticks);
	/* once and for all */
	names_set_session(&names, "/tmp/other");
	ck_assert_str_eq(names.session, "/tmp/app.1.snap.d");
}
END_TEST

START_TEST(forked_child_is_one_of_the_others)
{
	strcpy(names.session, folder);
	names_after_fork(&names);
	ck_assert(!names.is_first);
	ck_assert_str_eq(attempt(0), expect("%s/check_names.%d.snap", folder, getpid()));
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("names");
	TCase *tests = tcase_create("names");

	tcase_add_checked_fixture(tests, start, finish);
	tcase_add_test(tests, process_knows_itself);
	tcase_add_test(tests,
		       without_options_the_working_directory_comes_first_then_tmpdir_then_tmp);
	tcase_add_test(tests, program_with_more_rights_than_its_caller_writes_to_tmp_only);
	tcase_add_test(tests, removed_working_directory_does_not_become_the_root);
	tcase_add_test(tests, folder_as_output_holds_the_default_name);
	tcase_add_test(tests, pattern_is_expanded);
	tcase_add_test(tests, pattern_without_number_gets_one_from_the_second_attempt_on);
	tcase_add_test(tests, relative_pattern_lies_in_the_working_directory);
	tcase_add_test(tests, live_folder_takes_precedence);
	tcase_add_test(tests, names_run_out);
	tcase_add_test(tests, first_process_of_a_session_gets_the_name_of_the_folder);
	tcase_add_test(tests, image_that_the_first_process_execs_goes_into_the_folder);
	tcase_add_test(tests, other_processes_go_into_the_folder);
	tcase_add_test(tests, folder_that_others_may_write_to_is_not_used);
	tcase_add_test(tests, folder_of_somebody_else_is_not_used);
	tcase_add_test(tests, link_to_a_folder_is_not_used);
	tcase_add_test(tests, session_of_its_own_is_named_after_its_file);
	tcase_add_test(tests, forked_child_is_one_of_the_others);
	suite_add_tcase(suite, tests);
	return suite;
}
