/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_builder_example.c - the tables of the example of example.h.
 */
#include <string.h>

#include "example.h"
#include "file_builder.h"

#define ADD(builder, type, array)                                                                  \
	file_builder_add(builder, type, sizeof((array)[0]), array,                                 \
			 sizeof(array) / sizeof((array)[0]))

#define CODE(module, offset) ((uint64_t)(module) << MT_LOCATION_MODULE_SHIFT | (offset))
#define PSEUDO(kind, number) CODE(MT_MODULE_PSEUDO, (uint64_t)(kind) << MT_PSEUDO_SHIFT | (number))
#define COLUMN(id, field, flags)                                                                   \
	{                                                                                          \
		MT_COLUMN_##id, offsetof(struct mt_counters, field),                               \
			sizeof(((struct mt_counters *)NULL)->field), flags                         \
	}

enum { APP = 1, LIB = 2, KIND_MAIN = 1, KIND_WORKER = 2, PEAK_NUMBER = 5, RESET_NUMBER = 2 };

static const char strings[] = "\0" EXAMPLE_APP "\0" EXAMPLE_LIB "\0" EXAMPLE_LABEL "\0/home/user";

enum {
	STRING_APP = 1,
	STRING_LIB = STRING_APP + sizeof(EXAMPLE_APP),
	STRING_LABEL = STRING_LIB + sizeof(EXAMPLE_LIB),
	STRING_FOLDER = STRING_LABEL + sizeof(EXAMPLE_LABEL),
};

static const struct mt_column columns[] = {
	COLUMN(NODE, node, 0),
	COLUMN(SITE, site, 0),
	COLUMN(VERSION, version, 0),
	COLUMN(ALLOC_COUNT, alloc_count, 0),
	COLUMN(ALLOC_BYTES, alloc_bytes, 0),
	COLUMN(FREE_COUNT, free_count, 0),
	COLUMN(FREED_BYTES, freed_bytes, 0),
	COLUMN(REALLOC_COUNT, realloc_count, 0),
	COLUMN(TEMPORARY_COUNT, temporary_count, 0),
	COLUMN(AT_PEAK_BYTES, at_peak_bytes, MT_COLUMN_SIGNED),
	COLUMN(PEAK_NUMBER, peak_number, 0),
	COLUMN(PEAK_BYTES, peak_bytes, MT_COLUMN_SIGNED),
	COLUMN(PUBLISHED_BYTES, published_bytes, MT_COLUMN_SIGNED),
	COLUMN(NEXT, next, 0),
	COLUMN(SIDE, side, 0),
	COLUMN(SIZE_BUCKET, size_bucket, 0),
	COLUMN(SHARD, shard, 0),
	COLUMN(FLAGS, flags, 0),
};

static const struct mt_module modules[] = {
	{0},
	{.start = 0x555500000000,
	 .end = 0x555500010000,
	 .bias = 0x555500000000,
	 .path = STRING_APP,
	 .generation = 1,
	 .build_id_bytes = 4,
	 .flags = MT_MODULE_MAIN,
	 .build_id = {0xde, 0xad, 0xbe, 0xef}},
	{.start = 0x7f0000000000,
	 .end = 0x7f0000100000,
	 .bias = 0x7f0000000000,
	 .path = STRING_LIB,
	 .generation = 2,
	 .load_ns = 500},
};

static const uint64_t locations[] = {
	0,
	PSEUDO(MT_PSEUDO_THREAD, KIND_MAIN),
	PSEUDO(MT_PSEUDO_THREAD, KIND_WORKER),
	CODE(APP, EXAMPLE_APP_OUTER),
	CODE(APP, EXAMPLE_APP_INNER),
	CODE(LIB, EXAMPLE_LIB_INNER),
	CODE(APP, EXAMPLE_APP_OUTER),
	PSEUDO(MT_PSEUDO_UNKNOWN, 0),
};

static const struct mt_node nodes[] = {
	{0, 0}, {0, 1}, {1, 3}, {2, 4}, {1, 6}, {4, 4}, {0, 2}, {6, 5}, {7, 3}, {0, 7},
};

