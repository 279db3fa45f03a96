/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_trace_file.c - the trace file is whole from the first moment, grows without moving, and counts what it
 * has no room for.
 */
#define _GNU_SOURCE
#include "trace_file.h"
#include "trace_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memtrace/atomic.h"
#include "trace_case.h"
#include "unit.h"

static off_t file_length(const char *path)
{
	struct stat info;

	ck_assert_int_eq(stat(path, &info), 0);
	return info.st_size;
}

START_TEST(file_is_readable_by_its_owner_only_and_not_writable)
{
	struct stat info;

	ck_assert_int_eq(stat(trace_case_file(), &info), 0);
	ck_assert_uint_eq(info.st_mode & 07777, 0400);
}
END_TEST

START_TEST(no_descriptor_stays_open)
{
	char path[TRACE_CASE_PATH_MAX];
	int before = trace_case_descriptors();

	ck_assert_int_eq(trace_file_create(trace_case_file(), false), 0);
	ck_assert_int_eq(trace_case_descriptors(), before);
	ck_assert_int_eq(trace_file_create(trace_case_file(), false), -EEXIST);
	trace_case_path("missing/trace.snap", path);
	ck_assert_int_eq(trace_file_create(path, false), -ENOENT);
	ck_assert_int_eq(trace_case_descriptors(), before);
}
END_TEST

START_TEST(existing_file_is_not_touched)
{
	char content[16] = "";
	int fd = open(trace_case_file(), O_WRONLY | O_CREAT | O_EXCL, 0600);

	ck_assert_int_eq(write(fd, "precious", 8), 8);
	close(fd);
	ck_assert_int_eq(trace_file_create(trace_case_file(), false), -EEXIST);
	ck_assert_ptr_null(trace_file.header);
	fd = open(trace_case_file(), O_RDONLY);
	ck_assert_int_eq(read(fd, content, sizeof(content)), 8);
	close(fd);
	ck_assert_str_eq(content, "precious");
}
END_TEST

START_TEST(symbolic_link_is_not_followed)
{
	char elsewhere[TRACE_CASE_PATH_MAX];

	trace_case_path("elsewhere", elsewhere);
	ck_assert_int_eq(symlink(elsewhere, trace_case_file()), 0);
	ck_assert_int_lt(trace_file_create(trace_case_file(), false), 0);
	ck_assert_int_eq(access(elsewhere, F_OK), -1);
}
END_TEST

