/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_os_region.c - mappings of one kind lie one behind the other, and who finds no room there gets a place elsewhere.
 */
#define _GNU_SOURCE
#include "os_region.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os.h"
#include "unit.h"

#define PAGE ((size_t)4096)

/* Rights of the mapping that an address is in, as "rw-p"; its first address too. */
static bool find_mapping(const void *address, char rights[5], uintptr_t *start)
{
	uintptr_t from, to, wanted = (uintptr_t)address;
	bool is_found = false;
	char line[4400];
	FILE *file = fopen("/proc/self/maps", "re");

	ck_assert_ptr_nonnull(file);
	while (!is_found && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && wanted >= from &&
		    wanted < to) {
			is_found = true;
			*start = from;
		}
	(void)fclose(file);
	return is_found;
}

static void expect_inaccessible(const void *address)
{
	char rights[5];
	uintptr_t start;

	ck_assert(find_mapping(address, rights, &start));
	ck_assert_str_eq(rights, "---p");
}

START_TEST(neighbours_are_one_mapping_between_inaccessible_pages)
{
	char *blocks[20], rights[5], *end;
	uintptr_t start;

	for (size_t i = 0; i < 20; i++) {
		blocks[i] = os_region_map((i + 1) * PAGE, NULL);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_int_eq(blocks[i][i * PAGE], 0);
		memset(blocks[i], 1, (i + 1) * PAGE);
		if (i > 0)
			ck_assert_ptr_eq(blocks[i], blocks[i - 1] + i * PAGE);
	}
	ck_assert(find_mapping(blocks[19], rights, &start));
	ck_assert_str_eq(rights, "rw-p");
	ck_assert_uint_eq(start, (uintptr_t)blocks[0]);
	end = blocks[19] + 20 * PAGE;
	expect_inaccessible(blocks[0] - 1);
	expect_inaccessible(end);
}
END_TEST

START_TEST(wiped_pages_are_zero_in_a_child_and_others_are_not)
{
	bool is_wiped;
	char *kept = os_region_map(PAGE, NULL), *wiped = os_region_map(PAGE, &is_wiped);
	int status;
	pid_t child;

	*kept = *wiped = 5;
	child = fork();
	if (child == 0)
		_exit(*kept == 5 && *wiped == (is_wiped ? 0 : 5) ? 0 : 1);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(*wiped, 5);
}
END_TEST

START_TEST(what_is_given_back_leaves_its_neighbours_alone)
{
	char *first = os_region_map(PAGE, NULL), *second = os_region_map(2 * PAGE, NULL);
	char *third = os_region_map(PAGE, NULL), *fourth;

	*first = 1;
	*third = 3;
	os_region_give_back(second, 2 * PAGE);
	expect_inaccessible(second);
	expect_inaccessible(second + PAGE);
	fourth = os_region_map(PAGE, NULL);
	ck_assert_ptr_eq(fourth, third + PAGE);
	ck_assert_int_eq(*first + *third, 4);
}
END_TEST

START_TEST(a_region_without_room_goes_on_elsewhere)
{
	char *first = os_region_map(PAGE, NULL), *next;
	char *taken = mmap(first + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	ck_assert_ptr_eq(taken, first + 2 * PAGE);
	*taken = 7;
	next = os_region_map(2 * PAGE, NULL);
	ck_assert_ptr_nonnull(next);
	ck_assert(next > taken || next + 2 * PAGE <= first);
	memset(next, 1, 2 * PAGE);
	ck_assert_int_eq(*taken, 7);
	expect_inaccessible(next - 1);
	expect_inaccessible(next + 2 * PAGE);
	/* and at its own place once there is room again */
	ck_assert_int_eq(munmap(taken, PAGE), 0);
	ck_assert_ptr_eq(os_region_map(PAGE, NULL), first + PAGE);
}
END_TEST

START_TEST(ranges_of_a_file_that_follow_each_other_are_one_mapping)
{
	char path[] = "/tmp/check_os_region.XXXXXX", rights[5];
	int fd = mkstemp(path);
	void *base;
	char *second, *third;
	uintptr_t start;

	ck_assert_int_ge(fd, 0);
	(void)unlink(path);
	ck_assert_int_eq(ftruncate(fd, (off_t)(16 * PAGE)), 0);
	for (off_t page = 0; page < 16; page++)
		ck_assert_int_eq(pwrite(fd, &(char){(char)('a' + page)}, 1, page * (off_t)PAGE), 1);
	ck_assert_int_eq(os_map_file(fd, 0, 4 * PAGE, &base), 0);
	(void)close(fd);
	second = os_region_map_file((char *)base + 3 * PAGE, PAGE, 2 * PAGE);
	ck_assert_ptr_nonnull(second);
	ck_assert_int_eq(second[0], 'e');
	third = os_region_map_file(second + PAGE, PAGE, 10 * PAGE);
	ck_assert_ptr_eq(third, second + 2 * PAGE);
	ck_assert_int_eq(third[9 * PAGE], 'p');
	ck_assert(find_mapping(third, rights, &start));
	ck_assert_str_eq(rights, "rw-s");
	ck_assert_uint_eq(start, (uintptr_t)second);
	expect_inaccessible(third + 10 * PAGE);
	ck_assert_int_eq(((char *)base)[3 * PAGE], 'd');
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("os_region");
	TCase *tests = tcase_create("regions");

	tcase_add_test(tests, neighbours_are_one_mapping_between_inaccessible_pages);
	tcase_add_test(tests, wiped_pages_are_zero_in_a_child_and_others_are_not);
	tcase_add_test(tests, what_is_given_back_leaves_its_neighbours_alone);
	tcase_add_test(tests, a_region_without_room_goes_on_elsewhere);
	tcase_add_test(tests, ranges_of_a_file_that_follow_each_other_are_one_mapping);
	suite_add_tcase(suite, tests);
	return suite;
}
