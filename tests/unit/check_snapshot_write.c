/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_snapshot_write.c - what is written loads again as it was, is small, and is whole or not there.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "example.h"
#include "snapshot_case.h"
#include "unit.h"

static char folder[] = "/tmp/check_snapshot_write.XXXXXX";
static char path[PATH_MAX];

static void make_folder(void)
{
	(void)snprintf(folder, sizeof(folder), "/tmp/check_snapshot_write.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/a.snap", folder);
}

static int count_files(void)
{
	DIR *directory = opendir(folder);
	int count = 0;

	ck_assert_ptr_nonnull(directory);
	while (readdir(directory) != NULL)
		count++;
	(void)closedir(directory);
	return count - 2;
}

static void remove_folder(void)
{
	(void)unlink(path);
	ck_assert_int_eq(rmdir(folder), 0); /* nothing else may lie there */
}

static struct snapshot *load_example(uint16_t kind)
{
	struct file_builder builder;
	struct snapshot *snapshot;
	struct error error = {""};

	file_builder_example(&builder, kind);
	ck_assert_msg(case_load_builder(&builder, &snapshot, &error) == 0, "%s", error.text);
	return snapshot;
}

static struct snapshot *rewrite(const struct snapshot *snapshot, const char *label)
{
	struct snapshot *again;
	struct error error = {""};

	(void)unlink(path);
	ck_assert_msg(snapshot_write(snapshot, path, label, &error) == 0, "%s", error.text);
	ck_assert_msg(snapshot_load(path, &again, &error) == 0, "%s", error.text);
	return again;
}

START_TEST(live_file_survives_squeezing)
{
	struct snapshot *live = load_example(MT_KIND_LIVE);
	struct snapshot *snapshot = rewrite(live, EXAMPLE_LABEL);

	case_check_example(snapshot);
	ck_assert_str_eq(snapshot->label, EXAMPLE_LABEL);
	ck_assert_int_eq(snapshot->state, SNAPSHOT_EXITED);
	ck_assert_uint_eq(snapshot->taken_ns, live->taken_ns);
	ck_assert_uint_eq(snapshot->header.start_realtime_ns, live->header.start_realtime_ns);
	ck_assert_uint_eq(snapshot->header.kind, MT_KIND_SNAPSHOT);
	ck_assert_mem_eq(snapshot->process.totals, live->totals, sizeof(live->totals));
	snapshot_free(snapshot);
	snapshot_free(live);
}
END_TEST

START_TEST(every_state_survives)
{
	static const enum snapshot_state states[] = {SNAPSHOT_RUNNING, SNAPSHOT_EXITED,
						     SNAPSHOT_EXECED, SNAPSHOT_KILLED};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct snapshot *live = load_example(MT_KIND_LIVE), *snapshot;

		live->state = states[i];
		snapshot = rewrite(live, NULL);
		ck_assert_int_eq(snapshot->state, states[i]);
		snapshot_free(snapshot);
		snapshot_free(live);
	}
}
END_TEST

START_TEST(rewriting_a_snapshot_changes_nothing)
{
	struct snapshot *first = load_example(MT_KIND_SNAPSHOT);
	struct snapshot *second = rewrite(first, NULL);
	struct stat before, after;
	struct snapshot *third;

	case_check_example(second);
	ck_assert_str_eq(second->label, EXAMPLE_LABEL);
	ck_assert_int_eq(stat(path, &before), 0);
	third = rewrite(second, NULL);
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_eq(before.st_size, after.st_size);
	case_check_example(third);
	snapshot_free(first);
	snapshot_free(second);
	snapshot_free(third);
}
END_TEST

START_TEST(unused_stacks_are_left_out)
{
	struct snapshot *live = load_example(MT_KIND_LIVE);
	struct snapshot *snapshot = rewrite(live, NULL);

	ck_assert_uint_eq(snapshot->node_count, 7);	/* without the unknown root; 0 unused */
	ck_assert_uint_eq(snapshot->location_count, 6); /* without the equal and the unknown one */
	ck_assert_uint_eq(snapshot->module_count, 3);
	snapshot_free(snapshot);
	snapshot_free(live);
}
END_TEST