static int compare_sections(const void *a, const void *b)
{
	const struct mt_section *left = a, *right = b;

	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

/* Every part of the file that a section claims, in order, without overlap and inside the file. */
static void check_sections(void)
{
	static struct mt_section sections[MT_SECTION_SLOTS];
	const struct mt_header *header = trace_file.header;
	uint64_t end =
		header->header_size + (uint64_t)header->section_count * header->section_entry_size;

	ck_assert_uint_le(header->section_count, MT_SECTION_SLOTS);
	memcpy(sections, trace_file.sections, header->section_count * sizeof(*sections));
	qsort(sections, header->section_count, sizeof(*sections), compare_sections);
	for (uint32_t i = 0; i < header->section_count; i++) {
		ck_assert_uint_ne(sections[i].type, MT_SECTION_NONE);
		ck_assert_uint_lt(sections[i].type, MT_SECTION_TYPE_COUNT);
		ck_assert_uint_gt(sections[i].entry_size, 0);
		if (sections[i].offset == 0)
			continue;
		ck_assert_uint_ge(sections[i].offset, end);
		end = sections[i].offset + sections[i].length;
	}
	ck_assert_uint_le(end, header->file_bytes);
	ck_assert_int_le((int64_t)header->file_bytes, file_length(trace_case_file()));
}

START_TEST(header_and_section_table_hold_together)
{
	const struct mt_header *header = trace_file.header;
	bool is_there[MT_SECTION_TYPE_COUNT] = {false};

	ck_assert_mem_eq(header->magic, MT_MAGIC, 8);
	ck_assert_uint_eq(header->major, MT_MAJOR);
	ck_assert_uint_eq(header->endian, MT_ENDIAN_MARK);
	ck_assert_uint_eq(header->kind, MT_KIND_LIVE);
	ck_assert_uint_eq(header->header_size, sizeof(struct mt_header));
	ck_assert_uint_eq(header->section_entry_size, sizeof(struct mt_section));
	check_sections();
	for (uint32_t i = 0; i < header->section_count; i++)
		if (trace_file.sections[i].offset != 0)
			is_there[trace_file.sections[i].type] = true;
	for (uint32_t type = 1; type < MT_SECTION_TYPE_COUNT; type++)
		ck_assert_msg(is_there[type], "section type %u is missing", type);
}
END_TEST

START_TEST(columns_name_every_counter)
{
	const struct mt_section *columns = trace_file.sections;

	while (columns->type != MT_SECTION_COLUMNS)
		columns++;
	ck_assert_uint_eq(columns->count, MT_COLUMN_FLAGS);
	for (uint64_t i = 0; i < columns->count; i++) {
		ck_assert_uint_eq(trace_file.columns[i].id, i + 1);
		ck_assert_uint_le(trace_file.columns[i].offset + trace_file.columns[i].width,
				  sizeof(struct mt_counters));
	}
	ck_assert_uint_eq(trace_file.columns[MT_COLUMN_FREED_BYTES - 1].offset,
			  offsetof(struct mt_counters, freed_bytes));
}
END_TEST

#define GROWN 300000u /* nodes: 14 runs */

START_TEST(growing_keeps_contents_and_addresses)
{
	void *first = NULL;

	for (uint32_t i = 0; i < GROWN; i++) {
		uint32_t id = trace_file_claim(TRACE_NODES, 1);
		struct mt_node *node = trace_file_entry(TRACE_NODES, id);

		if (id != i + 1 || node == NULL || (node->parent | node->location) != 0)
			ck_abort_msg("id %u after %u claims: entry %p", id, i, (void *)node);
		*node = (struct mt_node){id - 1, ~id};
		if (i == 0)
			first = node;
	}
	ck_assert_ptr_eq(trace_file_entry(TRACE_NODES, 1), first);
	ck_assert_uint_eq(trace_file_count(TRACE_NODES), GROWN + 1);
	for (uint32_t id = 1; id <= GROWN; id++) {
		const struct mt_node *node = trace_file_entry(TRACE_NODES, id);

		if (node->parent != id - 1 || node->location != ~id)
			ck_abort_msg("node %u has changed", id);
	}
	check_sections();
}
END_TEST

START_TEST(file_holds_what_was_written_through_every_run)
{
	const struct mt_section *section = trace_file.sections;
	int fd = open(trace_case_file(), O_RDONLY);
	uint64_t seen = 0;

	for (uint32_t i = 1; i < GROWN; i++) {
		uint32_t id = trace_file_claim(TRACE_NODES, 1);

		*(struct mt_node *)trace_file_entry(TRACE_NODES, id) = (struct mt_node){id - 1, id};
	}
	for (uint32_t i = 0; i < trace_file.header->section_count; i++, section++) {
		if (section->type != MT_SECTION_NODES || section->offset == 0)
			continue;
		for (uint64_t k = 0; k < section->length / 8 && section->first + k < GROWN;
		     k += 61) {
			struct mt_node node;

			ck_assert_int_eq(pread(fd, &node, 8, (off_t)(section->offset + k * 8)), 8);
			ck_assert_uint_eq(node.location, section->first + k);
			seen++;
		}
	}
	close(fd);
	ck_assert_uint_ge(seen, GROWN / 61);
}
END_TEST

START_TEST(growing_reads_nothing_ahead)
{
	uint64_t cached_pages, stored_pages;

	for (uint32_t i = 0; i < GROWN; i++)
		ck_assert_uint_ne(trace_file_claim(TRACE_NODES, 1), 0);
	trace_case_pages(&cached_pages, &stored_pages);
	ck_assert_uint_le(cached_pages, stored_pages);
}
END_TEST

START_TEST(claims_of_several_ids_lie_in_one_run)
{
	for (uint32_t i = 0; i < 3000; i++) {
		uint32_t id = trace_file_claim(TRACE_COUNTERS, 32);

		ck_assert_uint_ne(id, 0);
		ck_assert_uint_eq(id % 32, 0);
		ck_assert_uint_eq(mt_run_of(id, 14), mt_run_of(id + 31, 14));
		memset(trace_file_entry(TRACE_COUNTERS, id), 1, 32 * sizeof(struct mt_counters));
	}
}
END_TEST

static void fill_text(char *text, uint32_t seed)
{
	size_t length = 1 + seed * 2654435761u % 4095;

	for (size_t i = 0; i < length; i++)
		text[i] = (char)('a' + (seed + i) % 26);
	text[length] = '\0';
}

START_TEST(strings_never_lie_across_two_runs)
{
	enum { COUNT = 400 };
	static uint32_t ids[COUNT];
	char text[4097];

	for (uint32_t i = 0; i < COUNT; i++) {
		fill_text(text, i);
		ids[i] = trace_file_string(text);
		ck_assert_uint_ne(ids[i], 0);
		ck_assert_uint_eq(mt_run_of(ids[i], 16), mt_run_of(ids[i] + strlen(text), 16));
	}
	for (uint32_t i = 0; i < COUNT; i++) {
		fill_text(text, i);
		ck_assert_str_eq(trace_file_entry(TRACE_STRINGS, ids[i]), text);
	}
	ck_assert_uint_gt(trace_file_count(TRACE_STRINGS), COUNT * 1024);
}
END_TEST

START_TEST(empty_and_overlong_strings_are_offset_0)
{
	static char text[8192];

	memset(text, 'x', sizeof(text) - 1);
	ck_assert_uint_eq(trace_file_string(""), 0);
	ck_assert_uint_eq(trace_file_string(text), 0);
	ck_assert_str_eq(trace_file_entry(TRACE_STRINGS, 0), "");
}
END_TEST

static uint64_t section_count(uint16_t type)
{
	const struct mt_section *section = trace_file.sections;

	while (section->type != type)
		section++;
	return section->count;
}

static void *write_messages(void *argument)
{
	for (uint32_t i = 0; i < 2000; i++) {
		trace_file_message(1, i,
				   "a message of more than one hundred and eleven bytes, which "
				   "is more than there is room for in one entry of the section");
		(void)trace_file_mark_slot();
		(void)trace_file_thread_slot();
	}
	return argument;
}

START_TEST(full_sections_refuse_more_and_never_count_past_their_end)
{
	pthread_t threads[4];

	for (uint32_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_messages, NULL), 0);
	for (uint32_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(trace_file.drops[MT_DROP_MESSAGES], 8000 - MT_MESSAGE_MAX);
	ck_assert_uint_eq(section_count(MT_SECTION_MESSAGES), MT_MESSAGE_MAX);
	ck_assert_uint_eq(section_count(MT_SECTION_MARKS), MT_MARK_MAX);
	ck_assert_uint_eq(section_count(MT_SECTION_THREADS), MT_THREAD_MAX);
	ck_assert_ptr_null(trace_file_mark_slot());
	ck_assert_ptr_null(trace_file_thread_slot());
	ck_assert_uint_eq(trace_file.messages[MT_MESSAGE_MAX - 1].severity, 1);
	ck_assert_uint_eq(strlen(trace_file.messages[0].text),
			  sizeof(trace_file.messages[0].text) - 1);
}
END_TEST

START_TEST(slots_may_be_left_out)
{
	ck_assert_ptr_eq(trace_file_epoch(7), trace_file.epochs + 7);
	ck_assert_ptr_eq(trace_file_epoch(3), trace_file.epochs + 3);
	ck_assert_uint_eq(section_count(MT_SECTION_EPOCHS), 8);
	ck_assert_ptr_nonnull(trace_file_epoch(MT_EPOCH_MAX - 1));
	ck_assert_ptr_null(trace_file_epoch(MT_EPOCH_MAX));
	ck_assert_ptr_null(trace_file_timeline(MT_TIMELINE_MAX));
}
END_TEST

START_TEST(without_a_file_nothing_is_handed_out)
{
	ck_assert_uint_eq(trace_file_claim(TRACE_NODES, 1), 0);
	ck_assert_uint_eq(trace_file_string("text"), 0);
	ck_assert_ptr_null(trace_file_epoch(0));
	ck_assert_ptr_null(trace_file_mark_slot());
	ck_assert_ptr_null(trace_file_thread_slot());
	trace_file_drop(MT_DROP_EVENTS);
	trace_file_message(2, 0, "lost");
}
END_TEST

START_TEST(file_size_limit_ends_growth_without_a_signal)
{
	struct rlimit limit = {8 << 20, RLIM_INFINITY};
	uint32_t id, claimed = 0;

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(trace_file_create(trace_case_file(), false), 0);
	ck_assert_int_eq(file_length(trace_case_file()), 8 << 20);
	while ((id = trace_file_claim(TRACE_NODES, 1)) != 0) {
		memset(trace_file_entry(TRACE_NODES, id), 1, sizeof(struct mt_node));
		claimed++;
	}
	ck_assert_uint_gt(claimed, 100000);
	/* the count and the length tell the truth, so that readers take the file */
	ck_assert_uint_eq(trace_file_count(TRACE_NODES), claimed + 1);
	check_sections();
	/* smaller runs of other tables still find room behind */
	while ((id = trace_file_claim(TRACE_MODULES, 1)) != 0)
		memset(trace_file_entry(TRACE_MODULES, id), 1, sizeof(struct mt_module));
	ck_assert_uint_gt(trace_file_count(TRACE_MODULES), 256);
	check_sections();
}
END_TEST

START_TEST(too_low_a_limit_is_an_error_and_leaves_no_file)
{
	struct rlimit limit = {1 << 20, RLIM_INFINITY};

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(trace_file_create(trace_case_file(), false), -EFBIG);
	ck_assert_int_eq(access(trace_case_file(), F_OK), -1);
}
END_TEST

/* A small file system of its own at the test's folder; false where this process may not have one. */
static bool mount_small(void)
{
	char folder[TRACE_CASE_PATH_MAX];

	trace_case_path("small", folder);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
	if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
		return false;
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return false;
	return mount("none", folder, "tmpfs", 0, "size=1m") == 0;
}

static void unmount_small(void)
{
	char folder[TRACE_CASE_PATH_MAX];

	trace_case_path("small", folder);
	(void)umount2(folder, MNT_DETACH);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* Takes what is left of the small file system. */
static void fill_up(void)
{
	static char page[4096];
	char path[TRACE_CASE_PATH_MAX];
	int fd;

	trace_case_path("small/filler", path);
	fd = open(path, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	while (write(fd, page, sizeof(page)) > 0)
		;
	close(fd);
}

START_TEST(full_disk_ends_growth_without_a_signal)
{
	static const enum trace_table tables[] = {TRACE_NODES, TRACE_MODULES, TRACE_SITES};
	const struct mt_message *told;
	char path[TRACE_CASE_PATH_MAX];
	unsigned sum = 0, strings = 0;

	if (mount_small()) {
		trace_case_path("small/trace.snap", path);
		ck_assert_int_eq(trace_file_create(path, false), 0);
		ck_assert_ptr_nonnull(trace_file_timeline(2000));
		fill_up();
		for (uint32_t i = 0; i < 3; i++) {
			uint32_t id;

			while ((id = trace_file_claim(tables[i], 1)) != 0)
				memset(trace_file_entry(tables[i], id), 1, 8);
			/* whatever is counted may be looked at: on tmpfs even reading a hole can be SIGBUS */
			for (id = 1; id < trace_file_count(tables[i]); id++)
				sum += *(unsigned char *)trace_file_entry(tables[i], id);
		}
		told = (const struct mt_message
				*)(void *)(trace_map.base +
					   trace_map.fixed_offset[TRACE_FIXED_MESSAGES]);
		ck_assert_str_eq(told->text,
				 "no space is left for the trace file on its file system");
		for (uint32_t i = 1; i < 2 * MT_MESSAGE_MAX; i++)
			trace_file_message(2, i, "full");
		ck_assert_uint_eq(trace_file.drops[MT_DROP_MESSAGES], MT_MESSAGE_MAX);
		for (uint32_t slot = 0; slot < MT_TIMELINE_MAX; slot++)
			if (trace_file_timeline(slot) != NULL)
				trace_file_timeline(slot)->ns = 1;
		ck_assert_uint_eq(sum, trace_file_count(TRACE_NODES) +
					       trace_file_count(TRACE_SITES) +
					       trace_file_count(TRACE_MODULES) - 3);
		/* the first page is there from the start, and no other */
		while (trace_file_string("no room") != 0)
			ck_assert_uint_lt(++strings, 4096 / sizeof("no room"));
	}
	unmount_small();
}
END_TEST

START_TEST(no_room_at_all_is_an_error_and_leaves_no_file)
{
	char path[TRACE_CASE_PATH_MAX];
	int before = trace_case_descriptors();

	if (mount_small()) {
		fill_up();
		trace_case_path("small/trace.snap", path);
		ck_assert_int_eq(trace_file_create(path, false), -ENOSPC);
		ck_assert_int_eq(access(path, F_OK), -1);
		ck_assert_int_eq(trace_case_descriptors(), before);
	}
	unmount_small();
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("trace_file");
	TCase *with_file = tcase_create("file"), *without = tcase_create("no file");

	tcase_set_timeout(with_file, 30);
	tcase_set_timeout(without, 30);
	tcase_add_checked_fixture(with_file, trace_case_start, trace_case_finish);
	tcase_add_test(with_file, file_is_readable_by_its_owner_only_and_not_writable);
	tcase_add_test(with_file, header_and_section_table_hold_together);
	tcase_add_test(with_file, columns_name_every_counter);
	tcase_add_test(with_file, growing_keeps_contents_and_addresses);
	tcase_add_test(with_file, file_holds_what_was_written_through_every_run);
	tcase_add_test(with_file, growing_reads_nothing_ahead);
	tcase_add_test(with_file, claims_of_several_ids_lie_in_one_run);
	tcase_add_test(with_file, strings_never_lie_across_two_runs);
	tcase_add_test(with_file, empty_and_overlong_strings_are_offset_0);
	tcase_add_test(with_file, full_sections_refuse_more_and_never_count_past_their_end);
	tcase_add_test(with_file, slots_may_be_left_out);
	suite_add_tcase(suite, with_file);
	tcase_add_checked_fixture(without, trace_case_start_empty, trace_case_finish);
	tcase_add_test(without, no_descriptor_stays_open);
	tcase_add_test(without, existing_file_is_not_touched);
	tcase_add_test(without, symbolic_link_is_not_followed);
	tcase_add_test(without, without_a_file_nothing_is_handed_out);
	tcase_add_test(without, file_size_limit_ends_growth_without_a_signal);
	tcase_add_test(without, too_low_a_limit_is_an_error_and_leaves_no_file);
	tcase_add_test(without, full_disk_ends_growth_without_a_signal);
	tcase_add_test(without, no_room_at_all_is_an_error_and_leaves_no_file);
	suite_add_tcase(suite, without);
	return suite;
}
