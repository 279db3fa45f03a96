/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_arena.c - memory of the shim is zeroed and aligned, stays what it is, and may run out.
 */
#include "arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#define BLOCKS 3000u
#define SMALL 200u		  /* takes 256 */
#define LARGE ((size_t)100 << 10) /* beyond what is cut from a chunk */

static void *take(uint32_t i)
{
	return i % 2 == 0 ? arena_alloc(SMALL) : arena_alloc_own(SMALL);
}

START_TEST(blocks_are_zeroed_aligned_and_apart)
{
	static unsigned char *blocks[BLOCKS];

	for (uint32_t i = 0; i < BLOCKS; i++) {
		blocks[i] = take(i);
		ck_assert_ptr_nonnull(blocks[i]);
		ck_assert_uint_eq((uintptr_t)blocks[i] % 64, 0);
		for (size_t at = 0; at < SMALL; at++)
			if (blocks[i][at] != 0)
				ck_abort_msg("block %u is not zeroed", i);
		memset(blocks[i], (int)(i % 251), SMALL);
	}
	for (uint32_t i = 0; i < BLOCKS; i++)
		for (size_t at = 0; at < SMALL; at++)
			if (blocks[i][at] != i % 251)
				ck_abort_msg("block %u was written to by another's owner", i);
}
END_TEST

START_TEST(large_blocks_are_whole)
{
	char *first = arena_alloc(LARGE), *second = arena_alloc_own(LARGE);

	memset(first, 1, LARGE);
	memset(second, 2, LARGE);
	ck_assert_int_eq(first[LARGE - 1], 1);
	ck_assert_int_eq(second[0], 2);
}
END_TEST

/* What a child finds wrong; 0 = nothing. */
static int look_in_child(const char *kept, const char *own)
{
	char *fresh = arena_alloc_own(SMALL);

	if (*kept != 5)
		return 1;
	/* before Linux 4.14 it is copied */
	if (*own != 0 && *own != 5)
		return 2;
	return fresh != NULL && fresh != own && fresh[0] == 0 ? 0 : 3;
}

START_TEST(a_child_goes_on_where_its_parent_was)
{
	char *kept = arena_alloc(SMALL), *own = arena_alloc_own(SMALL);
	int status;
	pid_t child;

	*kept = *own = 5;
	child = fork();
	if (child == 0)
		_exit(look_in_child(kept, own));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(*own, 5);
}
END_TEST

static void set_address_limit(rlim_t bytes)
{
	struct rlimit limit;

	ck_assert_int_eq(getrlimit(RLIMIT_AS, &limit), 0);
	limit.rlim_cur = bytes;
	ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
}

START_TEST(without_memory_there_is_none_and_what_was_there_stays)
{
	char *first = take((uint32_t)_i);
	uint32_t count = 1;

	*first = 9;
	set_address_limit(1); /* nothing more can be mapped */
	while (take((uint32_t)_i) != NULL)
		if (++count > BLOCKS)
			ck_abort_msg("memory without end");
	ck_assert_ptr_null(arena_alloc(LARGE));
	ck_assert_ptr_null(arena_alloc_own(LARGE));
	/* a chunk begins with 64 bytes of its own: less than another such block is left of it */
	if (_i == 0)
		ck_assert_ptr_nonnull(arena_alloc(64));
	arena_prepare();
	ck_assert_ptr_null(take((uint32_t)_i));
	set_address_limit(RLIM_INFINITY);
	ck_assert_ptr_nonnull(take((uint32_t)_i));
	ck_assert_int_eq(*first, 9);
}
END_TEST

START_TEST(what_is_prepared_needs_no_system)
{
	ck_assert_ptr_nonnull(arena_alloc(SMALL));
	for (uint32_t i = 0; i < 2; i++) {
		arena_prepare();
		set_address_limit(1);
		for (size_t bytes = 0; bytes < (size_t)100 << 10; bytes += SMALL + 64)
			ck_assert_ptr_nonnull(take(i));
		set_address_limit(RLIM_INFINITY);
	}
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("arena");
	TCase *tests = tcase_create("arena");

	tcase_add_test(tests, blocks_are_zeroed_aligned_and_apart);
	tcase_add_test(tests, large_blocks_are_whole);
	tcase_add_test(tests, a_child_goes_on_where_its_parent_was);
	tcase_add_loop_test(tests, without_memory_there_is_none_and_what_was_there_stays, 0, 2);
	tcase_add_test(tests, what_is_prepared_needs_no_system);
	suite_add_tcase(suite, tests);
	return suite;
}
