/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_snapshot_live.c - files of running and killed processes: half-written records, and rows that are
 * consistent in themselves while threads go on adding to them.
 */
#define _GNU_SOURCE 1 /* memfd_create() */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "example.h"
#include "memtrace/atomic.h"
#include "model/process_state.h"
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

START_TEST(counters_of_an_unwritten_stack_are_left_out_and_counted)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	*FILE_BUILDER_ENTRY(&builder, MT_SECTION_NODES, mt_node, 8) = (struct mt_node){0, 0};
	snapshot = load(&builder);
	ck_assert_uint_eq(snapshot->skipped_count, 1);
	ck_assert_uint_eq(snapshot->site_count, EXAMPLE_SITE_COUNT - 1);
	ck_assert_int_eq(snapshot->totals[MT_TOTAL_ALLOC_COUNT], EXAMPLE_A_ALLOC_COUNT);
	ck_assert_int_eq(snapshot->unaccounted_count, EXAMPLE_B_ALLOC_COUNT);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(stack_with_an_unwritten_ancestor_is_left_out)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	*FILE_BUILDER_ENTRY(&builder, MT_SECTION_NODES, mt_node, 6) = (struct mt_node){0, 0};
	snapshot = load(&builder);
	ck_assert_uint_eq(snapshot->skipped_count, 1);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(unwritten_location_is_like_an_unwritten_stack)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	memset(file_builder_find(&builder, MT_SECTION_LOCATIONS)->bytes + 5 * 8, 0, 8);
	snapshot = load(&builder);
	ck_assert_uint_eq(snapshot->skipped_count, 1);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(ids_handed_out_beyond_what_is_mapped_are_harmless)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	file_builder_find(&builder, MT_SECTION_NODES)->record.count = UINT32_MAX;
	file_builder_find(&builder, MT_SECTION_COUNTERS)->record.count = UINT64_MAX;
	file_builder_find(&builder, MT_SECTION_STRINGS)->record.count = 1000;
	snapshot = load(&builder);
	case_check_example(snapshot);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(run_that_does_not_exist_yet_reads_as_unwritten)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	file_builder_split(&builder, MT_SECTION_NODES, 8);
	builder.sections[builder.section_count - 1].is_absent = true;
	snapshot = load(&builder);
	ck_assert_uint_eq(snapshot->skipped_count, 1);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(unwritten_text_reads_as_empty)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_MODULES, mt_module, 2)->path = 1u << 20;
	snapshot = load(&builder);
	ck_assert_str_eq(snapshot->modules[2].path, "");
	snapshot_free(snapshot);
}
END_TEST

START_TEST(killed_in_the_middle_of_an_event_is_marked)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_PROCESS, mt_process, 0)->state = MT_STATE_RUNNING;
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_COUNTERS, mt_counters, 4)->version = 7;
	snapshot = load(&builder);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_KILLED);
	ck_assert_uint_eq(snapshot->site_count, EXAMPLE_SITE_COUNT);
	ck_assert(case_site(snapshot, EXAMPLE_APP, EXAMPLE_APP_OUTER, EXAMPLE_LIB_INNER)
			  ->is_approximate);
	ck_assert(!case_site(snapshot, EXAMPLE_APP, EXAMPLE_APP_INNER, EXAMPLE_APP_OUTER)
			   ->is_approximate);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(process_of_another_start_time_is_gone)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_PROCESS, mt_process, 0)->state = MT_STATE_RUNNING;
	builder.header.pid = getpid();
	builder.header.process_start_ticks = process_start_ticks(getpid()) + 1;
	snapshot = load(&builder);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_KILLED);
	snapshot_free(snapshot);
}
END_TEST

