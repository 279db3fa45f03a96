/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_trace_lost.c - a process without a file is counted in the first one's, and nothing else is written to.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define PID 4711
#define TICKS 81500
#define OTHER_USER 65534

static void start(void)
{
	trace_case_start();
	trace_file.header->pid = PID;
	trace_file.header->process_start_ticks = TICKS;
}

static mode_t mode_of(const char *path)
{
	struct stat info;

	ck_assert_int_eq(stat(path, &info), 0);
	return info.st_mode & 07777;
}

START_TEST(lost_process_is_counted_in_the_first_file)
{
	ck_assert(trace_file_tell_lost(trace_case_file(), PID, TICKS));
	ck_assert(trace_file_tell_lost(trace_case_file(), PID, TICKS));
	ck_assert_uint_eq(trace_file.drops[MT_DROP_CHILDREN], 2);
	for (uint32_t drop = 0; drop < MT_DROP_CHILDREN; drop++)
		ck_assert_uint_eq(trace_file.drops[drop], 0);
}
END_TEST

START_TEST(owner_without_privileges_is_counted_and_the_mode_stays)
{
	char folder[TRACE_CASE_PATH_MAX];
	pid_t child;

	if (geteuid() == 0) {
		trace_case_path("", folder);
		ck_assert_int_eq(chmod(folder, 0711), 0);
		ck_assert_int_eq(chown(trace_case_file(), OTHER_USER, (gid_t)-1), 0);
	}
	child = fork();
	if (child == 0) {
		if (geteuid() == 0 && setuid(OTHER_USER) != 0)
			_exit(2);
		_exit(!trace_file_tell_lost(trace_case_file(), PID, TICKS));
	}
	trace_case_wait(child);
	ck_assert_uint_eq(trace_file.drops[MT_DROP_CHILDREN], 1);
	ck_assert_uint_eq(mode_of(trace_case_file()), 0400);
}
END_TEST

START_TEST(file_of_another_process_is_left_alone)
{
	ck_assert(!trace_file_tell_lost(trace_case_file(), PID + 1, TICKS));
	ck_assert(!trace_file_tell_lost(trace_case_file(), PID, TICKS + 1));
	ck_assert_uint_eq(trace_file.drops[MT_DROP_CHILDREN], 0);
}
END_TEST

START_TEST(what_is_no_trace_file_is_left_alone)
{
	char path[TRACE_CASE_PATH_MAX];
	static char content[4096], after[4096];
	int fd;

	memset(content, 'x', sizeof(content));
	trace_case_path("precious", path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	ck_assert_int_eq(write(fd, content, sizeof(content)), sizeof(content));
	ck_assert(!trace_file_tell_lost(path, PID, TICKS));
	ck_assert_int_eq(pread(fd, after, sizeof(after), 0), sizeof(after));
	ck_assert_mem_eq(after, content, sizeof(content));
	ck_assert_uint_eq(mode_of(path), 0600);
	close(fd);
	trace_case_path("missing", path);
	ck_assert(!trace_file_tell_lost(path, PID, TICKS));
	trace_case_path("link", path);
	ck_assert_int_eq(symlink(trace_case_file(), path), 0);
	ck_assert(!trace_file_tell_lost(path, PID, TICKS));
	trace_case_path("fifo", path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert(!trace_file_tell_lost(path, PID, TICKS));
}
END_TEST

START_TEST(file_that_is_cut_short_raises_no_signal)
{
	off_t place = (char *)trace_file.drops - (char *)trace_file.header;

	ck_assert_int_eq(chmod(trace_case_file(), 0600), 0);
	ck_assert_int_eq(truncate(trace_case_file(), place & ~(off_t)4095), 0);
	ck_assert(!trace_file_tell_lost(trace_case_file(), PID, TICKS));
}
END_TEST

START_TEST(no_descriptor_stays_open)
{
	int before = trace_case_descriptors();

	ck_assert(trace_file_tell_lost(trace_case_file(), PID, TICKS));
	ck_assert(!trace_file_tell_lost(trace_case_file(), PID + 1, TICKS));
	ck_assert_int_eq(trace_case_descriptors(), before);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("trace_lost");
	TCase *all = tcase_create("all");

	tcase_add_checked_fixture(all, start, trace_case_finish);
	tcase_add_test(all, lost_process_is_counted_in_the_first_file);
	tcase_add_test(all, owner_without_privileges_is_counted_and_the_mode_stays);
	tcase_add_test(all, file_of_another_process_is_left_alone);
	tcase_add_test(all, what_is_no_trace_file_is_left_alone);
	tcase_add_test(all, file_that_is_cut_short_raises_no_signal);
	tcase_add_test(all, no_descriptor_stays_open);
	suite_add_tcase(suite, all);
	return suite;
}
