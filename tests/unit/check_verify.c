/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_verify.c - the table of live blocks of another process, compared with its counters.
 *
 * A child maps the example's live file and holds a hand-made table; fork keeps its address known here.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "example.h"
#include "memtrace/live_layout.h"
#include "model/process_state.h"
#include "model/verify.h"
#include "snapshot_case.h"
#include "unit.h"

#define GROUPS 4
#define ENTRIES (GROUPS * MT_LIVE_GROUP)

struct stripe {
	struct mt_pair entries[ENTRIES];
} __attribute__((aligned(64)));

static struct mt_live_root root;
static struct mt_live_large large[MT_LIVE_LARGE_MAX];
static struct mt_pair children[MT_LIVE_FAN] __attribute__((aligned(64)));
static struct stripe stripes[3];
static pid_t child;

static uint64_t address_of(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static void put(struct stripe *stripe, size_t place, uint32_t site, uint64_t size, uint32_t flags)
{
	const struct mt_live_block block = {.address = UINT64_C(0x10000000) + place * 4096,
					    .size = size,
					    .site = site,
					    .flags = flags};

	stripe->entries[place] = mt_live_pack(&block, mt_live_hash(block.address), size);
}

static struct mt_pair slot_of(struct stripe *stripe, uint64_t tag)
{
	memset(stripe, 0, sizeof(*stripe));
	for (size_t i = 0; i < ENTRIES; i++) {
		/* some frozen while free */
		stripe->entries[i] =
			mt_live_free(i, tag * MT_LIVE_TAG_STEP | (i % 3 == 0 ? MT_LIVE_FROZEN : 0));
	}
	return (struct mt_pair){address_of(stripe + 1) | (uint64_t)GROUPS << MT_LIVE_ADDRESS_BITS,
				tag * MT_LIVE_TAG_STEP};
}

/* The blocks that example.h says are live, over three stripes in two levels. */
static void make_table(void)
{
	memset(large, 0, sizeof(large));
	root = (struct mt_live_root){.version = MT_LIVE_VERSION, .large = address_of(large)};
	for (size_t i = 0; i < sizeof(root.slots) / sizeof(root.slots[0]); i++)
		root.slots[i].low = MT_LIVE_EMPTY;
	for (size_t i = 0; i < MT_LIVE_FAN; i++)
		children[i] = (struct mt_pair){MT_LIVE_EMPTY, 0};
	root.slots[2] = slot_of(&stripes[0], 100);
	root.slots[7] =
		(struct mt_pair){address_of(children) | MT_LIVE_NODE, 99 * MT_LIVE_TAG_STEP};
	children[0] = slot_of(&stripes[1], 101);
	children[5] = slot_of(&stripes[2], 102);
	children[5].low |= MT_LIVE_CLOSED;
	children[5].high |= MT_LIVE_CLOSED;
	children[6] = (struct mt_pair){MT_LIVE_EMPTY | MT_LIVE_CLOSED, MT_LIVE_CLOSED};
	for (size_t i = 0; i < 4; i++)
		put(&stripes[0], 2 * i, 1, 150, i == 1 ? MT_LIVE_FLAG_API : 0);
	for (size_t i = 0; i < 5; i++)
		put(&stripes[1], i, 2, 10, 0);
	put(&stripes[1], ENTRIES - 1, 3, (uint64_t)EXAMPLE_B_LIVE_BYTES, MT_LIVE_FLAG_MOVED);
	put(&stripes[2], 0, 4, 32, 0);
	put(&stripes[2], 9, 4, 32, 0);
	stripes[0].entries[2].high |= MT_LIVE_FROZEN;
}

static int write_file(uint64_t live_root, size_t *bytes)
{
	struct file_builder builder;
	struct mt_process *process;
	unsigned char *image;
	struct input input;

	file_builder_example(&builder, MT_KIND_LIVE);
	process = FILE_BUILDER_ENTRY(&builder, MT_SECTION_PROCESS, mt_process, 0);
	process->state = MT_STATE_RUNNING;
	process->live_root = live_root;
	process->live_root_bytes = sizeof(root);
	image = file_builder_image(&builder, bytes);
	input = case_input(image, *bytes);
	free(image);
	file_builder_fini(&builder);
	return input.fd;
}

static void start_child(uint64_t live_root)
{
	size_t bytes;
	int ready[2], fd = write_file(live_root, &bytes);
	char byte;

	ck_assert_int_eq(pipe(ready), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		struct mt_header *header =
			mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (header == MAP_FAILED)
			_exit(1);
		header->pid = getpid();
		header->process_start_ticks = process_start_ticks(getpid());
		(void)!write(ready[1], "", 1);
		for (;;)
			(void)pause();
	}
	(void)close(ready[1]);
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	(void)close(fd);
}

static void stop_child(void)
{
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	child = 0;
}

static struct verify verify(void)
{
	struct verify result;
	struct error error = {""};

	start_child(address_of(&root));
	ck_assert_msg(verify_process(child, &result, &error) == 0, "%s", error.text);
	return result;
}

START_TEST(equal_table_has_no_differences)
{
	struct verify result;

	make_table();
	result = verify();
	ck_assert(!verify_has_failed(&result));
	ck_assert_uint_eq(result.site_count, EXAMPLE_SITE_COUNT);
	ck_assert_uint_eq(result.busy_count, 0);
	ck_assert_int_eq(result.found.block_count, 12);
	ck_assert_int_eq(result.found.bytes, 650 + 4096 + 64);
	verify_fini(&result);
}
END_TEST

START_TEST(missing_block_is_a_difference)
{
	struct verify result;

	make_table();
	stripes[2].entries[9] = mt_live_free(7, 102 * MT_LIVE_TAG_STEP);
	result = verify();
	ck_assert(verify_has_failed(&result));
	ck_assert_uint_eq(result.row_count, 1);
	ck_assert_int_eq(result.rows[0].counted.block_count, 2);
	ck_assert_int_eq(result.rows[0].in_table.block_count, 1);
	ck_assert_int_eq(result.rows[0].counted.bytes, 64);
	ck_assert_int_eq(result.rows[0].in_table.bytes, 32);
	verify_fini(&result);
}
END_TEST

START_TEST(block_of_another_size_is_a_difference)
{
	struct verify result;

	make_table();
	put(&stripes[2], 0, 4, 33, 0);
	result = verify();
	ck_assert_uint_eq(result.row_count, 1);
	ck_assert_int_eq(result.rows[0].in_table.bytes, 65);
	verify_fini(&result);
}
END_TEST

START_TEST(block_of_a_stack_without_counters_is_stray)
{
	struct verify result;

	make_table();
	put(&stripes[0], 20, 5, 5, 0);
	result = verify();
	ck_assert(verify_has_failed(&result));
	ck_assert_uint_eq(result.row_count, 0);
	ck_assert_int_eq(result.stray.block_count, 1);
	verify_fini(&result);
}
END_TEST

START_TEST(size_beyond_an_entry_is_looked_up)
{
	struct verify result;

	make_table();
	put(&stripes[2], 0, 4, MT_LIVE_SIZE_MAX, 0);
	large[200] =
		(struct mt_live_large){.address = UINT64_C(0x10000000), .size = UINT64_C(1) << 40};
	result = verify();
	ck_assert_uint_eq(result.row_count, 1);
	ck_assert_int_eq(result.rows[0].in_table.bytes, (INT64_C(1) << 40) + 32);
	verify_fini(&result);
}
END_TEST

static void check_fails(uint64_t live_root, int status, const char *message)
{
	struct verify result;
	struct error error = {""};

	start_child(live_root);
	ck_assert_int_eq(verify_process(child, &result, &error), status);
	ck_assert_msg(strstr(error.text, message) != NULL, "\"%s\"", error.text);
	ck_assert_ptr_null(result.snapshot);
}

START_TEST(table_of_another_version_is_refused)
{
	make_table();
	root.version++;
	check_fails(address_of(&root), -ENOTSUP, "of another version");
}
END_TEST

START_TEST(table_that_is_not_there_is_an_error)
{
	make_table();
	check_fails(4096, -EFAULT, "its memory cannot be read");
	stop_child();
	check_fails(0, -ENODATA, "does not tell where");
}
END_TEST

START_TEST(tree_in_a_circle_ends)
{
	make_table();
	children[3] = (struct mt_pair){address_of(children) | MT_LIVE_NODE, 0};
	check_fails(address_of(&root), -ENOTSUP, "");
}
END_TEST

/* As if each time one looks what the slot said had been replaced and given back. */
START_TEST(stripe_that_is_never_there_ends)
{
	make_table();
	children[0].low = 4096 | UINT64_C(1) << MT_LIVE_ADDRESS_BITS;
	check_fails(address_of(&root), -EAGAIN, "changes too fast");
	stop_child();
	children[0].low = address_of(&stripes[1]) | (uint64_t)(MT_LIVE_GROUPS_MAX + 1)
							    << MT_LIVE_ADDRESS_BITS;
	check_fails(address_of(&root), -EAGAIN, "changes too fast");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("verify");
	TCase *compare = tcase_create("compare"), *table = tcase_create("table");

	tcase_add_checked_fixture(compare, NULL, stop_child);
	tcase_add_test(compare, equal_table_has_no_differences);
	tcase_add_test(compare, missing_block_is_a_difference);
	tcase_add_test(compare, block_of_another_size_is_a_difference);
	tcase_add_test(compare, block_of_a_stack_without_counters_is_stray);
	tcase_add_test(compare, size_beyond_an_entry_is_looked_up);
	suite_add_tcase(suite, compare);
	tcase_add_checked_fixture(table, NULL, stop_child);
	tcase_add_test(table, table_of_another_version_is_refused);
	tcase_add_test(table, table_that_is_not_there_is_an_error);
	tcase_add_test(table, tree_in_a_circle_ends);
	tcase_add_test(table, stripe_that_is_never_there_ends);
	suite_add_tcase(suite, table);
	return suite;
}
