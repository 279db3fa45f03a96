/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_trace_fork.c - a forked child gets a trace file of its own at the same addresses and leaves its
 * parent's alone.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"

#define NODES 200000u

static char child_path[TRACE_CASE_PATH_MAX];

/* A file with contents in every table; two of them in several runs. */
static uint32_t fill(void)
{
	uint32_t string = trace_file_string("kept"), id;

	for (uint32_t i = 0; i < NODES; i++) {
		id = trace_file_claim(TRACE_NODES, 1);
		*(struct mt_node *)trace_file_entry(TRACE_NODES, id) = (struct mt_node){id - 1, id};
	}
	id = trace_file_claim(TRACE_MODULES, 1);
	((struct mt_module *)trace_file_entry(TRACE_MODULES, id))->path = string;
	id = trace_file_claim(TRACE_SITES, 1);
	*(struct mt_site *)trace_file_entry(TRACE_SITES, id) =
		(struct mt_site){.node = 5, .counters = 32, .epoch = 3, .live_bytes = 9};
	for (uint32_t i = 0; i < 1000; i++) {
		id = trace_file_claim(TRACE_COUNTERS, 32);
		((struct mt_counters *)trace_file_entry(TRACE_COUNTERS, id))->alloc_count = 7;
	}
	trace_file.process->live_bytes = 77;
	trace_file.shards[0].alloc_count = 77;
	strcpy(trace_file.thread_kinds[1].name, "main");
	trace_file_drop(MT_DROP_SITES);
	trace_file_message(1, 0, "of the parent");
	ck_assert_ptr_nonnull(trace_file_mark_slot());
	return string;
}

static void start(void)
{
	trace_case_start();
	trace_case_path("child.snap", child_path);
}

static uint64_t hash_file(const char *path)
{
	static unsigned char page[1 << 16];
	uint64_t hash = 14695981039346656037u;
	int fd = open(path, O_RDONLY);
	ssize_t got;

	ck_assert_int_ge(fd, 0);
	/* the rest is a hole */
	for (uint64_t at = 0; at < (16 << 20); at += (uint64_t)got) {
		got = read(fd, page, sizeof(page));
		if (got <= 0)
			break;
		for (ssize_t i = 0; i < got; i++)
			hash = (hash ^ page[i]) * 1099511628211u;
	}
	close(fd);
	return hash;
}

/* Everything the child may do to what it has been given. */
static void write_in_child(void)
{
	for (uint32_t i = 0; i < NODES; i++) {
		uint32_t id = trace_file_claim(TRACE_NODES, 1);

		TRACE_CASE_CHILD(id == NODES + 1 + i);
		*(struct mt_node *)trace_file_entry(TRACE_NODES, id) = (struct mt_node){1, 2};
	}
	for (uint32_t id = 1; id <= NODES; id++)
		*(struct mt_node *)trace_file_entry(TRACE_NODES, id) = (struct mt_node){3, 4};
	TRACE_CASE_CHILD(trace_file_string("of the child") != 0);
	trace_file_message(2, 0, "of the child");
	trace_file.process->live_bytes = 1;
	trace_file.header->control_done = 9;
	memset(trace_file.shards, 1, sizeof(struct mt_shard));
	TRACE_CASE_CHILD(trace_file_epoch(1000) != NULL);
	trace_file_epoch(1000)->ns = 1;
}

START_TEST(child_finds_stacks_at_the_same_addresses)
{
	uint32_t string = fill();
	void *node = trace_file_entry(TRACE_NODES, NODES);
	int pid = fork();

	if (pid == 0) {
		TRACE_CASE_CHILD(trace_file_create(child_path, true) == 0);
		TRACE_CASE_CHILD(trace_file_entry(TRACE_NODES, NODES) == node);
		for (uint32_t id = 1; id <= NODES; id++) {
			const struct mt_node *kept = trace_file_entry(TRACE_NODES, id);

			TRACE_CASE_CHILD(kept->parent == id - 1 && kept->location == id);
		}
		TRACE_CASE_CHILD(strcmp(trace_file_entry(TRACE_STRINGS, string), "kept") == 0);
		TRACE_CASE_CHILD(((struct mt_module *)trace_file_entry(TRACE_MODULES, 1))->path ==
				 string);
		TRACE_CASE_CHILD(strcmp(trace_file.thread_kinds[1].name, "main") == 0);
		TRACE_CASE_CHILD(trace_file_count(TRACE_NODES) == NODES + 1);
		_exit(0);
	}
	trace_case_wait(pid);
}
END_TEST