START_TEST(process_that_no_longer_maps_the_file_has_replaced_itself)
{
	struct file_builder builder;
	struct snapshot *snapshot;

	file_builder_example(&builder, MT_KIND_LIVE);
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_PROCESS, mt_process, 0)->state = MT_STATE_RUNNING;
	builder.header.pid = getpid();
	builder.header.process_start_ticks = process_start_ticks(getpid());
	ck_assert_uint_ne(builder.header.process_start_ticks, 0);
	snapshot = load(&builder);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_EXECED);
	snapshot_free(snapshot);
}
END_TEST

/*
 * A trace file that this process maps and threads write to, each on its own entry of one stack: an
 * allocation of 16 bytes, then its free, each entry with a version word as the shim keeps it.
 */
#define WRITER_COUNT 2
#define BLOCK_BYTES 16

struct live_case {
	struct input input;
	unsigned char *map;
	size_t bytes;
	struct mt_counters *counters; /* in the mapping */
	uint32_t is_stopped;
};

struct writer {
	struct live_case *live;
	struct mt_counters *counters;
	pthread_t thread;
};

/* Long between the two adds, so that a reader who does not look at the version sees one without the other. */
static void step(struct mt_counters *counters, uint64_t *count, uint64_t *bytes)
{
	mt_store_relaxed(&counters->version, counters->version | 1);
	mt_fence_release();
	mt_add_owned_u64(count, 1);
	for (volatile int i = 0; i < 500; i++)
		;
	mt_add_owned_u64(bytes, BLOCK_BYTES);
	mt_store_release(&counters->version, (counters->version | 1) + 1);
}

static void *write_events(void *context)
{
	struct writer *writer = context;

	while (!mt_load_relaxed(&writer->live->is_stopped)) {
		for (int i = 0; i < 100; i++) {
			step(writer->counters, &writer->counters->alloc_count,
			     &writer->counters->alloc_bytes);
			step(writer->counters, &writer->counters->free_count,
			     &writer->counters->freed_bytes);
		}
		(void)usleep(20);
	}
	return NULL;
}

/* Entries 1..count of stack A with no other contents. */
static void open_live(struct live_case *live, uint32_t count)
{
	struct file_builder builder;
	struct mt_counters *counters;
	struct file_section *section;
	unsigned char *image;

	file_builder_example(&builder, MT_KIND_LIVE);
	section = file_builder_find(&builder, MT_SECTION_COUNTERS);
	counters = (struct mt_counters *)(void *)section->bytes;
	memset(counters, 0, section->record.length);
	for (uint32_t i = 1; i <= count; i++)
		counters[i] = (struct mt_counters){.node = 3, .site = 1, .size_bucket = 5};
	FILE_BUILDER_ENTRY(&builder, MT_SECTION_PROCESS, mt_process, 0)->state = MT_STATE_RUNNING;
	builder.header.pid = getpid();
	builder.header.process_start_ticks = process_start_ticks(getpid());
	image = file_builder_image(&builder, &live->bytes);
	live->input = case_input(image, live->bytes);
	live->map = mmap(NULL, live->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, live->input.fd, 0);
	ck_assert_ptr_ne(live->map, MAP_FAILED);
	live->counters = (struct mt_counters *)(void *)(live->map + section->record.offset);
	live->is_stopped = 0;
	free(image);
	file_builder_fini(&builder);
}

static void close_live(struct live_case *live)
{
	(void)munmap(live->map, live->bytes);
	input_close(&live->input);
}

static const struct site *load_only_site(struct live_case *live, struct snapshot **snapshot)
{
	struct error error = {""};
	int result = snapshot_load_input(&live->input, "case.snap", false, snapshot, &error);

	ck_assert_msg(result == 0, "%s", error.text);
	ck_assert_int_eq((*snapshot)->state, SNAPSHOT_RUNNING);
	return (*snapshot)->site_count == 1 ? &(*snapshot)->sites[0] : NULL;
}

