/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_unwind_step.c - runs odd frames instruction by instruction and walks the stack at each of them:
 * the walk is whole, knows what the frames know of themselves, and equals libunwind's.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

#include "unit.h"
#include "unwind.h"
#include "unwind_second.h"
#include "unwind_shapes.h"

#define FRAME_MAX 1024
#define SHOWN_MAX 12

static struct unwind_bounds bounds;
static uint64_t frames[FRAME_MAX], second_frames[FRAME_MAX];
static uint64_t root; /* frame address in the test itself: the last that every walk must reach */
static bool has_second;
static unsigned step_count, broken_count, rootless_count, different_count;

static size_t collect(const struct unwind_regs *regs, enum unwind_status *status)
{
	struct unwind_cursor cursor;
	size_t count = 0;

	unwind_begin(&cursor, regs, &bounds);
	while ((*status = unwind_next(&cursor)) == UNWIND_FRAME && count < FRAME_MAX)
		frames[count++] = cursor.frame_address;
	return count;
}

static size_t collect_second(const struct unwind_regs *regs)
{
	enum unwind_status status;
	size_t count = unwind_second_walk(regs, &bounds, second_frames, FRAME_MAX, &status), i;
	struct unwind_cursor cursor;

	unwind_begin(&cursor, regs, &bounds);
	for (i = 0; i < count; i++) {
		unwind_second_frame(&cursor, second_frames[i]);
		second_frames[i] = cursor.frame_address;
	}
	return count;
}

static void show(const char *what, const uint64_t *list, size_t count)
{
	size_t i;

	if (broken_count + rootless_count + different_count > SHOWN_MAX)
		return;
	fprintf(stderr, "%s\n", what);
	for (i = 0; i < count; i++)
		fprintf(stderr, "  %2zu %#lx\n", i, list[i]);
}

static bool reaches_root(size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (frames[i] == root)
			return true;
	}
	return false;
}

static void on_trap(int number, siginfo_t *info, void *data)
{
	struct unwind_regs regs;
	enum unwind_status status;
	size_t count, second_count;

	(void)number;
	(void)info;
	(void)data;
	unwind_regs_capture(&regs);
	step_count++;
	count = collect(&regs, &status);
	if (status != UNWIND_END) {
		broken_count++;
		show("not whole", frames, count);
	}
	if (!reaches_root(count)) {
		rootless_count++;
		show("does not reach the test", frames, count);
	}
	if (!has_second)
		return;
	second_count = collect_second(&regs);
	if (count != second_count || memcmp(frames, second_frames, count * sizeof(*frames)) != 0) {
		different_count++;
		show("ours", frames, count);
		show("libunwind's", second_frames, second_count);
	}
}

/* In unwind_frames.S. */
void trap_each(long is_on);

static void leaf(struct shape_state *state)
{
	(void)state;
}

/* What the compiler cannot know, so that the call below is where root says. */
static __attribute__((noinline)) void run_stepped(shapes_run *run, struct shape_state *state)
{
	root = (uint64_t)__builtin_return_address(0) - 1;
	trap_each(1);
	run(state);
	trap_each(0);
}

/*
 * GCC 12 forgets to say that rbp has been restored before the last two instructions of the first, and with
 * some options of the second.
 */
static uint32_t shapes_misdescribed(shapes_run *run)
{
	if (run == shapes_o0)
		return 0;
	if (run == shapes_o2)
		return 1u << SHAPE_ALIGNED_ENTRY;
	return 1u << SHAPE_ALIGNED_ENTRY | 1u << SHAPE_REALIGNED;
}

static void run_all(uint32_t allowed, bool with_second)
{
	static shapes_run *const runs[] = {shapes_o0, shapes_o2, shapes_os, shapes_frame_pointer};
	struct sigaction action = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
	struct shape_state *state = calloc(1, sizeof(*state));
	unsigned i;

	unwind_init();
	has_second = with_second && LIBUNWIND_PATH[0] != 0; /* built without it otherwise */
	ck_assert(!has_second || unwind_second_open(LIBUNWIND_PATH));
	ck_assert_int_eq(sigaction(SIGTRAP, &action, NULL), 0);
	for (i = 0; i < 4; i++) {
		state->leaf = leaf;
		state->allowed = allowed & ~shapes_misdescribed(runs[i]);
		state->depth_left = 12;
		state->random = i;
		run_stepped(runs[i], state);
	}
	free(state);
	ck_assert_uint_gt(step_count, 1000);
	ck_assert_uint_eq(broken_count, 0);
	ck_assert_uint_eq(rootless_count, 0);
	ck_assert_uint_eq(different_count, 0);
}

START_TEST(walk_is_whole_at_every_instruction_that_a_compiler_made)
{
	run_all(((1u << SHAPE_SIGNAL) - 1) & ~(1u << SHAPE_TAIL), true);
}
END_TEST

START_TEST(walk_is_whole_at_every_instruction_of_described_assembly)
{
	run_all(1u << SHAPE_CFA_IN_RBX | 1u << SHAPE_CFA_IN_R12 | 1u << SHAPE_CFA_IN_R15 |
			1u << SHAPE_CFA_BY_EXPRESSION | 1u << SHAPE_REMEMBERS |
			1u << SHAPE_REALIGNED | 1u << SHAPE_BEHIND_STUB,
		true);
}
END_TEST

/* libunwind 1.6 loses rbp there: it reads a register that it has just restored. */
START_TEST(walk_is_whole_at_every_instruction_of_longjmp)
{
	run_all(1u << SHAPE_TAIL | 1u << SHAPE_PLAIN | 1u << SHAPE_REGISTERS, false);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("unwind_step");
	TCase *tests = tcase_create("steps");

	tcase_set_timeout(tests, 100);
	tcase_add_test(tests, walk_is_whole_at_every_instruction_that_a_compiler_made);
	tcase_add_test(tests, walk_is_whole_at_every_instruction_of_described_assembly);
	tcase_add_test(tests, walk_is_whole_at_every_instruction_of_longjmp);
	suite_add_tcase(suite, tests);
	return suite;
}
