/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake_snapshot.c - snapshots made by hand, and a symbolizer that knows their names.
 *
 * A location's offset is its number in one table of frames that all snapshots of a program share,
 * so that equal frames have equal addresses, as in two runs of one build.
 */
#define _GNU_SOURCE 1
#include "fake_snapshot.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/symbolize.h"

#define FRAME_MAX 8
#define SPOT_MAX 256
#define TEXT_MAX 2048

/* One place in code: its frames, innermost first. */
struct spot {
	char text[128]; /* as written in the test, without the module */
	char module[64];
	struct frame frames[FRAME_MAX];
	size_t count;
};

static struct spot spots[SPOT_MAX];
static size_t spot_count = 1;
static char *texts[TEXT_MAX];
static size_t text_count;

static const char *intern(const char *text, size_t bytes)
{
	size_t i;

	for (i = 0; i < text_count; i++)
		if (strlen(texts[i]) == bytes && memcmp(texts[i], text, bytes) == 0)
			return texts[i];
	ck_assert_uint_lt(text_count, TEXT_MAX);
	texts[text_count] = strndup(text, bytes);
	return texts[text_count++];
}

static void spot_frame(struct spot *spot, const char *text, size_t bytes, uint64_t offset)
{
	struct frame *frame = &spot->frames[spot->count++];
	const char *at = memchr(text, '@', bytes);
	const char *colon = memrchr(text, ':', bytes);

	ck_assert_uint_le(spot->count, FRAME_MAX);
	*frame = (struct frame){
		.offset = offset,
		.build_id = "",
		.serial = (uint32_t)(offset * FRAME_MAX + spot->count),
	};
	frame->module = intern(spot->module, strlen(spot->module));
	if (bytes == 1 && *text == '?')
		return;
	frame->function = intern(text, at ? (size_t)(at - text) : bytes);
	frame->linkage_name = frame->function;
	if (!at)
		return;
	frame->file = intern(at + 1, (size_t)(colon - at - 1));
	frame->line = (uint32_t)strtoul(colon + 1, NULL, 10);
}

static void spot_parse(struct spot *spot, uint64_t offset)
{
	const char *at = spot->text;

	for (;;) {
		size_t bytes = strcspn(at, "<");

		spot_frame(spot, at, bytes, offset);
		at += bytes;
		if (!*at++)
			break;
		spot->frames[spot->count - 1].is_inlined = true;
	}
}

static uint64_t spot_offset(const char *module, const char *text)
{
	struct spot *spot;
	const char *name = strchr(text, '#'); /* "?#2" is a second place without a symbol */
	size_t i;

	for (i = 1; i < spot_count; i++)
		if (strcmp(spots[i].text, text) == 0 && strcmp(spots[i].module, module) == 0)
			return i;
	ck_assert_uint_lt(spot_count, SPOT_MAX);
	spot = &spots[spot_count];
	*spot = (struct spot){0};
	(void)snprintf(spot->text, sizeof(spot->text), "%s", name ? "?" : text);
	(void)snprintf(spot->module, sizeof(spot->module), "%s", module);
	spot_parse(spot, spot_count);
	(void)snprintf(spot->text, sizeof(spot->text), "%s", text);
	return spot_count++;
}

void fake_forget_places(void)
{
	spot_count = 1;
}

struct snapshot *fake_new(void)
{
	struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

	ck_assert_ptr_nonnull(snapshot);
	snapshot->path = strdup("app.snap");
	snapshot->state = SNAPSHOT_EXITED;
	snapshot->header.kind = MT_KIND_LIVE;
	snapshot->header.pid = 100;
	snapshot->header.process_start_ticks = 7;
	snapshot->label = snapshot->command_line = snapshot->allocator = "";
	snapshot->executable = "/usr/bin/app";
	snapshot->working_directory = "/home/me";
	snapshot->program = "app";
	snapshot->modules = calloc(64, sizeof(*snapshot->modules));
	snapshot->locations = calloc(SPOT_MAX, sizeof(*snapshot->locations));
	snapshot->nodes = calloc(4096, sizeof(*snapshot->nodes));
	snapshot->sites = calloc(256, sizeof(*snapshot->sites));
	snapshot->modules[0].path = "";
	snapshot->module_count = snapshot->location_count = snapshot->node_count = 1;
	return snapshot;
}

void fake_free(struct snapshot *snapshot)
{
	free(snapshot->path);
	free(snapshot->modules);
	free(snapshot->locations);
	free(snapshot->nodes);
	free(snapshot->sites);
	free(snapshot->timeline);
	free(snapshot->estimates);
	free(snapshot);
}

static void set_part(struct estimate_part *part, double blocks, double weight, double size)
{
	double variance = blocks * weight * (weight - 1);

	*part = (struct estimate_part){blocks, blocks * size, variance, variance * size * size,
				       variance * size};
}

