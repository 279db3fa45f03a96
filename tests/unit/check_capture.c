/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_capture.c - a thread's event is booked on the site of a full walk, and counted where there is no room.
 */
#define _GNU_SOURCE
#include "capture.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "clock.h"
#include "node_table.h"
#include "trace_case.h"
#include "trace_file.h"
#include "unit.h"
#include "unwind_shapes.h"

static struct thread *thread;
static uint32_t events, found, different;

static void start_with(uint32_t depth_max)
{
	struct options options = {.depth_max = depth_max, .unwinder = MT_UNWINDER_CFI};

	clock_init(false, false);
	shard_init();
	thread_init();
	unwind_init();
	capture_init(&options);
	thread = thread_attach();
	ck_assert_ptr_nonnull(thread);
}

/* As malloc() would be called. */
static __attribute__((noinline)) uint32_t event(void)
{
	const struct unwind_frame *frame = UNWIND_FRAME_HERE();
	uint32_t site;

	found += replay_find(&thread->replay, frame) != NULL;
	site = capture_booking(thread, frame)->site;
	different +=
		site != capture_site(frame, &thread->bounds, &thread->scratch, thread->kind_node);
	events++;
	return site;
}

static __attribute__((noinline)) void leaf(struct shape_state *state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		(void)event();
}

static void run_trees(shapes_run *run)
{
	struct shape_state *state = calloc(1, sizeof(*state));

	ck_assert_ptr_nonnull(state);
	for (uint32_t seed = 0; seed < 200; seed++) {
		*state = (struct shape_state){
			.random = seed / 2,
			/* the ones before signals need only the stack */
			.allowed = (1u << (seed % 4 < 2 ? SHAPE_SIGNAL : SHAPE_COUNT)) - 1,
			.depth_left = 1 + seed / 2 % 30,
			.leaf = leaf};
		run(state);
	}
	free(state);
}

START_TEST(event_is_booked_where_a_full_walk_says)
{
	static shapes_run *const runs[] = {shapes_o0, shapes_o2, shapes_os, shapes_frame_pointer};

	start_with(_i < 4 ? OPTIONS_DEPTH_MAX : 12);
	run_trees(runs[_i % 4]);
	ck_assert_uint_eq(events, 600);
	ck_assert_uint_eq(different, 0);
	/* of the lower limit, those that it does not cut */
	ck_assert_uint_gt(found, _i < 4 ? 50 : 5);
}
END_TEST

static __attribute__((noinline)) uint32_t event_below(uint32_t depth)
{
	volatile uint32_t site = depth == 0 ? event() : event_below(depth - 1);

	return site;
}

START_TEST(stack_without_room_is_counted_each_time_and_leaves_no_record)
{
	struct rlimit limit = {5 << 20, RLIM_INFINITY};
	uint32_t site, drops;

	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(trace_file_create(trace_case_file(), false), 0);
	start_with(OPTIONS_DEPTH_MAX);
	site = event_below(4);
	while (node_intern(1, location_intern(1)) != 0 && trace_file_claim(TRACE_NODES, 64) != 0)
		;
	while (trace_file_claim(TRACE_NODES, 1) != 0)
		;
	found = 0;
	for (uint32_t i = 1; i <= 5; i++) {
		drops = (uint32_t)trace_file.drops[MT_DROP_SITES];
		ck_assert_uint_ne(event_below(9), site);
		/* the event, and the full walk beside it */
		ck_assert_uint_eq(trace_file.drops[MT_DROP_SITES] - drops, 2);
	}
	ck_assert_uint_eq(found, 0);
	/* what is known from before is booked as before */
	ck_assert_uint_eq(different, 0);
	ck_assert_uint_eq(trace_file.drops[MT_DROP_TRUNCATED_STACKS], 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("capture");
	TCase *tests = tcase_create("stacks"), *full = tcase_create("full");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, trace_case_start, trace_case_finish);
	tcase_add_loop_test(tests, event_is_booked_where_a_full_walk_says, 0, 8);
	suite_add_tcase(suite, tests);
	tcase_set_timeout(full, 60);
	tcase_add_checked_fixture(full, trace_case_start_empty, trace_case_finish);
	tcase_add_test(full, stack_without_room_is_counted_each_time_and_leaves_no_record);
	suite_add_tcase(suite, full);
	return suite;
}
