/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_snapshot_sampled.c - what stands behind estimates is loaded, summed over the entries of a site, and
 * written again.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "example.h"
#include "memtrace/sampling.h"
#include "snapshot_case.h"
#include "unit.h"

#define SIDE_MAX 40

static struct mt_side sides[SIDE_MAX];
static uint32_t side_count;

static void add(struct mt_counters *entry, enum mt_side_kind kind, enum mt_sampled of,
		int64_t count, int64_t bytes)
{
	ck_assert_uint_lt(side_count, SIDE_MAX);
	sides[side_count] = (struct mt_side){.next = entry->side,
					     .kind = (uint8_t)kind,
					     .bucket = (uint8_t)of,
					     .count = count,
					     .bytes = bytes};
	entry->side = side_count++;
}

/* So many recorded blocks of one size, as the shim sums them. */
static void record(struct mt_counters *entry, enum mt_sampled of, int64_t blocks, uint64_t size,
		   uint64_t weight)
{
	const struct mt_sample_term terms[] = {
		mt_sample_term(weight, 1, 1),
		mt_sample_term(weight, size, size),
		mt_sample_term(weight, 1, size),
	};

	add(entry, MT_SIDE_RECORDED, of, blocks, blocks * (int64_t)size);
	for (int i = 0; i < 3; i++)
		add(entry, MT_SIDE_VARIANCE_COUNT + (enum mt_side_kind)i, of,
		    blocks * (int64_t)terms[i].low, blocks * (int64_t)terms[i].high);
}

/* The example with sample records behind those that it has; its last entries are of one site each. */
static void begin(struct file_builder *builder, uint16_t kind, uint64_t sample_bytes)
{
	struct file_section *section;

	file_builder_example(builder, kind);
	builder->header.sample_bytes = sample_bytes;
	section = file_builder_find(builder, MT_SECTION_SIDE);
	side_count = (uint32_t)(section->record.length / sizeof(*sides));
	memcpy(sides, section->bytes, section->record.length);
}

static struct snapshot *finish(struct file_builder *builder)
{
	struct file_section *section = file_builder_find(builder, MT_SECTION_SIDE);
	struct snapshot *snapshot;
	struct error error = {""};

	free(section->bytes);
	section->bytes = malloc(sizeof(sides));
	ck_assert_ptr_nonnull(section->bytes);
	memcpy(section->bytes, sides, sizeof(sides));
	section->record.length = side_count * sizeof(*sides);
	section->record.count = side_count;
	ck_assert_msg(case_load_builder(builder, &snapshot, &error) == 0, "%s", error.text);
	return snapshot;
}

static const struct estimate *estimate_of_largest(const struct snapshot *snapshot)
{
	size_t largest = 0;

	for (size_t i = 1; i < snapshot->site_count; i++)
		if (snapshot->estimates[i].parts[ESTIMATE_ALLOCATED].blocks >
		    snapshot->estimates[largest].parts[ESTIMATE_ALLOCATED].blocks)
			largest = i;
	return snapshot_estimate(snapshot, &snapshot->sites[largest]);
}

static void check_part(const struct estimate_part *part, double blocks, double size, double weight)
{
	double variance = blocks * weight * (weight - 1);

	ck_assert_double_eq(part->blocks, blocks);
	ck_assert_double_eq(part->bytes, blocks * size);
	ck_assert_double_eq(part->block_variance, variance);
	ck_assert_double_eq(part->byte_variance, variance * size * size);
	ck_assert_double_eq(part->covariance, variance * size);
}

static struct snapshot *load_sampled(uint16_t kind)
{
	struct file_builder builder;
	struct mt_counters *entry;

	begin(&builder, kind, 524288);
	entry = FILE_BUILDER_ENTRY(&builder, MT_SECTION_COUNTERS, mt_counters, 1);
	record(entry, MT_SAMPLED_ALLOCATED, 50, 1000, 525);
	record(entry, MT_SAMPLED_FREED, 20, 1000, 525);
	record(entry, MT_SAMPLED_INHERITED, 5, 1000, 525);
	return finish(&builder);
}

