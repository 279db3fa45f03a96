/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_process_tree.c - what a process tree holds is not counted once per process.
 */
#include <string.h>

#include "fake_snapshot.h"
#include "model/process_tree.h"
#include "unit.h"

static struct snapshot *parent, *child;
static const struct snapshot *list[2];

/* The child inherited 5 blocks of 10 bytes, freed 2 of them and keeps 1 block of its own. */
static void begin(void)
{
	struct counters *counters;

	list[0] = parent = fake_new();
	list[1] = child = fake_new();
	child->header.pid = 101;
	child->header.parent_pid = parent->header.pid;
	child->header.fork_generation = 1;
	fake_site(parent, "main", "f@a.c:1 main@a.c:9", 5, 0, 10);
	counters = &fake_site(child, "main", "f@a.c:1 main@a.c:9", 1, 0, 10)->counters;
	counters->inherited_blocks = 5;
	counters->inherited_bytes = 50;
	counters->inherited_free_count = counters->free_count = 2;
	counters->inherited_freed_bytes = counters->freed_bytes = 20;
	counters->live_blocks = 4;
	counters->live_bytes = 40;
}

static void end(void)
{
	fake_free(parent);
	fake_free(child);
}

START_TEST(copies_of_a_parent_that_is_there_are_counted_apart)
{
	struct tree_parts parts = tree_parts_of(list, 2);

	ck_assert_int_eq(parts.inherited.blocks, 3);
	ck_assert_int_eq(parts.inherited.bytes, 30);
	ck_assert_int_eq(parts.replaced.blocks, 0);
}
END_TEST

START_TEST(child_keeps_what_it_allocated_and_its_books_balance)
{
	struct snapshot *const owned[] = {parent, child};
	const struct counters *counters = &child->sites[0].counters;

	tree_drop_inherited(owned, 2);
	ck_assert_int_eq(counters->live_blocks, 1);
	ck_assert_int_eq(counters->live_bytes, 10);
	ck_assert_int_eq(counters->free_count, 0);
	ck_assert_int_eq(counters->alloc_bytes - counters->freed_bytes, counters->live_bytes);
	ck_assert_int_eq(child->totals[MT_TOTAL_LIVE_BYTES], 10);
	ck_assert_int_eq(parent->sites[0].counters.live_blocks, 5);
	ck_assert_int_eq(tree_parts_of(list, 2).inherited.blocks, 0);
}
END_TEST

START_TEST(child_alone_keeps_everything)
{
	struct snapshot *const owned[] = {child};

	ck_assert_int_eq(tree_parts_of(&list[1], 1).inherited.blocks, 0);
	tree_drop_inherited(owned, 1);
	ck_assert_int_eq(child->sites[0].counters.live_blocks, 4);
}
END_TEST

START_TEST(image_that_exec_replaced_counts_only_where_it_is_all_there_is)
{
	parent->state = SNAPSHOT_EXECED;
	ck_assert(tree_is_replaced(list, 2, parent));
	ck_assert(!tree_is_replaced(list, 2, child));
	ck_assert(!tree_is_replaced(list, 1, parent));
	ck_assert_int_eq(tree_parts_of(list, 2).replaced.bytes, 50);
}
END_TEST

START_TEST(note_says_how_much_there_is)
{
	struct tree_parts parts = {{3, 30}, {0, 0}};
	struct findings findings = {0};

	tree_note(&parts, true, &findings);
	ck_assert_uint_eq(findings.count, 1);
	ck_assert_str_eq(findings.list[0].text, "left out: 30 B in 3 blocks that children "
						"inherited at fork, copies of their parents'");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("process_tree");
	TCase *tests = tcase_create("process_tree");

	tcase_add_checked_fixture(tests, begin, end);
	tcase_add_test(tests, copies_of_a_parent_that_is_there_are_counted_apart);
	tcase_add_test(tests, child_keeps_what_it_allocated_and_its_books_balance);
	tcase_add_test(tests, child_alone_keeps_everything);
	tcase_add_test(tests, image_that_exec_replaced_counts_only_where_it_is_all_there_is);
	tcase_add_test(tests, note_says_how_much_there_is);
	suite_add_tcase(suite, tests);
	return suite;
}