static const struct mt_site live_sites[] = {
	{0},
	{.node = 3, .counters = 1, .epoch = 1, .peak_bytes = EXAMPLE_A_PEAK_BYTES},
	{.node = 5, .counters = 3, .epoch = 2, .peak_bytes = 50},
	{.node = 8, .counters = 4},
	{.node = 2, .counters = 5},
	{.node = 6},
};

static const struct mt_counters live_counters[] = {
	{0},
	{.version = 8,
	 .node = 3,
	 .site = 1,
	 .next = 2,
	 .shard = 0,
	 .side = 1,
	 .size_bucket = 7,
	 .alloc_count = 10,
	 .alloc_bytes = 1000,
	 .free_count = 4,
	 .freed_bytes = 300,
	 .realloc_count = 1,
	 .temporary_count = 2,
	 .peak_number = PEAK_NUMBER,
	 .at_peak_bytes = 600,
	 .peak_bytes = 790},
	{.version = 2,
	 .node = 3,
	 .site = 1,
	 .shard = 1,
	 .free_count = 2,
	 .freed_bytes = 100,
	 .peak_number = PEAK_NUMBER,
	 .at_peak_bytes = -100},
	{.version = 4,
	 .node = 5,
	 .site = 2,
	 .shard = 2,
	 .size_bucket = 4,
	 .alloc_count = 5,
	 .alloc_bytes = 50,
	 .peak_number = 3,
	 .at_peak_bytes = 20,
	 .peak_bytes = 50},
	{.version = 6,
	 .node = 8,
	 .site = 3,
	 .shard = 1,
	 .size_bucket = 13,
	 .alloc_count = EXAMPLE_B_ALLOC_COUNT,
	 .alloc_bytes = EXAMPLE_B_ALLOC_BYTES,
	 .free_count = EXAMPLE_B_FREE_COUNT,
	 .freed_bytes = EXAMPLE_B_FREED_BYTES,
	 .peak_number = 1,
	 .at_peak_bytes = 77,
	 .peak_bytes = 65536},
	{.version = 2,
	 .node = 2,
	 .site = 4,
	 .side = 2,
	 .free_count = 1,
	 .freed_bytes = EXAMPLE_C_FREED_BYTES,
	 .peak_number = PEAK_NUMBER,
	 .at_peak_bytes = EXAMPLE_C_INHERITED_BYTES,
	 .peak_bytes = EXAMPLE_C_INHERITED_BYTES},
	{0},
};

static const struct mt_side live_side[] = {
	{0},
	{.kind = MT_SIDE_SIZE, .bucket = 9, .count = EXAMPLE_A_SIZE_9, .bytes = 600},
	{.next = 3,
	 .kind = MT_SIDE_INHERITED,
	 .count = EXAMPLE_C_INHERITED_BLOCKS,
	 .bytes = EXAMPLE_C_INHERITED_BYTES},
	{.kind = MT_SIDE_INHERITED_FREED, .count = 1, .bytes = EXAMPLE_C_FREED_BYTES},
	{0},
};

static const struct mt_site snapshot_sites[] = {
	{0},
	{.node = 3, .counters = 1, .epoch = 1, .peak_bytes = EXAMPLE_A_PEAK_BYTES},
	{.node = 8, .counters = 2},
	{.node = 2, .counters = 3},
};

static const struct mt_counters snapshot_counters[] = {
	{0},
	{.node = 3,
	 .site = 1,
	 .side = 1,
	 .size_bucket = 7,
	 .alloc_count = EXAMPLE_A_ALLOC_COUNT,
	 .alloc_bytes = EXAMPLE_A_ALLOC_BYTES,
	 .free_count = EXAMPLE_A_FREE_COUNT,
	 .freed_bytes = EXAMPLE_A_FREED_BYTES,
	 .realloc_count = EXAMPLE_A_REALLOC_COUNT,
	 .temporary_count = EXAMPLE_A_TEMPORARY_COUNT,
	 .peak_number = PEAK_NUMBER,
	 .at_peak_bytes = EXAMPLE_A_AT_PEAK_BYTES,
	 .peak_bytes = EXAMPLE_A_PEAK_BYTES,
	 .flags = MT_COUNTERS_PEAK_BOUND},
	{.node = 8,
	 .site = 2,
	 .size_bucket = 13,
	 .alloc_count = EXAMPLE_B_ALLOC_COUNT,
	 .alloc_bytes = EXAMPLE_B_ALLOC_BYTES,
	 .free_count = EXAMPLE_B_FREE_COUNT,
	 .freed_bytes = EXAMPLE_B_FREED_BYTES,
	 .peak_number = PEAK_NUMBER,
	 .at_peak_bytes = EXAMPLE_B_LIVE_BYTES,
	 .peak_bytes = EXAMPLE_B_PEAK_BYTES},
	{.node = 2,
	 .site = 3,
	 .side = 3,
	 .free_count = 1,
	 .freed_bytes = EXAMPLE_C_FREED_BYTES,
	 .peak_number = PEAK_NUMBER,
	 .at_peak_bytes = EXAMPLE_C_INHERITED_BYTES,
	 .peak_bytes = EXAMPLE_C_INHERITED_BYTES},
};

