/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_invalid_calls.c - records of invalid frees: what a reader makes of right ones and of made-up ones, and that
 * a new snapshot keeps them.
 */
#include <stdlib.h>
#include <unistd.h>

#include "example.h"
#include "snapshot_case.h"
#include "unit.h"

#define BLOCK UINT64_C(0x7f0000001000)

/* The example's nodes: 3 is app+0x2000 < app+0x1000 < [main], 2 its parent, and 5 is equal to 3 in the live file. */
static const struct mt_invalid good[] = {
	{.kind = MT_INVALID_FREED,
	 .call = MT_INVALID_FREE,
	 .node = 3,
	 .alloc_node = 2,
	 .freed_node = 3,
	 .count = 4,
	 .ns = 77,
	 .address = BLOCK,
	 .block_address = BLOCK,
	 .block_bytes = 100},
	{.kind = 0, .node = UINT32_MAX}, /* handed out, not written yet */
	{.kind = MT_INVALID_INSIDE,
	 .call = MT_INVALID_REALLOC,
	 .node = 2,
	 .alloc_node = 3,
	 .count = 1,
	 .address = BLOCK + 99,
	 .block_address = BLOCK,
	 .block_bytes = 100},
	{.kind = MT_INVALID_FOREIGN, .call = MT_INVALID_FREE, .count = 2, .address = UINT64_MAX},
};

#define GOOD_COUNT (sizeof(good) / sizeof(good[0]))

static void build(struct file_builder *builder, uint16_t kind, const struct mt_invalid *records,
		  size_t count)
{
	file_builder_example(builder, kind);
	(void)file_builder_add(builder, MT_SECTION_INVALID, sizeof(*records), records, count);
}

static struct snapshot *load(uint16_t kind, const struct mt_invalid *records, size_t count)
{
	struct file_builder builder;
	struct snapshot *snapshot;
	struct error error = {""};

	build(&builder, kind, records, count);
	ck_assert_msg(case_load_builder(&builder, &snapshot, &error) == 0, "%s", error.text);
	return snapshot;
}

static uint64_t innermost(const struct snapshot *snapshot, uint32_t node)
{
	return snapshot->locations[snapshot->nodes[node].location].offset;
}

static void check_good(const struct snapshot *snapshot)
{
	const struct invalid_call *calls = snapshot->invalid;

	ck_assert_uint_eq(snapshot->invalid_count, 3);
	ck_assert_int_eq(calls[0].kind, MT_INVALID_FREED);
	ck_assert_int_eq(calls[0].call, MT_INVALID_FREE);
	ck_assert_int_eq(calls[0].count, 4);
	ck_assert_uint_eq(calls[0].ns, 77);
	ck_assert_uint_eq(calls[0].address, BLOCK);
	ck_assert_uint_eq(calls[0].block_bytes, 100);
	ck_assert_uint_eq(innermost(snapshot, calls[0].node), EXAMPLE_APP_INNER);
	ck_assert_uint_eq(innermost(snapshot, calls[0].freed_node), EXAMPLE_APP_INNER);
	ck_assert_uint_eq(innermost(snapshot, calls[0].alloc_node), EXAMPLE_APP_OUTER);
	ck_assert_int_eq(calls[1].kind, MT_INVALID_INSIDE);
	ck_assert_int_eq(calls[1].call, MT_INVALID_REALLOC);
	ck_assert_uint_eq(calls[1].address - calls[1].block_address, 99);
	ck_assert_uint_eq(calls[1].freed_node, 0);
	ck_assert_int_eq(calls[2].kind, MT_INVALID_FOREIGN);
	ck_assert_uint_eq(calls[2].node, 0);
	ck_assert_uint_eq(calls[2].address, UINT64_MAX);
}

START_TEST(records_are_read_from_both_kinds_of_file)
{
	static const uint16_t kinds[] = {MT_KIND_LIVE, MT_KIND_SNAPSHOT};

	for (size_t i = 0; i < 2; i++) {
		struct snapshot *snapshot = load(kinds[i], good, GOOD_COUNT);

		check_good(snapshot);
		case_check_example(snapshot);
		snapshot_free(snapshot);
	}
}
END_TEST

START_TEST(file_without_the_section_has_no_records)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	ck_assert_int_eq(case_load_builder(&builder, &snapshot, NULL), 0);
	ck_assert_uint_eq(snapshot->invalid_count, 0);
	snapshot_free(snapshot);
}
END_TEST

/* In front of another section: both begin at the same byte. */
START_TEST(snapshot_may_have_the_section_without_records)
{
	struct file_builder builder;
	struct file_section *empty;
	struct file_section sites;
	struct snapshot *snapshot;
	struct error error = {""};

	file_builder_example(&builder, MT_KIND_SNAPSHOT);
	empty = file_builder_add(&builder, MT_SECTION_INVALID, sizeof(struct mt_invalid), good, 0);
	sites = *file_builder_find(&builder, MT_SECTION_SITES);
	*file_builder_find(&builder, MT_SECTION_SITES) = *empty;
	*empty = sites;
	ck_assert_msg(case_load_builder(&builder, &snapshot, &error) == 0, "%s", error.text);
	case_check_example(snapshot);
	snapshot_free(snapshot);
}
END_TEST

