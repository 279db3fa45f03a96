/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_case.c - loads images in memory and compares the result with the example.
 */
#define _GNU_SOURCE 1 /* memfd_create() */
#include "snapshot_case.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "example.h"
#include "unit.h"

struct input case_input(const unsigned char *image, size_t bytes)
{
	struct input input = {.fd = memfd_create("case", MFD_CLOEXEC)};

	ck_assert_int_ge(input.fd, 0);
	ck_assert_int_eq(write(input.fd, image, bytes), (ssize_t)bytes);
	return input;
}

int case_load(const unsigned char *image, size_t bytes, struct snapshot **out, struct error *error)
{
	struct input input = case_input(image, bytes);
	int result = snapshot_load_input(&input, "case.snap", false, out, error);

	input_close(&input);
	return result;
}

int case_load_builder(struct file_builder *builder, struct snapshot **out, struct error *error)
{
	size_t bytes;
	unsigned char *image = file_builder_image(builder, &bytes);
	int result = case_load(image, bytes, out, error);

	free(image);
	file_builder_fini(builder);
	return result;
}

void case_refuse(struct file_builder *builder, const char *text)
{
	struct snapshot *snapshot;
	struct error error = {""};

	ck_assert_int_eq(case_load_builder(builder, &snapshot, &error), -EBADMSG);
	ck_assert_ptr_null(snapshot);
	ck_assert_msg(strstr(error.text, text) != NULL, "\"%s\" does not say \"%s\"", error.text,
		      text);
	ck_assert_msg(strncmp(error.text, "case.snap: ", 11) == 0, "\"%s\" does not name the file",
		      error.text);
	ck_assert_ptr_null(strchr(error.text, '\n'));
}

static bool is_at(const struct snapshot *snapshot, uint32_t node, const char *path, uint64_t offset)
{
	const struct location *location = &snapshot->locations[snapshot->nodes[node].location];

	return location->kind == LOCATION_CODE && location->offset == offset &&
	       strcmp(snapshot->modules[location->module].path, path) == 0;
}

const struct site *case_site(const struct snapshot *snapshot, const char *path, uint64_t offset,
			     uint64_t outer_offset)
{
	for (size_t i = 0; i < snapshot->site_count; i++) {
		const struct site *site = &snapshot->sites[i];
		uint32_t outer = snapshot->nodes[site->node].parent;
		const struct location *location =
			&snapshot->locations[snapshot->nodes[outer].location];

		if (!is_at(snapshot, site->node, path, offset))
			continue;
		if (outer_offset == 0
			    ? location->kind == LOCATION_THREAD
			    : location->kind == LOCATION_CODE && location->offset == outer_offset)
			return site;
	}
	ck_abort_msg("no site at %s+%#llx", path, (unsigned long long)offset);
	return NULL;
}

static const char *thread_of(const struct snapshot *snapshot, const struct site *site)
{
	uint32_t node = site->node;

	while (snapshot->nodes[node].parent != 0)
		node = snapshot->nodes[node].parent;
	return snapshot->locations[snapshot->nodes[node].location].name;
}

static void check_a(const struct snapshot *snapshot)
{
	const struct site *site =
		case_site(snapshot, EXAMPLE_APP, EXAMPLE_APP_INNER, EXAMPLE_APP_OUTER);
	const struct counters *counters = &site->counters;
	const struct site_size *sizes = &snapshot->sizes[site->size_first];

	ck_assert_str_eq(thread_of(snapshot, site), "main");
	ck_assert_int_eq(counters->alloc_count, EXAMPLE_A_ALLOC_COUNT);
	ck_assert_int_eq(counters->free_count, EXAMPLE_A_FREE_COUNT);
	ck_assert_int_eq(counters->alloc_bytes, EXAMPLE_A_ALLOC_BYTES);
	ck_assert_int_eq(counters->freed_bytes, EXAMPLE_A_FREED_BYTES);
	ck_assert_int_eq(counters->live_blocks, EXAMPLE_A_ALLOC_COUNT - EXAMPLE_A_FREE_COUNT);
	ck_assert_int_eq(counters->live_bytes, EXAMPLE_A_LIVE_BYTES);
	ck_assert_int_eq(counters->peak_live_bytes, EXAMPLE_A_PEAK_BYTES);
	ck_assert_int_eq(counters->at_peak_live_bytes, EXAMPLE_A_AT_PEAK_BYTES);
	ck_assert_int_eq(counters->realloc_count, EXAMPLE_A_REALLOC_COUNT);
	ck_assert_int_eq(counters->temporary_count, EXAMPLE_A_TEMPORARY_COUNT);
	ck_assert(site->is_peak_bound);
	ck_assert(!site->is_approximate);
	ck_assert_uint_eq(site->first_epoch, 1);
	ck_assert_uint_eq(site->size_count, 3);
	ck_assert_uint_eq(sizes[0].bucket, 4);
	ck_assert_uint_eq(sizes[0].count, EXAMPLE_A_SIZE_4);
	ck_assert_uint_eq(sizes[1].bucket, 7);
	ck_assert_uint_eq(sizes[1].count, EXAMPLE_A_SIZE_7);
	ck_assert_uint_eq(sizes[2].bucket, 9);
	ck_assert_uint_eq(sizes[2].count, EXAMPLE_A_SIZE_9);
}