void fake_sampled(struct snapshot *snapshot, uint64_t sample_bytes, double sample_count)
{
	snapshot->header.sample_bytes = sample_bytes;
	snapshot->estimates = calloc(snapshot->site_count, sizeof(*snapshot->estimates));
	ck_assert_ptr_nonnull(snapshot->estimates);
	for (size_t i = 0; i < snapshot->site_count; i++) {
		const struct counters *counters = &snapshot->sites[i].counters;
		double weight = (double)counters->alloc_count / sample_count;
		double size = (double)counters->alloc_bytes / (double)counters->alloc_count;
		struct estimate_part *parts = snapshot->estimates[i].parts;

		set_part(&parts[ESTIMATE_ALLOCATED], sample_count, weight, size);
		set_part(&parts[ESTIMATE_FREED], (double)counters->free_count / weight, weight,
			 size);
		set_part(&parts[ESTIMATE_LIVE], (double)counters->live_blocks / weight, weight,
			 size);
		estimate_add(&snapshot->estimate, &snapshot->estimates[i]);
	}
}

static uint32_t add_module(struct snapshot *snapshot, const char *name)
{
	struct module *module;
	size_t i;

	for (i = 1; i < snapshot->module_count; i++)
		if (strcmp(path_base(snapshot->modules[i].path), name) == 0)
			return (uint32_t)i;
	ck_assert_uint_lt(snapshot->module_count, 64);
	module = &snapshot->modules[snapshot->module_count];
	module->path = intern(name, strlen(name));
	module->flags = strcmp(name, "app") == 0 ? MT_MODULE_MAIN : 0;
	if (strcmp(name, "libmemtrace.so") == 0)
		module->flags = MT_MODULE_SELF;
	return (uint32_t)snapshot->module_count++;
}

void fake_build_id(struct snapshot *snapshot, const char *name, uint8_t first_byte)
{
	struct module *module = &snapshot->modules[add_module(snapshot, name)];

	module->build_id_bytes = 20;
	module->build_id[0] = first_byte;
}

static uint32_t add_location(struct snapshot *snapshot, struct location wanted)
{
	size_t i;

	for (i = 1; i < snapshot->location_count; i++) {
		const struct location *have = &snapshot->locations[i];

		if (have->kind == wanted.kind && have->module == wanted.module &&
		    have->offset == wanted.offset && have->name == wanted.name)
			return (uint32_t)i;
	}
	ck_assert_uint_lt(snapshot->location_count, SPOT_MAX);
	snapshot->locations[snapshot->location_count] = wanted;
	return (uint32_t)snapshot->location_count++;
}

static uint32_t add_node(struct snapshot *snapshot, uint32_t parent, uint32_t location)
{
	size_t i;

	for (i = 1; i < snapshot->node_count; i++)
		if (snapshot->nodes[i].parent == parent && snapshot->nodes[i].location == location)
			return (uint32_t)i;
	ck_assert_uint_lt(snapshot->node_count, 4096);
	snapshot->nodes[snapshot->node_count] = (struct node){parent, location};
	return (uint32_t)snapshot->node_count++;
}

static uint32_t add_frame(struct snapshot *snapshot, const char *text)
{
	struct location location = {.kind = LOCATION_CODE};
	const char *bang = strchr(text, '!');
	char module[64] = "app";

	if (strcmp(text, "[truncated]") == 0) {
		location.kind = LOCATION_TRUNCATED;
		return add_location(snapshot, location);
	}
	if (bang)
		(void)snprintf(module, sizeof(module), "%.*s", (int)(bang - text), text);
	location.module = add_module(snapshot, module);
	location.offset = spot_offset(module, bang ? bang + 1 : text);
	return add_location(snapshot, location);
}

static uint32_t add_stack(struct snapshot *snapshot, const char *thread, const char *stack)
{
	struct location root = {.kind = LOCATION_THREAD, .name = intern(thread, strlen(thread))};
	uint32_t node = add_node(snapshot, 0, add_location(snapshot, root));
	char *copy = strdup(stack), *at;

	while ((at = strrchr(copy, ' ')) != NULL) {
		node = add_node(snapshot, node, add_frame(snapshot, at + 1));
		*at = '\0';
	}
	node = add_node(snapshot, node, add_frame(snapshot, copy));
	free(copy);
	return node;
}

