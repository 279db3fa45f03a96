/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_progress.c - the line appears on a terminal only, when its time has come, and is wiped.
 */
#define _GNU_SOURCE 1
#include "base/progress.h"

#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit.h"

static int terminal, saved;

/* Puts a new terminal, whose other end is `terminal`, in the place of standard error. */
static void setup(void)
{
	int inner;

	ck_assert_int_eq(openpty(&terminal, &inner, NULL, NULL, NULL), 0);
	ck_assert_int_eq(fcntl(terminal, F_SETFL, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	dup2(inner, STDERR_FILENO);
	close(inner);
}

static void teardown(void)
{
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(terminal);
}

/* What was written since; "" if nothing. */
static const char *written(void)
{
	static char text[512];
	ssize_t bytes;

	fflush(stderr);
	bytes = read(terminal, text, sizeof(text) - 1);
	text[bytes > 0 ? bytes : 0] = '\0';
	return text;
}

START_TEST(nothing_is_written_at_first)
{
	struct progress progress;

	progress_init(&progress, "reading", true);
	progress_update(&progress, 1, 2, NULL);
	progress_fini(&progress);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(line_is_written_in_time_and_wiped)
{
	struct progress progress;

	progress_init(&progress, "reading", true);
	progress.next_ns = 0;
	progress_update(&progress, 1, 2, "/usr/lib/libfoo.so");
	ck_assert_str_eq(written(), "\r\033[Kreading: 50% /usr/lib/libfoo.so");
	progress_fini(&progress);
	ck_assert_str_eq(written(), "\r\033[K");
}
END_TEST

START_TEST(long_detail_keeps_its_end)
{
	struct progress progress;
	char detail[101];

	memset(detail, 'a', 99);
	strcpy(detail + 99, "z");
	progress_init(&progress, "reading", true);
	progress.next_ns = 0;
	progress_update(&progress, 0, 0, detail);
	ck_assert_ptr_nonnull(strstr(written(), "100% aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaz"));
	progress_fini(&progress);
}
END_TEST

START_TEST(nothing_is_written_when_not_wanted)
{
	struct progress progress;

	progress_init(&progress, "reading", false);
	progress.next_ns = 0;
	progress_update(&progress, 1, 2, NULL);
	progress_fini(&progress);
	ck_assert_str_eq(written(), "");
}
END_TEST

START_TEST(nothing_is_written_into_a_pipe)
{
	struct progress progress;
	char byte;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_NONBLOCK), 0);
	dup2(ends[1], STDERR_FILENO);
	progress_init(&progress, "reading", true);
	progress.next_ns = 0;
	progress_update(&progress, 1, 2, NULL);
	progress_fini(&progress);
	fflush(stderr);
	ck_assert_int_eq(read(ends[0], &byte, 1), -1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("progress");
	TCase *tests = tcase_create("line");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, nothing_is_written_at_first);
	tcase_add_test(tests, line_is_written_in_time_and_wiped);
	tcase_add_test(tests, long_detail_keeps_its_end);
	tcase_add_test(tests, nothing_is_written_when_not_wanted);
	tcase_add_test(tests, nothing_is_written_into_a_pipe);
	suite_add_tcase(suite, tests);
	return suite;
}