static void check_b(const struct snapshot *snapshot)
{
	const struct site *site =
		case_site(snapshot, EXAMPLE_APP, EXAMPLE_APP_OUTER, EXAMPLE_LIB_INNER);
	const struct counters *counters = &site->counters;

	ck_assert_str_eq(thread_of(snapshot, site), "worker-#");
	ck_assert_int_eq(counters->alloc_count, EXAMPLE_B_ALLOC_COUNT);
	ck_assert_int_eq(counters->alloc_bytes, EXAMPLE_B_ALLOC_BYTES);
	ck_assert_int_eq(counters->free_count, EXAMPLE_B_FREE_COUNT);
	ck_assert_int_eq(counters->freed_bytes, EXAMPLE_B_FREED_BYTES);
	ck_assert_int_eq(counters->live_blocks, 1);
	ck_assert_int_eq(counters->live_bytes, EXAMPLE_B_LIVE_BYTES);
	ck_assert_int_eq(counters->peak_live_bytes, EXAMPLE_B_PEAK_BYTES);
	ck_assert_int_eq(counters->at_peak_live_bytes, EXAMPLE_B_LIVE_BYTES);
	ck_assert(!site->is_peak_bound);
	ck_assert_uint_eq(site->size_count, 1);
	ck_assert_uint_eq(snapshot->sizes[site->size_first].count, EXAMPLE_B_ALLOC_COUNT);
}

static void check_c(const struct snapshot *snapshot)
{
	const struct counters *counters =
		&case_site(snapshot, EXAMPLE_APP, EXAMPLE_APP_OUTER, 0)->counters;

	ck_assert_int_eq(counters->alloc_count, 0);
	ck_assert_int_eq(counters->inherited_blocks, EXAMPLE_C_INHERITED_BLOCKS);
	ck_assert_int_eq(counters->inherited_bytes, EXAMPLE_C_INHERITED_BYTES);
	ck_assert_int_eq(counters->inherited_free_count, 1);
	ck_assert_int_eq(counters->inherited_freed_bytes, EXAMPLE_C_FREED_BYTES);
	ck_assert_int_eq(counters->live_blocks, EXAMPLE_C_INHERITED_BLOCKS - 1);
	ck_assert_int_eq(counters->live_bytes, EXAMPLE_C_INHERITED_BYTES - EXAMPLE_C_FREED_BYTES);
	ck_assert_int_eq(counters->at_peak_live_bytes, EXAMPLE_C_INHERITED_BYTES);
}

static void check_totals(const struct snapshot *snapshot)
{
	const int64_t *totals = snapshot->totals;

	ck_assert_int_eq(totals[MT_TOTAL_ALLOC_COUNT],
			 EXAMPLE_A_ALLOC_COUNT + EXAMPLE_B_ALLOC_COUNT);
	ck_assert_int_eq(totals[MT_TOTAL_FREE_COUNT],
			 EXAMPLE_A_FREE_COUNT + EXAMPLE_B_FREE_COUNT + 1);
	ck_assert_int_eq(totals[MT_TOTAL_LIVE_BLOCKS], 12);
	ck_assert_int_eq(totals[MT_TOTAL_LIVE_BYTES], 650 + 4096 + 64);
	ck_assert_int_eq(totals[MT_TOTAL_PEAK_LIVE_BYTES], EXAMPLE_PEAK_BYTES);
	ck_assert_int_eq(totals[MT_TOTAL_REALLOC_COUNT], EXAMPLE_A_REALLOC_COUNT);
	ck_assert_int_eq(totals[MT_TOTAL_TEMPORARY_COUNT], EXAMPLE_A_TEMPORARY_COUNT);
	ck_assert_int_eq(totals[MT_TOTAL_FOREIGN_FREE_COUNT], 3);
	ck_assert_int_eq(totals[MT_TOTAL_UNSEEN_FREE_COUNT], 4);
	ck_assert_int_eq(totals[MT_TOTAL_DROPPED_COUNT], EXAMPLE_EVENT_DROPS);
}

static void check_records(const struct snapshot *snapshot)
{
	ck_assert_str_eq(snapshot->program, "app");
	ck_assert_str_eq(snapshot->executable, EXAMPLE_APP);
	ck_assert_str_eq(snapshot->working_directory, "/home/user");
	ck_assert_str_eq(snapshot->command_line, "");
	ck_assert_uint_eq(snapshot->epoch_count, 3);
	ck_assert_uint_eq(snapshot->epochs[2].ns, 2000);
	ck_assert_uint_eq(snapshot->timeline_count, 2);
	ck_assert_uint_eq(snapshot->timeline[1].ns, 900);
	ck_assert_uint_eq(snapshot->timeline[1].rss_bytes, 1 << 20);
	ck_assert_uint_eq(snapshot->thread_count, 2);
	ck_assert_int_eq(snapshot->threads[1].tid, 101);
	ck_assert_str_eq(snapshot->threads[1].name, "worker-1");
	ck_assert_str_eq(snapshot->threads[1].kind, "worker-#");
	ck_assert_uint_eq(snapshot->threads_seen, 8);
	ck_assert_uint_eq(snapshot->message_count, 1);
	ck_assert_str_eq(snapshot->messages[0].text, "a message??[2J");
	ck_assert_uint_eq(snapshot->messages[0].severity, 2);
	ck_assert_uint_eq(snapshot->mark_count, 1);
	ck_assert_str_eq(snapshot->marks[0].text, "load begins");
	ck_assert_uint_eq(snapshot->drops[MT_DROP_EVENTS], EXAMPLE_EVENT_DROPS);
}

void case_check_example(const struct snapshot *snapshot)
{
	ck_assert_uint_eq(snapshot->site_count, EXAMPLE_SITE_COUNT);
	check_a(snapshot);
	check_b(snapshot);
	check_c(snapshot);
	check_totals(snapshot);
	check_records(snapshot);
}