START_TEST(child_counts_from_zero)
{
	int pid;

	fill();
	pid = fork();
	if (pid == 0) {
		static const struct mt_process none;
		static const struct mt_counters no_counters;
		const struct mt_site *site;

		TRACE_CASE_CHILD(trace_file_create(child_path, true) == 0);
		site = trace_file_entry(TRACE_SITES, 1);
		TRACE_CASE_CHILD(site->node == 5 && site->counters == 0 && site->live_bytes == 0);
		TRACE_CASE_CHILD(memcmp(trace_file.process, &none, sizeof(none)) == 0);
		TRACE_CASE_CHILD(trace_file.shards[0].alloc_count == 0);
		TRACE_CASE_CHILD(trace_file.drops[MT_DROP_SITES] == 0);
		TRACE_CASE_CHILD(trace_file.messages[0].severity == 0);
		TRACE_CASE_CHILD(trace_file_count(TRACE_COUNTERS) == 32);
		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t id = trace_file_claim(TRACE_COUNTERS, 32);

			TRACE_CASE_CHILD(id == 32 * (i + 1));
			TRACE_CASE_CHILD(memcmp(trace_file_entry(TRACE_COUNTERS, id), &no_counters,
						sizeof(no_counters)) == 0);
		}
		_exit(0);
	}
	trace_case_wait(pid);
}
END_TEST

START_TEST(child_leaves_its_parents_file_alone)
{
	uint64_t before;
	int pid;

	fill();
	before = hash_file(trace_case_file());
	pid = fork();
	if (pid == 0) {
		TRACE_CASE_CHILD(trace_file_create(child_path, true) == 0);
		write_in_child();
		_exit(0);
	}
	trace_case_wait(pid);
	ck_assert_uint_eq(hash_file(trace_case_file()), before);
	ck_assert_uint_ne(hash_file(child_path), before);
}
END_TEST

START_TEST(child_has_no_more_descriptors)
{
	int before = trace_case_descriptors(), pid = fork();

	if (pid == 0) {
		TRACE_CASE_CHILD(trace_file_create(child_path, true) == 0);
		TRACE_CASE_CHILD(trace_case_descriptors() == before);
		_exit(0);
	}
	trace_case_wait(pid);
}
END_TEST

START_TEST(failure_in_the_child_keeps_the_parents_file_mapped)
{
	int pid;

	fill();
	trace_case_path("missing/child.snap", child_path);
	pid = fork();
	if (pid == 0) {
		TRACE_CASE_CHILD(trace_file_create(child_path, true) == -ENOENT);
		TRACE_CASE_CHILD(trace_file_count(TRACE_NODES) == NODES + 1);
		TRACE_CASE_CHILD(((struct mt_node *)trace_file_entry(TRACE_NODES, 9))->location ==
				 9);
		_exit(0);
	}
	trace_case_wait(pid);
}
END_TEST

/* What a reader may make of a table: ids counted, and room for them in the runs that are there. */
static bool has_room_for_its_count(uint16_t type)
{
	uint64_t room = 0, count = 0;

	for (uint32_t i = 0; i < trace_file.header->section_count; i++) {
		const struct mt_section *section = &trace_file.sections[i];

		if (section->type != type)
			continue;
		if (section->first == 0)
			count = section->count;
		if (section->offset != 0)
			room += section->length / section->entry_size;
	}
	return count <= room;
}

START_TEST(what_the_parent_adds_after_the_fork_is_not_the_childs)
{
	int go[2], pid;
	char byte;

	fill();
	ck_assert_int_eq(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		TRACE_CASE_CHILD(read(go[0], &byte, 1) == 1);
		TRACE_CASE_CHILD(trace_file_create(child_path, true) == 0);
		TRACE_CASE_CHILD(has_room_for_its_count(MT_SECTION_NODES));
		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t id = trace_file_claim(TRACE_NODES, 1);

			TRACE_CASE_CHILD(id > NODES);
			*(struct mt_node *)trace_file_entry(TRACE_NODES, id) =
				(struct mt_node){1, 2};
		}
		TRACE_CASE_CHILD(has_room_for_its_count(MT_SECTION_NODES));
		_exit(0);
	}
	for (uint32_t i = 0; i < 4 * NODES; i++)
		if (trace_file_claim(TRACE_NODES, 1) == 0)
			ck_abort_msg("no room after %u nodes", i);
	ck_assert_int_eq(write(go[1], "x", 1), 1);
	trace_case_wait(pid);
}
END_TEST

START_TEST(grandchild_keeps_what_its_parent_kept)
{
	int pid;

	fill();
	pid = fork();
	if (pid == 0) {
		TRACE_CASE_CHILD(trace_file_create(child_path, true) == 0);
		pid = fork();
		if (pid == 0) {
			trace_case_path("grandchild.snap", child_path);
			TRACE_CASE_CHILD(trace_file_create(child_path, true) == 0);
			TRACE_CASE_CHILD(((struct mt_node *)trace_file_entry(TRACE_NODES, NODES))
						 ->location == NODES);
			_exit(0);
		}
		trace_case_wait(pid);
		_exit(0);
	}
	trace_case_wait(pid);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("trace_fork");
	TCase *tests = tcase_create("fork");

	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, start, trace_case_finish);
	tcase_add_test(tests, child_finds_stacks_at_the_same_addresses);
	tcase_add_test(tests, child_counts_from_zero);
	tcase_add_test(tests, child_leaves_its_parents_file_alone);
	tcase_add_test(tests, child_has_no_more_descriptors);
	tcase_add_test(tests, failure_in_the_child_keeps_the_parents_file_mapped);
	tcase_add_test(tests, what_the_parent_adds_after_the_fork_is_not_the_childs);
	tcase_add_test(tests, grandchild_keeps_what_its_parent_kept);
	suite_add_tcase(suite, tests);
	return suite;
}
