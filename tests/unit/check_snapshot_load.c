/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_snapshot_load.c - what is in a file is what comes out, in this version of the format and others.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "example.h"
#include "model/columns.h"
#include "snapshot_case.h"
#include "unit.h"

static struct snapshot *load(struct file_builder *builder)
{
	struct snapshot *snapshot;
	struct error error = {""};
	int result = case_load_builder(builder, &snapshot, &error);

	ck_assert_msg(result == 0, "%s", error.text);
	return snapshot;
}

START_TEST(live_file_gives_the_example)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	snapshot = load(&builder);
	case_check_example(snapshot);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_EXITED);
	ck_assert_uint_eq(snapshot->taken_ns, 1234);
	ck_assert_str_eq(snapshot->label, "");
	ck_assert_int_eq(snapshot->unaccounted_count, 0);
	snapshot_free(snapshot);
}
END_TEST

/* More than 32 bits hold, of blocks that are alive and of blocks that are not. */
START_TEST(counters_beyond_32_bits_are_exact)
{
	const int64_t more_blocks = (int64_t)1 << 33, more_bytes = (int64_t)1 << 45;
	struct file_builder builder;
	struct mt_counters *counters;
	struct snapshot *before, *after;

	file_builder_example(&builder, MT_KIND_LIVE);
	before = load(&builder);
	file_builder_example(&builder, MT_KIND_LIVE);
	counters = FILE_BUILDER_ENTRY(&builder, MT_SECTION_COUNTERS, mt_counters, 1);
	counters->alloc_count += (uint64_t)more_blocks;
	counters->alloc_bytes += (uint64_t)more_bytes;
	counters->free_count += (uint64_t)more_blocks / 2;
	counters->freed_bytes += (uint64_t)more_bytes / 2;
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_SHARDS, mt_shard, 1)->alloc_count +=
		(uint64_t)more_blocks;
	after = load(&builder);
	ck_assert_int_eq(after->totals[MT_TOTAL_ALLOC_COUNT],
			 before->totals[MT_TOTAL_ALLOC_COUNT] + more_blocks);
	ck_assert_int_eq(after->totals[MT_TOTAL_ALLOC_BYTES],
			 before->totals[MT_TOTAL_ALLOC_BYTES] + more_bytes);
	ck_assert_int_eq(after->totals[MT_TOTAL_LIVE_BLOCKS],
			 before->totals[MT_TOTAL_LIVE_BLOCKS] + more_blocks / 2);
	ck_assert_int_eq(after->totals[MT_TOTAL_LIVE_BYTES],
			 before->totals[MT_TOTAL_LIVE_BYTES] + more_bytes / 2);
	ck_assert_int_eq(after->unaccounted_count, 0);
	snapshot_free(before);
	snapshot_free(after);
}
END_TEST

START_TEST(snapshot_gives_the_example)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_SNAPSHOT);
	snapshot = load(&builder);
	case_check_example(snapshot);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_RUNNING);
	ck_assert_uint_eq(snapshot->taken_ns, 1000);
	ck_assert_str_eq(snapshot->label, EXAMPLE_LABEL);
	snapshot_free(snapshot);
}
END_TEST

/* As one thread leaves it that was killed: what the process record knows is older. */
static struct snapshot *load_single(int64_t live_bytes, int64_t peak_bytes)
{
	struct file_builder builder;
	struct mt_process *process;
	struct mt_shard *shard;

	file_builder_example(&builder, MT_KIND_LIVE);
	process = FILE_BUILDER_ENTRY(&builder, MT_SECTION_PROCESS, mt_process, 0);
	process->hold_bytes = 0;
	process->live_bytes = 1;
	process->peak_live_bytes = 2;
	shard = FILE_BUILDER_ENTRY(&builder, MT_SECTION_SHARDS, mt_shard, 0);
	shard->live_bytes = live_bytes;
	shard->peak_bytes = peak_bytes;
	return load(&builder);
}