static const struct mt_side snapshot_side[] = {
	{0},
	{.next = 2, .kind = MT_SIDE_SIZE, .bucket = 9, .count = EXAMPLE_A_SIZE_9, .bytes = 600},
	{.kind = MT_SIDE_SIZE, .bucket = 4, .count = EXAMPLE_A_SIZE_4, .bytes = 50},
	{.next = 4,
	 .kind = MT_SIDE_INHERITED,
	 .count = EXAMPLE_C_INHERITED_BLOCKS,
	 .bytes = EXAMPLE_C_INHERITED_BYTES},
	{.kind = MT_SIDE_INHERITED_FREED, .count = 1, .bytes = EXAMPLE_C_FREED_BYTES},
};

static const struct mt_sample epochs[] = {
	{.ns = 10, .live_bytes = 5},
	{.ns = 1000, .live_bytes = 6},
	{.ns = 2000, .live_bytes = 7},
	{0},
};

static const struct mt_sample timeline[] = {
	{.ns = 100, .live_bytes = 50, .alloc_count = 1, .alloc_bytes = 50},
	{0},
	{.ns = 900,
	 .live_bytes = 70000,
	 .rss_bytes = 1 << 20,
	 .alloc_count = 20,
	 .alloc_bytes = 80000},
	{0},
};

static const struct mt_thread_kind kinds[] = {
	{.name = ""},
	{.name = "main", .thread_count = 1},
	{.name = "worker-#", .thread_count = 7},
};

static const struct mt_thread threads[] = {
	{.tid = 100, .kind = KIND_MAIN, .start_ns = 1, .name = "main"},
	{.tid = 101, .kind = KIND_WORKER, .start_ns = 2, .end_ns = 50, .name = "worker-1"},
	{0},
};

static const struct mt_message messages[] = {
	{.ns = 5, .severity = 2, .text = "a message\n\033[2J"},
	{0},
};

static const struct mt_mark marks[] = {{.ns = 600, .text = "load begins"}, {0}};

static const uint64_t drops[MT_DROP_COUNT] = {[MT_DROP_EVENTS] = EXAMPLE_EVENT_DROPS};

static const struct mt_shard shards[] = {
	{.alloc_count = 10, .alloc_bytes = 1000, .tid = 100},
	{.alloc_count = EXAMPLE_B_ALLOC_COUNT},
	{.alloc_count = 5},
};