/* Every block has one size, so counts and bytes of a consistent row agree. */
static void check_row(const struct site *site, int64_t live_max)
{
	const struct counters *counters = &site->counters;

	if (!site->is_approximate) {
		ck_assert_int_eq(counters->alloc_bytes, counters->alloc_count * BLOCK_BYTES);
		ck_assert_int_eq(counters->freed_bytes, counters->free_count * BLOCK_BYTES);
		ck_assert_int_le(counters->live_blocks, live_max);
	}
	ck_assert_int_ge(counters->live_blocks, 0);
}

START_TEST(rows_are_consistent_under_concurrent_writers)
{
	struct live_case live;
	struct writer writers[WRITER_COUNT];
	int consistent_count = 0;

	open_live(&live, WRITER_COUNT);
	for (int i = 0; i < WRITER_COUNT; i++) {
		writers[i] = (struct writer){.live = &live, .counters = &live.counters[i + 1]};
		ck_assert_int_eq(pthread_create(&writers[i].thread, NULL, write_events,
						&writers[i]),
				 0);
	}
	for (int i = 0; i < 2000; i++) {
		struct snapshot *snapshot;
		const struct site *site = load_only_site(&live, &snapshot);

		if (site != NULL) {
			check_row(site, WRITER_COUNT);
			consistent_count += !site->is_approximate;
		}
		snapshot_free(snapshot);
	}
	mt_store_relaxed(&live.is_stopped, 1);
	for (int i = 0; i < WRITER_COUNT; i++)
		ck_assert_int_eq(pthread_join(writers[i].thread, NULL), 0);
	ck_assert_int_gt(consistent_count, 0);
	close_live(&live);
}
END_TEST

START_TEST(entry_that_stays_odd_is_marked)
{
	struct live_case live;
	struct snapshot *snapshot;
	const struct site *site;

	open_live(&live, 1);
	live.counters[1].alloc_count = 5;
	live.counters[1].alloc_bytes = 80;
	live.counters[1].version = 11;
	site = load_only_site(&live, &snapshot);
	ck_assert_ptr_nonnull(site);
	ck_assert(site->is_approximate);
	ck_assert_int_eq(site->counters.alloc_count, 5);
	snapshot_free(snapshot);
	close_live(&live);
}
END_TEST

START_TEST(shared_entry_needs_no_version)
{
	struct live_case live;
	struct snapshot *snapshot;
	const struct site *site;

	open_live(&live, 1);
	live.counters[1].alloc_count = 5;
	live.counters[1].version = 11;
	live.counters[1].flags = MT_COUNTERS_SHARED;
	site = load_only_site(&live, &snapshot);
	ck_assert_ptr_nonnull(site);
	ck_assert(!site->is_approximate);
	snapshot_free(snapshot);
	close_live(&live);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("snapshot_live");
	TCase *torn = tcase_create("half_written"), *running = tcase_create("running");

	tcase_add_test(torn, counters_of_an_unwritten_stack_are_left_out_and_counted);
	tcase_add_test(torn, stack_with_an_unwritten_ancestor_is_left_out);
	tcase_add_test(torn, unwritten_location_is_like_an_unwritten_stack);
	tcase_add_test(torn, ids_handed_out_beyond_what_is_mapped_are_harmless);
	tcase_add_test(torn, run_that_does_not_exist_yet_reads_as_unwritten);
	tcase_add_test(torn, unwritten_text_reads_as_empty);
	tcase_add_test(torn, killed_in_the_middle_of_an_event_is_marked);
	tcase_add_test(torn, process_of_another_start_time_is_gone);
	tcase_add_test(torn, process_that_no_longer_maps_the_file_has_replaced_itself);
	suite_add_tcase(suite, torn);
	tcase_set_timeout(running, 60);
	tcase_add_test(running, rows_are_consistent_under_concurrent_writers);
	tcase_add_test(running, entry_that_stays_odd_is_marked);
	tcase_add_test(running, shared_entry_needs_no_version);
	suite_add_tcase(suite, running);
	return suite;
}
