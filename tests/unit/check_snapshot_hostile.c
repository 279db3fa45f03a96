/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_snapshot_hostile.c - made-up files: whatever would lead a reader astray is named in one clear line, and
 * no file costs more memory than it may.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "snapshot_case.h"
#include "unit.h"

/* A change to the example, and what the reader must say about it. */
struct damage {
	const char *message;
	void (*make)(struct file_builder *builder);
	bool is_for_live, is_for_snapshot;
};

static void parent_of_itself(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_NODES, mt_node, 3)->parent = 3;
}

static void parent_below(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_NODES, mt_node, 2)->parent = 3;
}

static void location_past_the_end(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_NODES, mt_node, 3)->location = 5000;
}

static void module_past_the_end(struct file_builder *builder)
{
	uint64_t word = UINT64_C(77) << MT_LOCATION_MODULE_SHIFT | 5;

	memcpy(file_builder_find(builder, MT_SECTION_LOCATIONS)->bytes + 3 * 8, &word, 8);
}

static void unknown_pseudo(struct file_builder *builder)
{
	uint64_t word = UINT64_C(0xffff) << MT_LOCATION_MODULE_SHIFT | UINT64_C(99)
									       << MT_PSEUDO_SHIFT;

	memcpy(file_builder_find(builder, MT_SECTION_LOCATIONS)->bytes + 3 * 8, &word, 8);
}

static void side_in_a_circle(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_SIDE, mt_side, 1)->next = 1;
}

static void side_past_the_end(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_SIDE, mt_side, 1)->next = 1u << 30;
}

static void counters_too_large(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_COUNTERS, mt_counters, 1)->alloc_bytes = UINT64_C(1)
											<< 62;
}

static void counters_overflow_together(struct file_builder *builder)
{
	for (int i = 1; i <= 3; i++)
		FILE_BUILDER_ENTRY(builder, MT_SECTION_COUNTERS, mt_counters, i)->alloc_bytes =
			UINT64_C(1) << 60;
}

static void no_process(struct file_builder *builder)
{
	file_builder_find(builder, MT_SECTION_PROCESS)->record.type = 400;
}

static void no_columns(struct file_builder *builder)
{
	file_builder_find(builder, MT_SECTION_COLUMNS)->record.type = 400;
}

static void column_twice(struct file_builder *builder)
{
	*FILE_BUILDER_ENTRY(builder, MT_SECTION_COLUMNS, mt_column, 1) =
		*FILE_BUILDER_ENTRY(builder, MT_SECTION_COLUMNS, mt_column, 0);
}

static void column_of_odd_width(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_COLUMNS, mt_column, 3)->width = 3;
}

static void column_past_the_entry(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_COLUMNS, mt_column, 3)->offset = 124;
}

static void small_entries(struct file_builder *builder)
{
	struct mt_section *record = &file_builder_find(builder, MT_SECTION_MODULES)->record;

	record->entry_size = 64;
	record->count *= 2;
}

static void empty_entries(struct file_builder *builder)
{
	file_builder_find(builder, MT_SECTION_NODES)->record.entry_size = 0;
}

static void long_build_id(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_MODULES, mt_module, 1)->build_id_bytes = 33;
}

static void absurd_peak(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_PROCESS, mt_process, 0)->peak_live_bytes = INT64_MIN;
}

static void absurd_shards(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_SHARDS, mt_shard, 2)->live_bytes = INT64_MIN;
}

static void totals_of_another_file(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_PROCESS, mt_process, 0)
		->totals[MT_TOTAL_LIVE_BYTES]++;
}

static void stack_not_there(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_COUNTERS, mt_counters, 1)->node = 1000;
}

static void text_past_the_end(struct file_builder *builder)
{
	FILE_BUILDER_ENTRY(builder, MT_SECTION_MODULES, mt_module, 1)->path = 1u << 20;
}

static void text_without_end(struct file_builder *builder)
{
	struct file_section *strings = file_builder_find(builder, MT_SECTION_STRINGS);

	strings->bytes[strings->record.length - 1] = 'x';
}

static void count_beyond_section(struct file_builder *builder)
{
	file_builder_find(builder, MT_SECTION_NODES)->record.count++;
}

static void far_away_run(struct file_builder *builder)
{
	file_builder_find(builder, MT_SECTION_COLUMNS)->record.first = 1u << 27;
}

static void two_of_a_type(struct file_builder *builder)
{
	const uint64_t drops[] = {1};

	(void)file_builder_add(builder, MT_SECTION_DROPS, 8, drops, 1);
}