static int64_t a_at_peak_bytes(const struct snapshot *snapshot)
{
	return case_site(snapshot, EXAMPLE_APP, EXAMPLE_APP_INNER, EXAMPLE_APP_OUTER)
		->counters.at_peak_live_bytes;
}

START_TEST(process_at_its_peak_has_there_what_is_live)
{
	struct snapshot *snapshot = load_single(EXAMPLE_PEAK_BYTES, EXAMPLE_PEAK_BYTES);

	ck_assert_int_eq(snapshot->totals[MT_TOTAL_PEAK_LIVE_BYTES], EXAMPLE_PEAK_BYTES);
	ck_assert_int_eq(snapshot->process.live_bytes, EXAMPLE_PEAK_BYTES);
	ck_assert_int_eq(a_at_peak_bytes(snapshot), EXAMPLE_A_LIVE_BYTES);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(process_below_its_peak_had_there_what_its_sites_noted)
{
	struct snapshot *snapshot = load_single(EXAMPLE_PEAK_BYTES - 1, EXAMPLE_PEAK_BYTES);

	ck_assert_int_eq(snapshot->totals[MT_TOTAL_PEAK_LIVE_BYTES], EXAMPLE_PEAK_BYTES);
	ck_assert_int_eq(snapshot->process.live_bytes, EXAMPLE_PEAK_BYTES - 1);
	ck_assert_int_eq(a_at_peak_bytes(snapshot), EXAMPLE_A_AT_PEAK_BYTES);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(equal_nodes_become_one)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	snapshot = load(&builder);
	ck_assert_uint_eq(snapshot->node_count,
			  8); /* 9 ids in the file, 2 of them again; 0 unused */
	for (uint32_t i = 1; i < snapshot->node_count; i++)
		ck_assert_uint_lt(snapshot->nodes[i].parent, i);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(live_tables_in_several_runs_are_one)
{
	static const uint16_t growing[] = {
		MT_SECTION_STRINGS, MT_SECTION_LOCATIONS, MT_SECTION_NODES,
		MT_SECTION_SITES,   MT_SECTION_COUNTERS,  MT_SECTION_SIDE,
	};
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	for (size_t i = 0; i < sizeof(growing) / sizeof(growing[0]); i++)
		file_builder_split(&builder, growing[i], 3);
	snapshot = load(&builder);
	case_check_example(snapshot);
	snapshot_free(snapshot);
}
END_TEST

/* Entries of twice the size, with the fields it knows moved behind a new one. */
static void widen_counters(struct file_builder *builder)
{
	struct file_section *counters = file_builder_find(builder, MT_SECTION_COUNTERS);
	struct file_section *columns = file_builder_find(builder, MT_SECTION_COLUMNS);
	struct mt_column *column = (struct mt_column *)(void *)columns->bytes;
	size_t old_size = counters->record.entry_size, count = counters->record.count;
	unsigned char *wide = malloc(2 * old_size * count);

	ck_assert_ptr_nonnull(wide);
	memset(wide, 0xee, 2 * old_size * count);
	for (size_t i = 0; i < count; i++)
		memcpy(wide + 2 * old_size * i + 8, counters->bytes + old_size * i, old_size);
	free(counters->bytes);
	counters->bytes = wide;
	counters->record.entry_size = (uint32_t)(2 * old_size);
	counters->record.length = 2 * old_size * count;
	for (size_t i = 0; i < columns->record.count; i++)
		column[i].offset = (uint16_t)(column[i].offset + 8);
}

/* What decides whether entries are copied whole: a field that moves must not leave this behind. */
START_TEST(columns_of_this_version_are_known_as_such)
{
	struct file_builder builder;
	unsigned char raw[sizeof(struct mt_counters)];
	struct mt_counters whole, by_column;
	struct columns columns;
	struct reader reader;
	struct input input;
	unsigned char *image;
	size_t bytes;

	file_builder_example(&builder, MT_KIND_SNAPSHOT);
	image = file_builder_image(&builder, &bytes);
	input = case_input(image, bytes);
	ck_assert_int_eq(reader_open(&reader, &input, "example", NULL), 0);
	ck_assert_int_eq(columns_load(&reader, &columns), 0);
	ck_assert(columns.is_current);
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (unsigned char)(i * 37 + 11);
	columns_decode(&columns, raw, &whole);
	columns.is_current = false;
	columns_decode(&columns, raw, &by_column);
	ck_assert_mem_eq(&whole, &by_column, sizeof(whole));
	reader_close(&reader);
	input_close(&input);
	free(image);
	file_builder_fini(&builder);
}
END_TEST

START_TEST(later_counters_with_more_columns_load)
{
	static const uint16_t kinds[] = {MT_KIND_LIVE, MT_KIND_SNAPSHOT};
	const struct mt_column unknown = {.id = 999, .offset = 0, .width = 8};

	for (size_t i = 0; i < 2; i++) {
		struct file_builder builder;
		struct file_section *columns;
		struct snapshot *snapshot;
		size_t known;

		file_builder_example(&builder, kinds[i]);
		widen_counters(&builder);
		columns = file_builder_find(&builder, MT_SECTION_COLUMNS);
		known = columns->record.length;
		columns->bytes = realloc(columns->bytes, known + sizeof(unknown));
		ck_assert_ptr_nonnull(columns->bytes);
		memcpy(columns->bytes + known, &unknown, sizeof(unknown));
		columns->record.length += sizeof(unknown);
		columns->record.count++;
		snapshot = load(&builder);
		case_check_example(snapshot);
		snapshot_free(snapshot);
	}
}
END_TEST

START_TEST(larger_entries_of_a_later_version_load)
{
	struct file_builder builder;
	struct snapshot *snapshot;
	struct file_section *modules;
	unsigned char *wide;

	file_builder_example(&builder, MT_KIND_SNAPSHOT);
	builder.header.minor = MT_MINOR + 1;
	modules = file_builder_find(&builder, MT_SECTION_MODULES);
	wide = calloc(modules->record.count, 136);
	ck_assert_ptr_nonnull(wide);
	for (size_t i = 0; i < modules->record.count; i++)
		memcpy(wide + 136 * i, modules->bytes + 128 * i, 128);
	free(modules->bytes);
	modules->bytes = wide;
	modules->record.entry_size = 136;
	modules->record.length = 136 * modules->record.count;
	snapshot = load(&builder);
	case_check_example(snapshot);
	ck_assert_uint_eq(snapshot->modules[1].build_id_bytes, 4);
	ck_assert_uint_eq(snapshot->modules[1].build_id[0], 0xde);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(unknown_section_is_ignored)
{
	static const uint16_t kinds[] = {MT_KIND_LIVE, MT_KIND_SNAPSHOT};

	for (size_t i = 0; i < 2; i++) {
		struct file_builder builder;
		struct snapshot *snapshot;

		file_builder_example(&builder, kinds[i]);
		(void)file_builder_add(&builder, 300, 5, "abcde12345", 2);
		snapshot = load(&builder);
		case_check_example(snapshot);
		snapshot_free(snapshot);
	}
}
END_TEST

START_TEST(unknown_required_section_is_refused)
{
	static const uint16_t kinds[] = {MT_KIND_LIVE, MT_KIND_SNAPSHOT};

	for (size_t i = 0; i < 2; i++) {
		struct file_builder builder;

		file_builder_example(&builder, kinds[i]);
		file_builder_add(&builder, 300, 5, "abcde12345", 2)->record.flags =
			MT_SECTION_REQUIRED;
		case_refuse(&builder, "needs a newer memtrace: unknown section type 300");
	}
}
END_TEST

START_TEST(newer_major_version_is_refused)
{
	struct file_builder builder;

	file_builder_example(&builder, MT_KIND_SNAPSHOT);
	builder.header.major = MT_MAJOR + 1;
	case_refuse(&builder, "format version 2.0");
}
END_TEST

START_TEST(other_byte_order_is_refused)
{
	struct file_builder builder;

	file_builder_example(&builder, MT_KIND_LIVE);
	builder.header.endian = __builtin_bswap32(MT_ENDIAN_MARK);
	builder.header.major = (uint16_t)__builtin_bswap16(MT_MAJOR);
	case_refuse(&builder, "the other byte order");
}
END_TEST

START_TEST(what_is_not_a_file_of_ours_is_refused)
{
	static const struct {
		const char *bytes;
		size_t length;
		const char *message;
	} rows[] = {
		{"", 0,
		 "case.snap: empty, not a trace file or snapshot: a process killed as it begins "
		 "leaves such a file"},
		{"MEM", 3, "case.snap: truncated: a header needs 256 bytes, 3 found"},
		{"x", 1, "case.snap: not a memtrace file"},
		{"\177ELF and more of it than a magic number", 40,
		 "case.snap: not a memtrace file"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct snapshot *snapshot;
		struct error error = {""};

		ck_assert_int_eq(case_load((const unsigned char *)rows[i].bytes, rows[i].length,
					   &snapshot, &error),
				 -EBADMSG);
		ck_assert_str_eq(error.text, rows[i].message);
	}
}
END_TEST

START_TEST(what_is_not_a_regular_file_is_refused)
{
	struct snapshot *snapshot;
	struct error error = {""};

	ck_assert_int_eq(snapshot_load("/dev/null", &snapshot, &error), -EBADMSG);
	ck_assert_str_eq(error.text, "/dev/null: not a regular file");
	ck_assert_int_eq(snapshot_load("/proc/self", &snapshot, &error), -EBADMSG);
	ck_assert_int_eq(snapshot_load("/nonexistent/file", &snapshot, &error), -ENOENT);
	ck_assert_str_eq(error.text, "/nonexistent/file: No such file or directory");
}
END_TEST

START_TEST(golden_file_of_1_0_loads)
{
	struct snapshot *snapshot;
	struct error error = {""};
	int result = snapshot_load(GOLDEN_DIR "/snapshot-1.0.snap", &snapshot, &error);

	ck_assert_msg(result == 0, "%s", error.text);
	case_check_example(snapshot);
	snapshot_free(snapshot);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("snapshot_load");
	TCase *contents = tcase_create("contents"), *versions = tcase_create("versions");

	tcase_add_test(contents, live_file_gives_the_example);
	tcase_add_test(contents, counters_beyond_32_bits_are_exact);
	tcase_add_test(contents, snapshot_gives_the_example);
	tcase_add_test(contents, process_at_its_peak_has_there_what_is_live);
	tcase_add_test(contents, process_below_its_peak_had_there_what_its_sites_noted);
	tcase_add_test(contents, equal_nodes_become_one);
	tcase_add_test(contents, live_tables_in_several_runs_are_one);
	suite_add_tcase(suite, contents);
	tcase_add_test(versions, golden_file_of_1_0_loads);
	tcase_add_test(versions, columns_of_this_version_are_known_as_such);
	tcase_add_test(versions, later_counters_with_more_columns_load);
	tcase_add_test(versions, larger_entries_of_a_later_version_load);
	tcase_add_test(versions, unknown_section_is_ignored);
	tcase_add_test(versions, unknown_required_section_is_refused);
	tcase_add_test(versions, newer_major_version_is_refused);
	tcase_add_test(versions, other_byte_order_is_refused);
	tcase_add_test(versions, what_is_not_a_file_of_ours_is_refused);
	tcase_add_test(versions, what_is_not_a_regular_file_is_refused);
	suite_add_tcase(suite, versions);
	return suite;
}