START_TEST(label_replaces_the_old_one)
{
	struct snapshot *first = load_example(MT_KIND_SNAPSHOT);
	struct snapshot *second = rewrite(first, "after");
	struct snapshot *third = rewrite(second, "");

	ck_assert_str_eq(second->label, "after");
	ck_assert_str_eq(third->label, "");
	snapshot_free(first);
	snapshot_free(second);
	snapshot_free(third);
}
END_TEST

START_TEST(long_timeline_is_thinned_and_keeps_its_ends)
{
	enum { COUNT = 4000, HIGHEST = 1234 };
	struct snapshot *live = load_example(MT_KIND_LIVE), *snapshot;
	struct mt_sample *timeline = calloc(COUNT, sizeof(*timeline));
	bool has_highest = false;

	ck_assert_ptr_nonnull(timeline);
	for (size_t i = 0; i < COUNT; i++)
		timeline[i] = (struct mt_sample){.ns = i + 1,
						 .alloc_count = i,
						 .live_bytes = i == HIGHEST ? 9999999 : 5};
	live->timeline = timeline;
	live->timeline_count = COUNT;
	snapshot = rewrite(live, NULL);
	ck_assert_uint_le(snapshot->timeline_count, 256);
	ck_assert_uint_ge(snapshot->timeline_count, 200);
	ck_assert_uint_eq(snapshot->timeline[0].ns, 1);
	ck_assert_uint_eq(snapshot->timeline[snapshot->timeline_count - 1].ns, COUNT);
	for (size_t i = 0; i < snapshot->timeline_count; i++)
		has_highest |= snapshot->timeline[i].live_bytes == 9999999;
	ck_assert(has_highest);
	snapshot_free(snapshot);
	snapshot_free(live);
	free(timeline);
}
END_TEST

START_TEST(losses_become_messages)
{
	struct snapshot *live = load_example(MT_KIND_LIVE), *snapshot;

	live->skipped_count = 3;
	live->unaccounted_count = -2;
	snapshot = rewrite(live, NULL);
	ck_assert_uint_eq(snapshot->message_count, 3);
	ck_assert_ptr_nonnull(strstr(snapshot->messages[1].text, "left out 3 counters"));
	ck_assert_ptr_nonnull(strstr(snapshot->messages[2].text, "counted -2 allocations"));
	snapshot_free(snapshot);
	snapshot_free(live);
}
END_TEST

START_TEST(existing_file_is_never_replaced)
{
	struct snapshot *live = load_example(MT_KIND_LIVE);
	struct error error = {""};
	char text[8] = "";
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs("mine", file), 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(snapshot_write(live, path, NULL, &error), -EEXIST);
	ck_assert_ptr_nonnull(strstr(error.text, "a.snap: exists already"));
	file = fopen(path, "r");
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), file));
	(void)fclose(file);
	ck_assert_str_eq(text, "mine");
	ck_assert_int_eq(count_files(), 1);
	snapshot_free(live);
}
END_TEST

START_TEST(mode_is_0600_whatever_the_umask)
{
	struct snapshot *live = load_example(MT_KIND_LIVE);
	struct stat status;
	mode_t before = umask(0777);

	ck_assert_int_eq(snapshot_write(live, path, NULL, NULL), 0);
	(void)umask(before);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_uint_eq(status.st_mode & 07777, 0600);
	snapshot_free(live);
}
END_TEST

/*
 * SIGXFSZ is ignored, so a write beyond the limit is -EFBIG, as a full disk is -ENOSPC. The limit is gone
 * again before the test framework writes anything.
 */
static int write_limited(const struct snapshot *snapshot, rlim_t limit, struct error *error)
{
	struct rlimit before, limited;
	int result;

	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
	limited = (struct rlimit){limit, before.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limited) < 0)
		return -errno;
	result = snapshot_write(snapshot, path, NULL, error);
	(void)setrlimit(RLIMIT_FSIZE, &before);
	return result;
}

START_TEST(file_that_cannot_be_completed_is_not_there)
{
	struct snapshot *live = load_example(MT_KIND_LIVE);

	for (rlim_t limit = 0; limit < 3000; limit += 499) {
		struct error error = {""};

		ck_assert_int_eq(write_limited(live, limit, &error), -EFBIG);
		ck_assert_ptr_nonnull(strstr(error.text, "cannot be written"));
		ck_assert_int_eq(count_files(), 0);
	}
	ck_assert_int_eq(write_limited(live, 1 << 20, NULL), 0);
	snapshot_free(live);
}
END_TEST