static const struct damage damages[] = {
	{"damaged: node 3 has parent 3", parent_of_itself, true, true},
	{"damaged: node 2 has parent 3", parent_below, true, true},
	{"location 5000 of 8", location_past_the_end, true, true},
	{"damaged: code in module 77 of 3", module_past_the_end, true, true},
	{"damaged: unknown kind of frame 99", unknown_pseudo, true, true},
	{"damaged: side record 1 of 5 occurs twice", side_in_a_circle, true, true},
	{"damaged: side record 1073741824 of 5", side_past_the_end, true, true},
	{"damaged: counters beyond 2^61", counters_too_large, true, true},
	{"damaged: counters beyond 2^61", counters_overflow_together, true, true},
	{"damaged: 0 process records, 1 expected", no_process, true, true},
	{"damaged: counter column 1 is missing", no_columns, true, true},
	{"damaged: counter column 1 occurs twice", column_twice, true, true},
	{"damaged: counter column 4 is 3 bytes wide", column_of_odd_width, true, true},
	{"entries of 128 bytes, at least 132 expected", column_past_the_entry, true, true},
	{"entries of 64 bytes, at least 128 expected", small_entries, true, true},
	{"damaged: section 6", empty_entries, true, true},
	{"damaged: module 1 has a build ID of 33 bytes", long_build_id, true, true},
	{"damaged: process record says -9223372036854775808", absurd_peak, true, true},
	{"damaged: shards say -9223372036854775808 live bytes", absurd_shards, true, false},
	{"damaged: total 5 is 4811, its rows sum to 4810", totals_of_another_file, false, true},
	{"damaged: counters of a stack that is not there", stack_not_there, false, true},
	{"damaged: no text at 1048576", text_past_the_end, false, true},
	{"damaged: no text at", text_without_end, false, true},
	{"damaged: section 6: 11 entries of 8 bytes in 80 bytes", count_beyond_section, false,
	 true},
	{"damaged: section 2 has room for 134217746 entries, 18 are there", far_away_run, true,
	 false},
	{"damaged: two sections of type 16", two_of_a_type, false, true},
};

START_TEST(damage_is_named)
{
	const struct damage *damage = &damages[_i];
	struct file_builder builder;

	if (damage->is_for_live) {
		file_builder_example(&builder, MT_KIND_LIVE);
		damage->make(&builder);
		case_refuse(&builder, damage->message);
	}
	if (damage->is_for_snapshot) {
		file_builder_example(&builder, MT_KIND_SNAPSHOT);
		damage->make(&builder);
		case_refuse(&builder, damage->message);
	}
}
END_TEST

/* Writes one field of the section table of a snapshot whose checksum is then right. */
static void check_section_field(size_t field, uint64_t value, const char *message)
{
	size_t bytes;
	struct file_builder builder;
	unsigned char *image;
	struct snapshot *snapshot;
	struct error error = {""};

	file_builder_example(&builder, MT_KIND_SNAPSHOT);
	image = file_builder_image(&builder, &bytes);
	file_builder_fini(&builder);
	memcpy(image + sizeof(struct mt_header) + 2 * sizeof(struct mt_section) + field, &value,
	       sizeof(value));
	file_builder_seal(image);
	ck_assert_int_eq(case_load(image, bytes, &snapshot, &error), -EBADMSG);
	ck_assert_msg(strstr(error.text, message) != NULL, "\"%s\"", error.text);
	free(image);
}

START_TEST(sections_outside_the_file_are_refused)
{
	check_section_field(offsetof(struct mt_section, offset), UINT64_MAX - 3, "truncated: ");
	check_section_field(offsetof(struct mt_section, offset), 1 << 20, "truncated: ");
	check_section_field(offsetof(struct mt_section, offset), 0, "truncated: ");
	check_section_field(offsetof(struct mt_section, offset), 256, "truncated: ");
	check_section_field(offsetof(struct mt_section, length), UINT64_MAX, "truncated: ");
	check_section_field(offsetof(struct mt_section, count), UINT64_MAX / 2, "damaged: ");
	check_section_field(offsetof(struct mt_section, first), 5, "damaged: ");
}
END_TEST

/* A file that has only a section table and a hole of so many bytes for this type. */
static void check_huge(uint16_t type, uint32_t entry_size, uint64_t length, uint64_t count)
{
	struct file_builder builder;
	size_t bytes;
	unsigned char *image;
	struct input input;
	struct mt_section record;
	struct snapshot *snapshot = NULL;
	struct error error = {""};

	file_builder_example(&builder, MT_KIND_LIVE);
	for (uint32_t i = 0; i < builder.section_count; i++) {
		if (builder.sections[i].record.type == type)
			builder.sections[i].record.type = 400;
	}
	(void)file_builder_add(&builder, type, entry_size, "", 0);
	image = file_builder_image(&builder, &bytes);
	record = builder.sections[builder.section_count - 1].record;
	record.offset = bytes;
	record.length = length;
	record.count = count;
	memcpy(image + sizeof(struct mt_header) +
		       (builder.section_count - 1) * sizeof(struct mt_section),
	       &record, sizeof(record));
	input = case_input(image, bytes);
	ck_assert_int_eq(ftruncate(input.fd, (off_t)(bytes + length)), 0);
	ck_assert_int_eq(snapshot_load_input(&input, "case.snap", false, &snapshot, &error),
			 -EBADMSG);
	ck_assert_msg(strstr(error.text, "more than") != NULL, "\"%s\"", error.text);
	input_close(&input);
	free(image);
	file_builder_fini(&builder);
}

