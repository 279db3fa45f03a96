/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_node_table.c - equal stacks get equal ids, different ones different ids, and a full file is no trap.
 */
#include "node_table.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define NODES 1000000u

/* Parent and location of the i-th node: a tree with chains, wide and narrow places. */
static uint32_t parent_of(uint32_t i)
{
	return i % 7 == 0 || i < 20 ? 0 : i - 1 - i % 7 * (i % 3);
}

static uint32_t location_of(uint32_t i)
{
	return 1 + i % 100003 + i / 100003 * 7;
}

START_TEST(equal_locations_have_one_id)
{
	uint32_t first = location_intern(0x1234), second = location_intern(0x1235);

	ck_assert_uint_ne(first, 0);
	ck_assert_uint_ne(second, 0);
	ck_assert_uint_ne(first, second);
	ck_assert_uint_eq(location_intern(0x1234), first);
	ck_assert_uint_eq(*(uint64_t *)trace_file_entry(TRACE_LOCATIONS, first), 0x1234);
	/* code at address 0 of no module is a location too */
	ck_assert_uint_ne(location_intern(0), 0);
	ck_assert_uint_eq(location_intern(0), location_intern(0));
}
END_TEST

START_TEST(pseudo_locations_are_told_apart)
{
	uint64_t word = location_pseudo(MT_PSEUDO_THREAD, 5);

	ck_assert_uint_eq(word >> MT_LOCATION_MODULE_SHIFT, MT_MODULE_PSEUDO);
	ck_assert_uint_eq((word & MT_LOCATION_OFFSET_MASK) >> MT_PSEUDO_SHIFT, MT_PSEUDO_THREAD);
	ck_assert_uint_eq(word & 0xffff, 5);
	ck_assert_uint_ne(word, location_pseudo(MT_PSEUDO_API, 5));
}
END_TEST

START_TEST(a_million_nodes_keep_their_ids)
{
	static uint32_t ids[NODES];
	uint32_t count;

	for (uint32_t i = 1; i < NODES; i++) {
		uint32_t parent = ids[parent_of(i)];

		ids[i] = node_intern(parent, location_of(i));
		if (ids[i] <= parent)
			ck_abort_msg("node %u has id %u, its parent %u", i, ids[i], parent);
	}
	count = trace_file_count(TRACE_NODES);
	ck_assert_uint_gt(mt_run_of(count, 15), 10);
	for (uint32_t i = 1; i < NODES; i++) {
		const struct mt_node *node = trace_file_entry(TRACE_NODES, ids[i]);

		if (node_intern(ids[parent_of(i)], location_of(i)) != ids[i] ||
		    node->parent != ids[parent_of(i)] || node->location != location_of(i))
			ck_abort_msg("node %u", i);
	}
	/* asking again has made nothing */
	ck_assert_uint_eq(trace_file_count(TRACE_NODES), count);
}
END_TEST

START_TEST(node_without_location_is_no_node)
{
	ck_assert_uint_eq(node_intern(0, 0), 0);
	ck_assert_uint_eq(trace_file_count(TRACE_NODES), 1);
}
END_TEST

START_TEST(stack_has_one_site)
{
	uint32_t node = node_intern(0, location_intern(1)), site = node_site(node);

	ck_assert_uint_ne(site, 0);
	ck_assert_uint_eq(node_site(node), site);
	ck_assert_uint_ne(node_site(node_intern(node, location_intern(1))), site);
	ck_assert_uint_eq(((struct mt_site *)trace_file_entry(TRACE_SITES, site))->node, node);
}
END_TEST

#define INHERITED 100000u

/* What a child finds wrong; 0 = nothing. */
static int look_in_child(const uint32_t *ids, const uint32_t *sites)
{
	uint64_t nodes = trace_file_count(TRACE_NODES), sites_end = trace_file_count(TRACE_SITES);

	node_table_after_fork();
	for (uint32_t i = 1; i < INHERITED; i++) {
		if (location_intern(i) != i)
			return 1;
		if (node_intern(ids[parent_of(i)], location_of(i)) != ids[i])
			return 2;
		if (sites[i] != 0 && node_site(ids[i]) != sites[i])
			return 3;
	}
	return trace_file_count(TRACE_NODES) == nodes && trace_file_count(TRACE_SITES) == sites_end
		       ? 0
		       : 4;
}

START_TEST(child_of_fork_finds_what_stands_in_the_file)
{
	static uint32_t ids[INHERITED], sites[INHERITED];
	int status;
	pid_t child;

	for (uint32_t i = 1; i < INHERITED; i++) {
		ck_assert_uint_eq(location_intern(i), i);
		ids[i] = node_intern(ids[parent_of(i)], location_of(i));
		sites[i] = i % 3 == 0 ? node_site(ids[i]) : 0;
	}
	child = fork();
	if (child == 0)
		_exit(look_in_child(ids, sites));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

START_TEST(full_file_gives_no_ids_but_finds_the_old_ones)
{
	struct rlimit limit = {5 << 20, RLIM_INFINITY};
	uint32_t i, id, last = 0;

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(trace_file_create(trace_case_file(), false), 0);
	for (i = 1; i < NODES && (id = node_intern(last, i)) != 0; i++)
		last = id;
	ck_assert_uint_lt(i, NODES);
	ck_assert_uint_eq(trace_file_count(TRACE_NODES), i);
	for (uint32_t k = 0; k < 100000; k++)
		if (node_intern(last, NODES + k) != 0)
			ck_abort_msg("a node without room");
	last = 0;
	for (uint32_t k = 1; k < i; k++) {
		last = node_intern(last, k);
		if (last != k)
			ck_abort_msg("node %u is lost", k);
	}
}
END_TEST

START_TEST(stack_that_could_not_be_stored_has_no_site)
{
	ck_assert_uint_eq(node_site(0), 0);
	ck_assert_uint_eq(trace_file_count(TRACE_SITES), 1);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("node_table");
	TCase *tests = tcase_create("nodes"), *full = tcase_create("full");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, trace_case_start, trace_case_finish);
	tcase_add_test(tests, equal_locations_have_one_id);
	tcase_add_test(tests, pseudo_locations_are_told_apart);
	tcase_add_test(tests, a_million_nodes_keep_their_ids);
	tcase_add_test(tests, node_without_location_is_no_node);
	tcase_add_test(tests, stack_has_one_site);
	tcase_add_test(tests, child_of_fork_finds_what_stands_in_the_file);
	tcase_add_test(tests, stack_that_could_not_be_stored_has_no_site);
	suite_add_tcase(suite, tests);
	tcase_set_timeout(full, 60);
	tcase_add_checked_fixture(full, trace_case_start_empty, trace_case_finish);
	tcase_add_test(full, full_file_gives_no_ids_but_finds_the_old_ones);
	suite_add_tcase(suite, full);
	return suite;
}