START_TEST(missing_folder_is_named)
{
	char missing[sizeof(folder) + 16], expected[sizeof(missing) + 64];
	struct snapshot *live = load_example(MT_KIND_LIVE);
	struct error error = {""};

	(void)snprintf(missing, sizeof(missing), "%s/missing/a.snap", folder);
	(void)snprintf(expected, sizeof(expected),
		       "%s: cannot be created: No such file or directory", missing);
	ck_assert_int_eq(snapshot_write(live, missing, NULL, &error), -ENOENT);
	ck_assert_str_eq(error.text, expected);
	snapshot_free(live);
}
END_TEST

static void check_equal_sites(const struct snapshot *snapshot, const struct snapshot *expected)
{
	ck_assert_uint_eq(snapshot->site_count, expected->site_count);
	for (size_t i = 0; i < expected->site_count; i++) {
		ck_assert_uint_eq(snapshot->sites[i].node, expected->sites[i].node);
		ck_assert_mem_eq(&snapshot->sites[i].counters, &expected->sites[i].counters,
				 sizeof(expected->sites[i].counters));
	}
}

/* So many that a section is written in several pieces; and what a site costs beyond the fixed part. */
START_TEST(many_sites_survive_and_take_less_than_512_bytes_each)
{
	enum { SITES = 5000 };
	struct mt_node nodes[SITES + 2] = {{0, 0}, {0, 1}};
	struct mt_counters *counters = calloc(SITES + 1, sizeof(*counters));
	struct file_builder builder;
	struct snapshot *live, *snapshot;
	struct error error = {""};
	struct stat status;

	ck_assert_ptr_nonnull(counters);
	for (uint32_t i = 0; i < SITES; i++) {
		nodes[i + 2] = (struct mt_node){i + 1, 3};
		counters[i + 1] = (struct mt_counters){.node = i + 2,
						       .alloc_count = 1,
						       .alloc_bytes = i + 1,
						       .size_bucket = 1};
	}
	file_builder_example(&builder, MT_KIND_LIVE);
	file_builder_find(&builder, MT_SECTION_NODES)->record.type = 400;
	file_builder_find(&builder, MT_SECTION_COUNTERS)->record.type = 401;
	(void)file_builder_add(&builder, MT_SECTION_NODES, sizeof(nodes[0]), nodes, SITES + 2);
	(void)file_builder_add(&builder, MT_SECTION_COUNTERS, sizeof(*counters), counters,
			       SITES + 1);
	ck_assert_msg(case_load_builder(&builder, &live, &error) == 0, "%s", error.text);
	snapshot = rewrite(live, NULL);
	ck_assert_uint_eq(live->site_count, SITES);
	check_equal_sites(snapshot, live);
	ck_assert_int_eq(stat(path, &status), 0);
	ck_assert_int_lt(status.st_size, SITES * 200 + 4096);
	snapshot_free(snapshot);
	snapshot_free(live);
	free(counters);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("snapshot_write");
	TCase *round = tcase_create("round_trip"), *file = tcase_create("file");

	tcase_add_checked_fixture(round, make_folder, remove_folder);
	tcase_add_test(round, live_file_survives_squeezing);
	tcase_add_test(round, every_state_survives);
	tcase_add_test(round, rewriting_a_snapshot_changes_nothing);
	tcase_add_test(round, unused_stacks_are_left_out);
	tcase_add_test(round, label_replaces_the_old_one);
	tcase_add_test(round, long_timeline_is_thinned_and_keeps_its_ends);
	tcase_add_test(round, losses_become_messages);
	tcase_add_test(round, many_sites_survive_and_take_less_than_512_bytes_each);
	suite_add_tcase(suite, round);
	tcase_add_checked_fixture(file, make_folder, remove_folder);
	tcase_add_test(file, existing_file_is_never_replaced);
	tcase_add_test(file, mode_is_0600_whatever_the_umask);
	tcase_add_test(file, file_that_cannot_be_completed_is_not_there);
	tcase_add_test(file, missing_folder_is_named);
	suite_add_tcase(suite, file);
	return suite;
}
