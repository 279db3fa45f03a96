/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_unwind.c - the walk finds the return addresses that odd frames know of themselves, and what
 * libunwind finds.
 */
#define _GNU_SOURCE
#include "unwind.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "unit.h"
#include "unwind_second.h"
#include "unwind_shapes.h"

#define FRAME_MAX 8192
#define GIVEN_BYTES (512 * 1024)

struct named_run {
	const char *name;
	shapes_run *run;
};

static const struct named_run runs[] = {
	{"-O0", shapes_o0},
	{"-O2", shapes_o2},
	{"-Os", shapes_os},
	{"-O2 -fno-omit-frame-pointer", shapes_frame_pointer},
};

#define RUN_COUNT ((int)(sizeof(runs) / sizeof(runs[0])))

static __thread struct unwind_bounds bounds;
static __thread uint64_t frames[FRAME_MAX], second_frames[FRAME_MAX];
static __thread unsigned leaf_count;

static size_t collect(const struct unwind_regs *regs, enum unwind_status *status)
{
	struct unwind_cursor cursor;
	size_t count = 0;

	unwind_begin(&cursor, regs, &bounds);
	while ((*status = unwind_next(&cursor)) == UNWIND_FRAME && count < FRAME_MAX)
		frames[count++] = cursor.frame_address;
	return count;
}

static void print_frames(const char *title, const uint64_t *list, size_t count)
{
	size_t i;

	fprintf(stderr, "%s:\n", title);
	for (i = 0; i < count; i++)
		fprintf(stderr, "  %zu %#lx\n", i, list[i]);
}

/* Each true address stands in the walk, in this order; frames of libc may stand between them. */
static bool holds_truth(const struct shape_state *state, size_t count)
{
	unsigned left = state->truth_count;
	size_t i;

	for (i = 0; i < count && left > 0; i++) {
		if (frames[i] == state->truth[left - 1])
			left--;
	}
	return left == 0;
}

static void check_truth(struct shape_state *state, size_t count, enum unwind_status status)
{
	if (holds_truth(state, count) && status == UNWIND_END)
		return;
	print_frames("walk, innermost first", frames, count);
	print_frames("truth, outermost first", state->truth, state->truth_count);
	ck_abort_msg("a frame is missing, or the stack is not whole: status %d", (int)status);
}

static __attribute__((noinline)) void leaf(struct shape_state *state)
{
	struct unwind_regs regs;
	enum unwind_status status;
	size_t count;

	state->truth[state->truth_count++] = (uint64_t)__builtin_return_address(0) - 1;
	unwind_regs_capture(&regs);
	count = collect(&regs, &status);
	check_truth(state, count, status);
	state->truth_count--;
	leaf_count++;
}

/* libunwind's addresses as the walk names them. */
static size_t collect_second(const struct unwind_regs *regs, enum unwind_status *status)
{
	size_t count = unwind_second_walk(regs, &bounds, second_frames, FRAME_MAX, status), i;
	struct unwind_cursor cursor;

	unwind_begin(&cursor, regs, &bounds);
	for (i = 0; i < count; i++) {
		unwind_second_frame(&cursor, second_frames[i]);
		second_frames[i] = cursor.frame_address;
	}
	return count;
}

/* As leaf(), and libunwind's walk is the same. */
static __attribute__((noinline)) void leaf_second(struct shape_state *state)
{
	struct unwind_regs regs;
	enum unwind_status status, second_status;
	size_t count, second_count;

	state->truth[state->truth_count++] = (uint64_t)__builtin_return_address(0) - 1;
	unwind_regs_capture(&regs);
	count = collect(&regs, &status);
	check_truth(state, count, status);
	second_count = collect_second(&regs, &second_status);
	if (count != second_count || memcmp(frames, second_frames, count * sizeof(*frames)) != 0) {
		print_frames("ours", frames, count);
		print_frames("libunwind's", second_frames, second_count);
		ck_abort_msg("the walks differ; libunwind's status %d", (int)second_status);
	}
	state->truth_count--;
	leaf_count++;
}

static struct shape_state *state_new(uint32_t seed, void (*leaf_function)(struct shape_state *))
{
	struct shape_state *state = calloc(1, sizeof(*state));

	ck_assert_ptr_nonnull(state);
	state->random = seed;
	state->allowed = (1u << SHAPE_COUNT) - 1;
	state->leaf = leaf_function;
	return state;
}

static void start(void)
{
	unwind_init();
	leaf_count = 0;
}

START_TEST(each_shape_alone_is_walked_whole)
{
	const struct named_run *named = &runs[_i / SHAPE_COUNT];
	struct shape_state *state = state_new(1, leaf);

	start();
	state->depth_left = 1;
	state->allowed = 1u << _i % SHAPE_COUNT;
	named->run(state);
	ck_assert_uint_eq(leaf_count, 1);
	ck_assert_uint_eq(state->truth_count, 0);
	free(state);
}
END_TEST