static void fill_totals(struct mt_process *process)
{
	int64_t *totals = process->totals;

	totals[MT_TOTAL_ALLOC_COUNT] = EXAMPLE_A_ALLOC_COUNT + EXAMPLE_B_ALLOC_COUNT;
	totals[MT_TOTAL_FREE_COUNT] = EXAMPLE_A_FREE_COUNT + EXAMPLE_B_FREE_COUNT + 1;
	totals[MT_TOTAL_ALLOC_BYTES] = EXAMPLE_A_ALLOC_BYTES + EXAMPLE_B_ALLOC_BYTES;
	totals[MT_TOTAL_FREED_BYTES] =
		EXAMPLE_A_FREED_BYTES + EXAMPLE_B_FREED_BYTES + EXAMPLE_C_FREED_BYTES;
	totals[MT_TOTAL_LIVE_BLOCKS] =
		EXAMPLE_A_ALLOC_COUNT - EXAMPLE_A_FREE_COUNT + 1 + EXAMPLE_C_INHERITED_BLOCKS - 1;
	totals[MT_TOTAL_LIVE_BYTES] = EXAMPLE_A_LIVE_BYTES + EXAMPLE_B_LIVE_BYTES +
				      EXAMPLE_C_INHERITED_BYTES - EXAMPLE_C_FREED_BYTES;
	totals[MT_TOTAL_PEAK_LIVE_BYTES] = EXAMPLE_PEAK_BYTES;
	totals[MT_TOTAL_REALLOC_COUNT] = EXAMPLE_A_REALLOC_COUNT;
	totals[MT_TOTAL_TEMPORARY_COUNT] = EXAMPLE_A_TEMPORARY_COUNT;
	totals[MT_TOTAL_FOREIGN_FREE_COUNT] = 3;
	totals[MT_TOTAL_UNSEEN_FREE_COUNT] = 4;
	totals[MT_TOTAL_DROPPED_COUNT] = EXAMPLE_EVENT_DROPS;
}

static void add_process(struct file_builder *builder)
{
	bool is_snapshot = builder->header.kind == MT_KIND_SNAPSHOT;
	struct mt_process process = {
		.live_bytes = 1000,
		.peak_live_bytes = EXAMPLE_PEAK_BYTES,
		.peak_number = PEAK_NUMBER,
		.peak_reset_number = RESET_NUMBER,
		.hold_bytes = 65536,
		.foreign_free_count = 3,
		.unseen_free_count = 4,
		.inherited_blocks = EXAMPLE_C_INHERITED_BLOCKS,
		.inherited_bytes = EXAMPLE_C_INHERITED_BYTES,
		.last_event_ns = 950,
		.state = is_snapshot ? MT_STATE_RUNNING : MT_STATE_EXITED,
		.exit_ns = is_snapshot ? 0 : 1234,
		.executable = STRING_APP,
		.working_directory = STRING_FOLDER,
		.depth_max = 4096,
		.unwinder = MT_UNWINDER_CFI,
		.shard_count = 3,
	};

	if (is_snapshot)
		fill_totals(&process);
	(void)file_builder_add(builder, MT_SECTION_PROCESS, sizeof(process), &process, 1);
}

void file_builder_example(struct file_builder *builder, uint16_t kind)
{
	file_builder_init(builder, kind);
	builder->header.pid = 4194303;
	builder->header.process_start_ticks = 1;
	builder->header.start_realtime_ns = UINT64_C(1700000000000000000);
	memcpy(builder->header.program, "app", sizeof("app"));
	add_process(builder);
	ADD(builder, MT_SECTION_COLUMNS, columns);
	ADD(builder, MT_SECTION_STRINGS, strings);
	ADD(builder, MT_SECTION_MODULES, modules);
	ADD(builder, MT_SECTION_LOCATIONS, locations);
	ADD(builder, MT_SECTION_NODES, nodes);
	ADD(builder, MT_SECTION_EPOCHS, epochs);
	ADD(builder, MT_SECTION_TIMELINE, timeline);
	ADD(builder, MT_SECTION_THREAD_KINDS, kinds);
	ADD(builder, MT_SECTION_THREADS, threads);
	ADD(builder, MT_SECTION_MESSAGES, messages);
	ADD(builder, MT_SECTION_MARKS, marks);
	ADD(builder, MT_SECTION_DROPS, drops);
	if (kind == MT_KIND_LIVE) {
		ADD(builder, MT_SECTION_SITES, live_sites);
		ADD(builder, MT_SECTION_COUNTERS, live_counters);
		ADD(builder, MT_SECTION_SIDE, live_side);
		ADD(builder, MT_SECTION_SHARDS, shards);
	} else {
		builder->header.label = STRING_LABEL;
		builder->header.taken_ns = 1000;
		builder->header.sequence = 1;
		ADD(builder, MT_SECTION_SITES, snapshot_sites);
		ADD(builder, MT_SECTION_COUNTERS, snapshot_counters);
		ADD(builder, MT_SECTION_SIDE, snapshot_side);
	}
}