START_TEST(sums_are_loaded_exactly)
{
	struct snapshot *snapshot = load_sampled(_i ? MT_KIND_SNAPSHOT : MT_KIND_LIVE);
	const struct estimate *estimate = estimate_of_largest(snapshot);

	check_part(&estimate->parts[ESTIMATE_ALLOCATED], 50, 1000, 525);
	check_part(&estimate->parts[ESTIMATE_FREED], 20, 1000, 525);
	check_part(&estimate->parts[ESTIMATE_INHERITED], 5, 1000, 525);
	check_part(&estimate->parts[ESTIMATE_LIVE], 35, 1000, 525);
	check_part(&snapshot->estimate.parts[ESTIMATE_LIVE], 35, 1000, 525);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(small_difference_of_large_sums_is_not_rounded)
{
	struct file_builder builder;
	struct mt_counters *entry;
	struct snapshot *snapshot;
	uint64_t size = MT_SAMPLE_BYTES_MAX - 1;

	begin(&builder, MT_KIND_SNAPSHOT, MT_SAMPLE_BYTES_MAX);
	entry = FILE_BUILDER_ENTRY(&builder, MT_SECTION_COUNTERS, mt_counters, 1);
	record(entry, MT_SAMPLED_ALLOCATED, 1000000001, size, 2);
	record(entry, MT_SAMPLED_FREED, 1000000000, size, 2);
	snapshot = finish(&builder);
	check_part(&estimate_of_largest(snapshot)->parts[ESTIMATE_LIVE], 1, (double)size, 2);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(entries_of_one_site_add_up)
{
	struct file_builder builder;
	struct snapshot *snapshot;
	struct file_section *section;

	begin(&builder, MT_KIND_LIVE, 524288);
	section = file_builder_find(&builder, MT_SECTION_COUNTERS);
	for (uint32_t i = 1; i < section->record.length / sizeof(struct mt_counters); i++) {
		struct mt_counters *entry =
			FILE_BUILDER_ENTRY(&builder, MT_SECTION_COUNTERS, mt_counters, i);

		if (entry->node != 0)
			record(entry, MT_SAMPLED_ALLOCATED, 3, 100, 7);
	}
	snapshot = finish(&builder);
	ck_assert_double_gt(estimate_of_largest(snapshot)->parts[ESTIMATE_ALLOCATED].blocks, 3);
	check_part(&estimate_of_largest(snapshot)->parts[ESTIMATE_ALLOCATED],
		   estimate_of_largest(snapshot)->parts[ESTIMATE_ALLOCATED].blocks, 100, 7);
	snapshot_free(snapshot);
}
END_TEST

/* The example's second site allocates in one size, its first in several. */
START_TEST(smaller_blocks_are_suspected_beside_large_ones_of_several_sizes)
{
	struct file_builder builder;
	struct snapshot *snapshot;
	size_t suspected = 0;

	begin(&builder, MT_KIND_SNAPSHOT, 64);
	for (uint32_t i = 1; i <= 3; i++)
		record(FILE_BUILDER_ENTRY(&builder, MT_SECTION_COUNTERS, mt_counters, i),
		       MT_SAMPLED_ALLOCATED, 3, 100, 1);
	snapshot = finish(&builder);
	for (size_t i = 0; i < snapshot->site_count; i++) {
		const struct site *site = &snapshot->sites[i];
		bool is_varied = site->size_count > 1 || site->counters.realloc_count > 0;

		ck_assert_int_eq(snapshot->estimates[i].escaped_blocks > 0, is_varied);
		suspected += is_varied;
		if (is_varied)
			ck_assert_double_eq(snapshot->estimates[i].escaped_bytes, 5 * 16);
	}
	ck_assert_uint_gt(suspected, 0);
	ck_assert_uint_lt(suspected, snapshot->site_count);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(exact_file_has_no_estimates)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	begin(&builder, MT_KIND_SNAPSHOT, 0);
	snapshot = finish(&builder);
	ck_assert_ptr_null(snapshot->estimates);
	ck_assert_ptr_null(snapshot_estimate(snapshot, &snapshot->sites[0]));
	snapshot_free(snapshot);
}
END_TEST

START_TEST(what_is_written_loads_again)
{
	struct snapshot *snapshot = load_sampled(MT_KIND_LIVE), *again;
	char folder[] = "/tmp/check_snapshot_sampled.XXXXXX", path[PATH_MAX];
	struct error error = {""};

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/a.snap", folder);
	ck_assert_int_eq(snapshot_write(snapshot, path, NULL, &error), 0);
	ck_assert_msg(snapshot_load(path, &again, &error) == 0, "%s", error.text);
	ck_assert_uint_eq(again->header.sample_bytes, 524288);
	ck_assert_mem_eq(estimate_of_largest(again), estimate_of_largest(snapshot),
			 sizeof(struct estimate));
	ck_assert_mem_eq(&again->estimate, &snapshot->estimate, sizeof(struct estimate));
	(void)unlink(path);
	(void)rmdir(folder);
	snapshot_free(again);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(samples_farther_apart_than_any_can_be_are_refused)
{
	struct file_builder builder;

	file_builder_example(&builder, MT_KIND_LIVE);
	builder.header.sample_bytes = MT_SAMPLE_BYTES_MAX + 1;
	case_refuse(&builder, "bytes apart");
}
END_TEST

START_TEST(senseless_sums_of_a_damaged_file_are_no_variance)
{
	struct file_builder builder;
	struct mt_counters *entry;
	struct snapshot *snapshot;

	begin(&builder, MT_KIND_LIVE, 524288);
	entry = FILE_BUILDER_ENTRY(&builder, MT_SECTION_COUNTERS, mt_counters, 1);
	add(entry, MT_SIDE_VARIANCE_COUNT, MT_SAMPLED_ALLOCATED, INT64_MIN, INT64_MIN);
	add(entry, MT_SIDE_VARIANCE_BYTES, MT_SAMPLED_COUNT, INT64_MAX, INT64_MAX);
	add(entry, MT_SIDE_RECORDED, MT_SAMPLED_ALLOCATED, -1, INT64_MIN);
	add(entry, MT_SIDE_COVARIANCE, MT_SAMPLED_FREED, INT64_MAX, INT64_MAX);
	snapshot = finish(&builder);
	for (size_t i = 0; i < snapshot->site_count; i++) {
		const struct estimate *estimate = &snapshot->estimates[i];

		for (size_t k = 0; k < ESTIMATE_COUNT; k++) {
			ck_assert_double_ge(estimate->parts[k].block_variance, 0);
			ck_assert_double_ge(estimate->parts[k].blocks, 0);
			ck_assert_double_eq(estimate->parts[k].byte_variance, 0);
		}
	}
	snapshot_free(snapshot);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("snapshot_sampled");
	TCase *tests = tcase_create("sampled");

	tcase_add_loop_test(tests, sums_are_loaded_exactly, 0, 2);
	tcase_add_test(tests, small_difference_of_large_sums_is_not_rounded);
	tcase_add_test(tests, entries_of_one_site_add_up);
	tcase_add_test(tests, smaller_blocks_are_suspected_beside_large_ones_of_several_sizes);
	tcase_add_test(tests, exact_file_has_no_estimates);
	tcase_add_test(tests, what_is_written_loads_again);
	tcase_add_test(tests, samples_farther_apart_than_any_can_be_are_refused);
	tcase_add_test(tests, senseless_sums_of_a_damaged_file_are_no_variance);
	suite_add_tcase(suite, tests);
	return suite;
}