struct site *fake_site(struct snapshot *snapshot, const char *thread, const char *stack,
		       int64_t alloc_count, int64_t free_count, int64_t block_bytes)
{
	struct site *site = &snapshot->sites[snapshot->site_count++];
	struct counters *counters = &site->counters;

	ck_assert_uint_le(snapshot->site_count, 256);
	site->node = add_stack(snapshot, thread, stack);
	counters->alloc_count = alloc_count;
	counters->alloc_bytes = alloc_count * block_bytes;
	counters->free_count = free_count;
	counters->freed_bytes = free_count * block_bytes;
	counters->live_blocks = alloc_count - free_count;
	counters->live_bytes = counters->live_blocks * block_bytes;
	counters->peak_live_bytes = counters->live_bytes;
	counters->at_peak_live_bytes = counters->live_bytes;
	snapshot->totals[MT_TOTAL_ALLOC_COUNT] += counters->alloc_count;
	snapshot->totals[MT_TOTAL_FREE_COUNT] += counters->free_count;
	snapshot->totals[MT_TOTAL_ALLOC_BYTES] += counters->alloc_bytes;
	snapshot->totals[MT_TOTAL_FREED_BYTES] += counters->freed_bytes;
	snapshot->totals[MT_TOTAL_LIVE_BLOCKS] += counters->live_blocks;
	snapshot->totals[MT_TOTAL_LIVE_BYTES] += counters->live_bytes;
	snapshot->totals[MT_TOTAL_PEAK_LIVE_BYTES] += counters->live_bytes;
	return site;
}

struct symbolizer {
	int unused;
};

int symbolizer_new(const struct symbolize_options *options, struct symbolizer **out,
		   struct error *error)
{
	(void)options;
	(void)error;
	*out = calloc(1, sizeof(**out));
	return 0;
}

void symbolizer_free(struct symbolizer *symbolizer)
{
	free(symbolizer);
}

struct frame_list symbolize_location(struct symbolizer *symbolizer, const struct snapshot *snapshot,
				     uint32_t location)
{
	static const struct frame truncated = {.function = "[truncated]",
					       .module = "",
					       .build_id = ""};
	const struct location *at = &snapshot->locations[location];

	(void)symbolizer;
	if (at->kind != LOCATION_CODE)
		return (struct frame_list){&truncated, 1};
	return (struct frame_list){spots[at->offset].frames, spots[at->offset].count};
}

void symbolize_all(struct symbolizer *symbolizer, const struct snapshot *snapshot)
{
	(void)symbolizer;
	(void)snapshot;
}

const char *const *symbolizer_warnings(const struct symbolizer *symbolizer)
{
	static const char *const none[] = {NULL};

	(void)symbolizer;
	return none;
}

void fake_bench_init(struct fake_bench *bench, const struct snapshot *const *snapshots,
		     size_t count)
{
	ck_assert_int_eq(symbolizer_new(NULL, &bench->symbolizer, NULL), 0);
	ck_assert_int_eq(stack_reader_new(bench->symbolizer, NULL, &bench->reader), 0);
	ck_assert_int_eq(group_rules_new(snapshots, count, &bench->rules), 0);
}

void fake_bench_fini(struct fake_bench *bench)
{
	group_rules_free(bench->rules);
	stack_reader_free(bench->reader);
	symbolizer_free(bench->symbolizer);
	*bench = (struct fake_bench){0};
}

struct row_set *fake_rows(struct fake_bench *bench, const struct snapshot *snapshot,
			  enum group_by by, bool is_cumulative, const struct filter *filter)
{
	const struct aggregation aggregation = {
		.by = by,
		.is_cumulative = is_cumulative,
		.filter = filter,
		.rules = bench->rules,
		.reader = bench->reader,
	};
	struct row_set *set;

	ck_assert_int_eq(aggregate(&aggregation, &snapshot, 1, &set), 0);
	ck_assert_int_eq(row_set_sort(set, field_by_name("live_bytes")), 0);
	return set;
}

static const char *row_name(struct fake_bench *bench, const struct row_set *set,
			    const struct row *row)
{
	const struct frame *frame = row->frame;
	struct stack stack = {0};

	if (set->by == GROUP_THREAD)
		return stack_thread(row->snapshot, row->node);
	ck_assert_int_eq(stack_read(bench->reader, row->snapshot, row->node, &stack), 0);
	if (!frame)
		frame = stack.frames[0];
	stack_fini(&stack);
	if (set->by == GROUP_FILE)
		return frame->file ? frame->file : "?";
	if (set->by == GROUP_MODULE)
		return frame->module;
	return frame->function ? frame->function : "?";
}

const struct row *fake_row(struct fake_bench *bench, const struct row_set *set, const char *name)
{
	const struct row *found = NULL;
	size_t i;

	for (i = 0; i < set->count; i++) {
		if (strcmp(row_name(bench, set, &set->rows[i]), name) != 0)
			continue;
		ck_assert_msg(!found, "two rows are named %s", name);
		found = &set->rows[i];
	}
	ck_assert_msg(found != NULL, "no row is named %s", name);
	return found;
}