START_TEST(random_trees_are_walked_whole)
{
	unsigned seed;

	start();
	for (seed = 0; seed < 300; seed++) {
		struct shape_state *state = state_new(seed, leaf);

		state->depth_left = 1 + seed % 30;
		runs[_i].run(state);
		free(state);
	}
	ck_assert_uint_eq(leaf_count, 300);
}
END_TEST

/*
 * Where libunwind 1.6 goes wrong and the true addresses tell so: it restores a register before it reads
 * another one's value from it, and its guesses without a frame description skip frames.
 */
#define SHAPES_BEYOND_LIBUNWIND                                                                    \
	(1u << SHAPE_RA_IN_R12 | 1u << SHAPE_BP_IN_RBX | 1u << SHAPE_UNDESCRIBED)

START_TEST(libunwind_finds_the_same_in_random_trees)
{
	unsigned seed;

	start();
	ck_assert(unwind_second_open(LIBUNWIND_PATH));
	for (seed = 0; seed < 100; seed++) {
		struct shape_state *state = state_new(seed + 1000, leaf_second);

		state->depth_left = 1 + seed % 20;
		state->allowed &= ~SHAPES_BEYOND_LIBUNWIND;
		runs[_i].run(state);
		free(state);
	}
	ck_assert_uint_eq(leaf_count, 100);
}
END_TEST

START_TEST(recursion_of_5000_is_walked_whole)
{
	struct shape_state *state = state_new(1, leaf);

	start();
	state->depth_left = 2600;
	state->allowed = 1u << SHAPE_VLA | 1u << SHAPE_PLAIN | 1u << SHAPE_REALIGNED;
	runs[_i].run(state);
	ck_assert_uint_eq(leaf_count, 1);
	free(state);
}
END_TEST

static void *run_thread(void *data)
{
	struct shape_state *state;
	unsigned seed;

	(void)data;
	for (seed = 0; seed < 50; seed++) {
		state = state_new(seed, leaf);
		state->depth_left = 1 + seed % 15;
		state->allowed &=
			~(1u << SHAPE_FAULT | 1u << SHAPE_SIGNAL | 1u << SHAPE_ALT_SIGNAL);
		runs[seed % (unsigned)RUN_COUNT].run(state);
		free(state);
	}
	return (void *)(uintptr_t)leaf_count;
}

START_TEST(threads_have_stacks_of_their_own)
{
	pthread_t threads[4];
	unsigned i;

	start();
	for (i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, run_thread, NULL), 0);
	for (i = 0; i < 4; i++) {
		void *count;

		ck_assert_int_eq(pthread_join(threads[i], &count), 0);
		ck_assert_uint_eq((uintptr_t)count, 50);
	}
}
END_TEST

/* A walk in a place where a failed check could not be reported. */
struct silent_walk {
	struct unwind_bounds bounds;
	enum unwind_status status;
	unsigned count;
};

static __attribute__((noinline)) void walk_silently(struct silent_walk *walk)
{
	struct unwind_regs regs;
	struct unwind_cursor cursor;

	unwind_regs_capture(&regs);
	unwind_begin(&cursor, &regs, &walk->bounds);
	while ((walk->status = unwind_next(&cursor)) == UNWIND_FRAME)
		walk->count++;
}

static int run_clone(void *data)
{
	walk_silently(data);
	return 0;
}

static void *run_thread_silently(void *data)
{
	walk_silently(data);
	return NULL;
}

START_TEST(task_of_raw_clone_is_walked_on_its_stack)
{
	struct silent_walk walk = {{0, 0}, UNWIND_FRAME, 0};
	char *stack = malloc(65536);
	pid_t pid;

	start();
	pid = clone(run_clone, stack + 65536, CLONE_VM | SIGCHLD, &walk);
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_int_eq(walk.status, UNWIND_END);
	ck_assert_uint_eq(walk.count, 3);	/* walk_silently, run_clone, clone */
	ck_assert_uint_eq(walk.bounds.high, 0); /* this stack is nobody's for long */
	free(stack);
}
END_TEST