/* Two threads have made one each; the stacks are equal although the nodes' numbers are not. */
START_TEST(equal_records_are_added_up)
{
	struct mt_invalid records[] = {good[0], good[2], good[0]};
	struct snapshot *snapshot;

	records[2].node = 5;
	snapshot = load(MT_KIND_LIVE, records, 3);
	ck_assert_uint_eq(snapshot->invalid_count, 2);
	ck_assert_int_eq(snapshot->invalid[0].count, 8);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(snapshot_keeps_records)
{
	char path[] = "/tmp/check_invalid_calls.XXXXXX";
	struct snapshot *first = load(MT_KIND_LIVE, good, GOOD_COUNT), *again;
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	(void)close(fd);
	(void)unlink(path);
	ck_assert_int_eq(snapshot_write(first, path, NULL, NULL), 0);
	ck_assert_int_eq(snapshot_load(path, &again, NULL), 0);
	check_good(again);
	snapshot_free(first);
	snapshot_free(again);
	(void)unlink(path);
}
END_TEST

static void stack_past_the_end(struct mt_invalid *record)
{
	record->node = 5000;
}

static void alloc_stack_past_the_end(struct mt_invalid *record)
{
	record->alloc_node = UINT32_MAX;
}

static void freed_stack_past_the_end(struct mt_invalid *record)
{
	record->freed_node = 1u << 31;
}

static void unknown_kind(struct mt_invalid *record)
{
	record->kind = 5;
}

static void unknown_call(struct mt_invalid *record)
{
	record->call = 9;
}

static void no_call(struct mt_invalid *record)
{
	record->call = 0;
}

static void absurd_count(struct mt_invalid *record)
{
	record->count = UINT64_C(1) << 60;
}

static void absurd_block(struct mt_invalid *record)
{
	record->block_bytes = UINT64_MAX;
}

static void address_behind_the_block(struct mt_invalid *record)
{
	*record = good[2];
	record->address++;
}

static void address_before_the_block(struct mt_invalid *record)
{
	*record = good[2];
	record->kind = MT_INVALID_INSIDE_FREED;
	record->address = BLOCK - 1;
}

START_TEST(damage_is_named)
{
	static const struct {
		const char *message;
		void (*make)(struct mt_invalid *record);
	} damages[] = {
		{"damaged: invalid free 1 has the stack 5000", stack_past_the_end},
		{"damaged: invalid free 1 has the stack 4294967295", alloc_stack_past_the_end},
		{"damaged: invalid free 1 has the stack 2147483648", freed_stack_past_the_end},
		{"damaged: invalid free 1 has the kind 5", unknown_kind},
		{"damaged: invalid free 1 has the call 9", unknown_call},
		{"damaged: invalid free 1 has the call 0", no_call},
		{"damaged: invalid free 1 has the count 1152921504606846976", absurd_count},
		{"damaged: invalid free 1 has a block of 18446744073709551615", absurd_block},
		{"damaged: invalid free 1 has a block of 100", address_behind_the_block},
		{"damaged: invalid free 1 has a block of 100", address_before_the_block},
	};
	static const uint16_t kinds[] = {MT_KIND_LIVE, MT_KIND_SNAPSHOT};

	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++)
		for (size_t j = 0; j < 2; j++) {
			struct mt_invalid records[] = {good[0], good[0]};
			struct file_builder builder;

			damages[i].make(&records[1]);
			build(&builder, kinds[j], records, 2);
			case_refuse(&builder, damages[i].message);
		}
}
END_TEST

START_TEST(too_many_records_are_refused)
{
	enum { COUNT = 16 * MT_INVALID_MAX + 1 };
	struct mt_invalid *records = calloc(COUNT, sizeof(*records));
	struct file_builder builder;

	ck_assert_ptr_nonnull(records);
	build(&builder, MT_KIND_SNAPSHOT, records, COUNT);
	case_refuse(&builder, "damaged: 4097 invalid frees, at most 4096 expected");
	free(records);
}
END_TEST

START_TEST(small_entries_are_refused)
{
	struct file_builder builder;

	build(&builder, MT_KIND_SNAPSHOT, good, 2);
	file_builder_find(&builder, MT_SECTION_INVALID)->record.entry_size = 32;
	file_builder_find(&builder, MT_SECTION_INVALID)->record.count = 4;
	case_refuse(&builder, "entries of 32 bytes, at least 64 expected");
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("invalid_calls");
	TCase *core = tcase_create("core");

	tcase_add_test(core, records_are_read_from_both_kinds_of_file);
	tcase_add_test(core, file_without_the_section_has_no_records);
	tcase_add_test(core, snapshot_may_have_the_section_without_records);
	tcase_add_test(core, equal_records_are_added_up);
	tcase_add_test(core, snapshot_keeps_records);
	tcase_add_test(core, damage_is_named);
	tcase_add_test(core, too_many_records_are_refused);
	tcase_add_test(core, small_entries_are_refused);
	suite_add_tcase(suite, core);
	return suite;
}
