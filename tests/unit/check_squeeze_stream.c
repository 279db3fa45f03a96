/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_squeeze_stream.c - what goes through the buffer arrives whole, and never in a file that is not ours.
 */
#define _GNU_SOURCE 1
#include "squeeze_stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memtrace/crc32c.h"
#include "unit.h"

#define PIECE 1000
#define TOTAL (3 * SQUEEZE_STREAM_BYTES + 77)

static char folder[64], path[96];
static char buffer[SQUEEZE_STREAM_BYTES];
static unsigned char content[TOTAL], found[TOTAL + 1];

static void setup(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_squeeze.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/new", folder);
	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (unsigned char)(i * 31 + i / 251);
}

static void teardown(void)
{
	(void)unlink(path);
	(void)rmdir(folder);
}

static size_t read_back(void)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t bytes = read(fd, found, sizeof(found));

	ck_assert_int_ge(bytes, 0);
	close(fd);
	return (size_t)bytes;
}

START_TEST(pieces_of_any_size_arrive_with_the_checksum_of_the_whole)
{
	struct squeeze_file file;
	struct squeeze_stream stream;
	size_t zeros = TOTAL / 2;

	ck_assert_int_eq(squeeze_file_open(&file, path, 2 * TOTAL), 0);
	squeeze_stream_begin(&stream, &file, buffer, 0);
	for (size_t at = 0; at < TOTAL - zeros; at += PIECE)
		squeeze_stream_add(&stream, content + at,
				   TOTAL - zeros - at < PIECE ? TOTAL - zeros - at : PIECE);
	squeeze_stream_add_zeros(&stream, zeros);
	squeeze_stream_end(&stream);
	memset(content + TOTAL - zeros, 0, zeros);
	ck_assert_uint_eq(stream.crc, mt_crc32c(0, content, TOTAL));
	ck_assert_int_eq(squeeze_file_close(&file, path, TOTAL), 0);
	ck_assert_uint_eq(read_back(), TOTAL);
	ck_assert_mem_eq(found, content, TOTAL);
}
END_TEST

START_TEST(two_streams_write_side_by_side)
{
	static char other[SQUEEZE_STREAM_BYTES];
	struct squeeze_stream first, second;
	struct squeeze_file file;
	size_t half = TOTAL / 2;

	ck_assert_int_eq(squeeze_file_open(&file, path, TOTAL), 0);
	squeeze_stream_begin(&first, &file, buffer, 0);
	squeeze_stream_begin(&second, &file, other, half);
	for (size_t at = 0; at < half; at += 7) {
		size_t bytes = half - at < 7 ? half - at : 7;

		squeeze_stream_add(&first, content + at, bytes);
		squeeze_stream_add(&second, content + half + at, bytes);
	}
	squeeze_stream_end(&second);
	squeeze_stream_end(&first);
	ck_assert_int_eq(squeeze_file_close(&file, path, 2 * half), 0);
	ck_assert_uint_eq(read_back(), 2 * half);
	ck_assert_mem_eq(found, content, 2 * half);
}
END_TEST

/* A program that closes all descriptors and opens a file of its own gets our number for it. */
START_TEST(file_of_the_program_is_not_written_to)
{
	char foreign_path[96];
	struct squeeze_file file;
	struct stat status;
	int foreign;

	(void)snprintf(foreign_path, sizeof(foreign_path), "%s/foreign", folder);
	ck_assert_int_eq(squeeze_file_open(&file, path, 4096), 0);
	foreign = open(foreign_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	ck_assert_int_ge(foreign, 0);
	ck_assert_int_eq(dup2(foreign, file.fd), file.fd);
	squeeze_file_write(&file, "harm", 4, 0);
	ck_assert_int_eq(squeeze_file_close(&file, path, 4096), -EBADF);
	ck_assert_int_eq(fstat(file.fd, &status), 0);
	ck_assert_int_eq(status.st_size, 0);
	ck_assert_int_lt(access(path, F_OK), 0);
	close(file.fd);
	close(foreign);
	(void)unlink(foreign_path);
}
END_TEST

START_TEST(file_beyond_the_size_limit_is_refused_without_a_signal)
{
	const struct rlimit limit = {8192, RLIM_INFINITY};
	struct squeeze_file file;

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(squeeze_file_open(&file, path, 8193), -EFBIG);
	ck_assert_int_eq(squeeze_file_open(&file, path, 8192), 0);
	squeeze_file_write(&file, content, 8192, 0);
	ck_assert_int_eq(squeeze_file_close(&file, path, 8192), 0);
}
END_TEST

START_TEST(file_that_is_there_is_not_replaced)
{
	struct squeeze_file file;

	ck_assert_int_eq(squeeze_file_open(&file, path, 16), 0);
	squeeze_file_write(&file, content, 16, 0);
	ck_assert_int_eq(squeeze_file_close(&file, path, 16), 0);
	ck_assert_int_eq(squeeze_file_open(&file, path, 16), -EEXIST);
	ck_assert_uint_eq(read_back(), 16);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("squeeze_stream");
	TCase *tests = tcase_create("files");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, pieces_of_any_size_arrive_with_the_checksum_of_the_whole);
	tcase_add_test(tests, two_streams_write_side_by_side);
	tcase_add_test(tests, file_of_the_program_is_not_written_to);
	tcase_add_test(tests, file_beyond_the_size_limit_is_refused_without_a_signal);
	tcase_add_test(tests, file_that_is_there_is_not_replaced);
	suite_add_tcase(suite, tests);
	return suite;
}