START_TEST(thread_on_a_given_stack_is_walked)
{
	struct silent_walk walk = {{0, 0}, UNWIND_FRAME, 0};
	char *stack = aligned_alloc(4096, GIVEN_BYTES);
	pthread_attr_t attributes;
	pthread_t thread;

	start();
	pthread_attr_init(&attributes);
	ck_assert_int_eq(pthread_attr_setstack(&attributes, stack, GIVEN_BYTES), 0);
	ck_assert_int_eq(pthread_create(&thread, &attributes, run_thread_silently, &walk), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(walk.status, UNWIND_END);
	ck_assert_uint_ge(walk.count, 3);
	ck_assert_uint_ge(walk.bounds.low, (uint64_t)(uintptr_t)stack);
	ck_assert_uint_lt(walk.bounds.high, (uint64_t)(uintptr_t)stack + GIVEN_BYTES);
	ck_assert_uint_gt(walk.bounds.high, walk.bounds.low);
	free(stack);
}
END_TEST

START_TEST(garbage_registers_end_the_walk)
{
	struct unwind_regs regs;
	enum unwind_status status;
	uint32_t random = 7;
	unsigned i;

	start();
	for (i = 0; i < 20000; i++) {
		uint64_t *fields[] = {&regs.ip, &regs.sp, &regs.bp};
		uint64_t *field;

		unwind_regs_capture(&regs);
		random = random * 1664525u + 1013904223u;
		field = fields[(random >> 8) % 3];
		*field += (uint64_t)(int64_t)(int32_t)random >> (random % 40);
		(void)collect(&regs, &status);
		ck_assert_int_ne(status, UNWIND_FRAME);
	}
}
END_TEST

START_TEST(garbage_stack_is_never_left)
{
	struct unwind_regs regs;
	uint64_t *stack =
		mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum unwind_status status;
	uint32_t random = 7;
	unsigned i, k;

	start();
	ck_assert_ptr_ne(stack, MAP_FAILED);
	ck_assert_int_eq(mprotect(stack, 4096, PROT_NONE), 0);
	ck_assert_int_eq(mprotect(stack + 1536, 4096, PROT_NONE), 0);
	unwind_regs_capture(&regs);
	for (i = 0; i < 2000; i++) {
		for (k = 512; k < 1536; k++) {
			random = random * 1664525u + 1013904223u;
			stack[k] = random >> 30 == 0 ? regs.ip + (random >> 8) % 4000
						     : (uint64_t)(uintptr_t)&stack[random % 2048];
		}
		regs.sp = (uint64_t)(uintptr_t)&stack[512 + random % 900];
		regs.bp = (uint64_t)(uintptr_t)&stack[random % 2048];
		(void)collect(&regs, &status);
		ck_assert_int_ne(status, UNWIND_FRAME);
	}
}
END_TEST

/* push %rbp; mov %rsp, %rbp; call *%rdi; pop %rbp; ret */
static const uint8_t jit_code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};

static struct shape_state *jit_state;

static __attribute__((noinline)) void jit_leaf(void)
{
	jit_state->truth[jit_state->truth_count++] = (uint64_t)__builtin_return_address(0) - 1;
	leaf(jit_state);
	jit_state->truth_count--;
}

START_TEST(code_without_description_is_passed_by_its_frame_pointer)
{
	void *code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*function)(void (*callback)(void));

	start();
	ck_assert_ptr_ne(code, MAP_FAILED);
	memcpy(code, jit_code, sizeof(jit_code));
	*(void **)(void *)&function = code;
	jit_state = state_new(1, leaf);
	function(jit_leaf);
	ck_assert_uint_eq(leaf_count, 1);
	free(jit_state);
}
END_TEST

START_TEST(location_is_kept_with_its_address)
{
	struct unwind_regs regs;
	struct unwind_cursor cursor;
	uint32_t number;

	start();
	unwind_regs_capture(&regs);
	unwind_begin(&cursor, &regs, &bounds);
	for (number = 1; unwind_next(&cursor) == UNWIND_FRAME; number++) {
		ck_assert_uint_eq(unwind_location(&cursor), 0);
		unwind_set_location(&cursor, number);
	}
	unwind_begin(&cursor, &regs, &bounds);
	for (number = 1; unwind_next(&cursor) == UNWIND_FRAME; number++)
		ck_assert_uint_eq(unwind_location(&cursor), number);
	ck_assert_uint_gt(number, 3);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("unwind");
	TCase *tests = tcase_create("walk");

	tcase_set_timeout(tests, 60);
	tcase_add_loop_test(tests, each_shape_alone_is_walked_whole, 0, RUN_COUNT * SHAPE_COUNT);
	tcase_add_loop_test(tests, random_trees_are_walked_whole, 0, RUN_COUNT);
	if (LIBUNWIND_PATH[0] != 0) /* built without it otherwise */
		tcase_add_loop_test(tests, libunwind_finds_the_same_in_random_trees, 0, RUN_COUNT);
	tcase_add_loop_test(tests, recursion_of_5000_is_walked_whole, 0, RUN_COUNT);
	tcase_add_test(tests, threads_have_stacks_of_their_own);
	tcase_add_test(tests, task_of_raw_clone_is_walked_on_its_stack);
	tcase_add_test(tests, thread_on_a_given_stack_is_walked);
	tcase_add_test(tests, garbage_registers_end_the_walk);
	tcase_add_test(tests, garbage_stack_is_never_left);
	tcase_add_test(tests, code_without_description_is_passed_by_its_frame_pointer);
	tcase_add_test(tests, location_is_kept_with_its_address);
	suite_add_tcase(suite, tests);
	return suite;
}
