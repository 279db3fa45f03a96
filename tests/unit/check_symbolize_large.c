/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_symbolize_large.c - a debug file of more than 2 GiB is used like a small one, and read where it has something.
 */
#define _GNU_SOURCE
#include <elf.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "object_fixture.h"
#include "unit.h"

#define FAR ((uint64_t)5 << 29) /* 2.5 GiB */
#define RESIDENT_KIB_MAX 65536
#define SECTIONS_MAX 64

static struct object_fixture fixture;
static uint64_t place; /* an address in an inlined call in lib.so */

static void setup(void)
{
	object_fixture_init(&fixture);
	object_run(&fixture, "gcc -O2 -g -fPIC -shared -o lib.so $S/inlined.c");
	place = object_address(&fixture, "lib.so", "place_inner");
}

static void teardown(void)
{
	object_fixture_fini(&fixture);
}

static void move_section(int fd, Elf64_Shdr *section)
{
	void *bytes = malloc(section->sh_size);

	ck_assert_int_eq(pread(fd, bytes, section->sh_size, (off_t)section->sh_offset),
			 (intmax_t)section->sh_size);
	section->sh_offset += FAR;
	ck_assert_int_eq(pwrite(fd, bytes, section->sh_size, (off_t)section->sh_offset),
			 (intmax_t)section->sh_size);
	free(bytes);
}

/* Whatever the loader has no use for goes behind a hole. */
static void make_large(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	Elf64_Shdr sections[SECTIONS_MAX];
	ssize_t table_bytes;
	Elf64_Ehdr header;

	ck_assert_int_eq(pread(fd, &header, sizeof(header), 0), sizeof(header));
	ck_assert_uint_le(header.e_shnum, SECTIONS_MAX);
	table_bytes = header.e_shnum * (ssize_t)sizeof(sections[0]);
	ck_assert_int_eq(pread(fd, sections, (size_t)table_bytes, (off_t)header.e_shoff),
			 table_bytes);
	for (unsigned i = 0; i < header.e_shnum; i++)
		if ((sections[i].sh_flags & SHF_ALLOC) == 0 && sections[i].sh_type != SHT_NOBITS &&
		    sections[i].sh_size > 0)
			move_section(fd, &sections[i]);
	header.e_shoff += FAR;
	ck_assert_int_eq(pwrite(fd, sections, (size_t)table_bytes, (off_t)header.e_shoff),
			 table_bytes);
	ck_assert_int_eq(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	close(fd);
}

static long resident_kib_max(void)
{
	struct rusage usage;

	ck_assert_int_eq(getrusage(RUSAGE_SELF, &usage), 0);
	return usage.ru_maxrss;
}

static void ck_is_known(void)
{
	long before = resident_kib_max();
	struct frame_list list =
		object_frames(&fixture, object_module(&fixture, "lib.so", true), place);

	ck_assert_uint_eq(list.count, 3);
	ck_assert_str_eq(list.frames[0].function, "inner");
	ck_assert_uint_eq(list.frames[0].line, object_line("inlined.c", "in inner"));
	ck_assert_ptr_null(symbolizer_warnings(fixture.symbolizer)[0]);
	ck_assert_int_lt(resident_kib_max() - before, RESIDENT_KIB_MAX);
}

START_TEST(module_of_more_than_2_gib_is_used_and_not_read_whole)
{
	make_large(object_path(&fixture, "lib.so"));
	ck_is_known();
}
END_TEST

START_TEST(debug_file_of_more_than_2_gib_is_used_and_not_read_whole)
{
	object_run(&fixture, "objcopy --only-keep-debug lib.so lib.so.dbg && strip lib.so && "
			     "objcopy --add-gnu-debuglink=lib.so.dbg lib.so");
	make_large(object_path(&fixture, "lib.so.dbg"));
	ck_is_known();
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("large debug files");
	TCase *tests = tcase_create("large debug files");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, module_of_more_than_2_gib_is_used_and_not_read_whole);
	tcase_add_test(tests, debug_file_of_more_than_2_gib_is_used_and_not_read_whole);
	suite_add_tcase(suite, tests);
	return suite;
}