START_TEST(tables_beyond_memory_are_refused)
{
	check_huge(MT_SECTION_NODES, sizeof(struct mt_node), UINT64_C(1) << 40, UINT64_MAX);
	check_huge(MT_SECTION_COUNTERS, sizeof(struct mt_counters), UINT64_C(1) << 40, UINT64_MAX);
	check_huge(MT_SECTION_STRINGS, 1, UINT64_C(1) << 40, UINT64_MAX);
	check_huge(MT_SECTION_THREADS, sizeof(struct mt_thread), UINT64_C(1) << 40, 1);
	check_huge(MT_SECTION_MESSAGES, sizeof(struct mt_message), UINT64_C(1) << 40, 1);
}
END_TEST

/* Tables of zeros, nearly as large as is allowed together, in a sparse file. */
START_TEST(large_tables_stay_below_1_gib)
{
	static const struct {
		uint16_t type;
		uint32_t entry_size;
		uint64_t count;
	} rows[] = {
		{MT_SECTION_COUNTERS, sizeof(struct mt_counters), 1 << 20},
		{MT_SECTION_NODES, sizeof(struct mt_node), 4 << 20},
		{MT_SECTION_LOCATIONS, 8, 1 << 20},
		{MT_SECTION_SITES, sizeof(struct mt_site), 1 << 20},
		{MT_SECTION_SIDE, sizeof(struct mt_side), 2 << 20},
		{MT_SECTION_STRINGS, 1, 64 << 20},
	};
	enum { ROWS = sizeof(rows) / sizeof(rows[0]) };
	struct file_builder builder;
	struct mt_section sections[ROWS];
	size_t bytes;
	uint64_t end;
	unsigned char *image;
	struct input input;
	struct rusage before, after;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	for (size_t i = 0; i < ROWS; i++) {
		file_builder_find(&builder, rows[i].type)->record.type = 400;
		(void)file_builder_add(&builder, rows[i].type, rows[i].entry_size, "", 0);
	}
	image = file_builder_image(&builder, &bytes);
	end = bytes;
	for (size_t i = 0; i < ROWS; i++) {
		sections[i] = builder.sections[builder.section_count - ROWS + i].record;
		sections[i].offset = end;
		sections[i].count = rows[i].count;
		sections[i].length = rows[i].count * rows[i].entry_size;
		end += sections[i].length;
	}
	memcpy(image + sizeof(struct mt_header) +
		       (builder.section_count - ROWS) * sizeof(struct mt_section),
	       sections, sizeof(sections));
	input = case_input(image, bytes);
	ck_assert_int_eq(ftruncate(input.fd, (off_t)end), 0);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	ck_assert_int_eq(snapshot_load_input(&input, "case.snap", false, &snapshot, NULL), 0);
	snapshot_free(snapshot);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 1 << 20); /* KiB */
	input_close(&input);
	free(image);
	file_builder_fini(&builder);
}
END_TEST

START_TEST(endlessly_deep_stack_is_refused)
{
	enum { COUNT = 100000 };
	struct mt_node *nodes = calloc(COUNT, sizeof(*nodes));
	struct file_builder builder;

	ck_assert_ptr_nonnull(nodes);
	for (uint32_t i = 1; i < COUNT; i++)
		nodes[i] = (struct mt_node){i - 1, 3};
	file_builder_example(&builder, MT_KIND_LIVE);
	file_builder_find(&builder, MT_SECTION_NODES)->record.type = 400;
	(void)file_builder_add(&builder, MT_SECTION_NODES, sizeof(*nodes), nodes, COUNT);
	case_refuse(&builder, "damaged: a stack of more than 8192 frames");
	free(nodes);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("snapshot_hostile");
	TCase *contents = tcase_create("contents"), *size = tcase_create("size");

	tcase_add_loop_test(contents, damage_is_named, 0,
			    (int)(sizeof(damages) / sizeof(damages[0])));
	tcase_add_test(contents, sections_outside_the_file_are_refused);
	suite_add_tcase(suite, contents);
	tcase_set_timeout(size, 60);
	tcase_add_test(size, tables_beyond_memory_are_refused);
	tcase_add_test(size, large_tables_stay_below_1_gib);
	tcase_add_test(size, endlessly_deep_stack_is_refused);
	suite_add_tcase(suite, size);
	return suite;
}
