/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_replay_room.c - whatever is forgotten, abandoned or grown, a stack that is found is the true one.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "replay.h"
#include "replay_model.h"
#include "single_step.h"
#include "unit.h"

#define BYTES_FIRST (8u << 10)
#define BYTES_MAX (512u << 10)
#define EXTRA_BYTES_MAX (1u << 20)
#define EVENTS 20000u
#define JUMPS_MAX 200

static struct model model;
static struct replay replay;
static uint64_t seed;

static void start(void)
{
	seed = 1;
	model_init(&model);
	replay_reset(&replay);
	model_root(&model, model_code(MODEL_END, 0, 0), 0);
}

static uint32_t choose(uint32_t count)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t)(seed >> 33) % count;
}

/* One of so many stacks of a depth; most of the frames are the same in all. */
static void build_one_of(uint32_t number, uint32_t depth)
{
	static const enum model_rule rules[] = {MODEL_PLAIN, MODEL_SAVES_BP, MODEL_FRAME_POINTER};

	model_pop(&model, model.count - 1);
	for (uint32_t i = 0; i < depth; i++)
		(void)model_push(&model, rules[i % 3], i % 4, i == depth / 2 ? number : i, 0);
	if (model.count != depth + 1)
		ck_abort_msg("%u frames instead of %u", model.count, depth + 1);
}

/* Where a record ends in memory. */
static uint32_t record_end(uint32_t offset)
{
	const struct replay_stack *stack = (const void *)(replay.memory + offset);

	return offset + (uint32_t)(sizeof(*stack) +
				   (1 + stack->quad_count * 4) * sizeof(struct replay_cell));
}

/* Whether a record that can be found lies in one half, and nothing is going to be written there. */
static bool is_whole(uint32_t start)
{
	uint32_t half = replay.bytes / 2,
		 end = start < replay.bytes ? record_end(start) : UINT32_MAX;

	return end <= replay.bytes && (start >= half || end <= half) &&
	       (end <= replay.used || start >= replay.limit || replay.limit <= replay.used);
}

static void check_refers_to_whole_records(void)
{
	if (replay.limit > replay.bytes && replay.memory != NULL)
		ck_abort_msg("memory ends at %u and is used up to %u", replay.bytes, replay.limit);
	for (uint32_t set = 0; set < REPLAY_SETS; set++)
		for (uint32_t i = 0; i < REPLAY_WAYS; i++)
			if (replay.ways[set][i] != 0 &&
			    !is_whole(replay.ways[set][i] * REPLAY_UNIT))
				ck_abort_msg("record at %u; next one in %u-%u",
					     replay.ways[set][i] * REPLAY_UNIT, replay.used,
					     replay.limit);
}

static void push_any(void)
{
	enum model_rule rule = (enum model_rule)choose(MODEL_PUSHED_COUNT);
	static const uint64_t values[] = {0, 1, 24, UINT64_C(1) << 40, UINT64_MAX};

	/* what depends on more than the stack is rare, or nothing would ever be found */
	if (rule >= MODEL_BY_REGISTER && choose(8) != 0)
		rule = MODEL_PLAIN;
	(void)model_push(&model, rule, choose(4), choose(4), values[choose(5)]);
}

static void change_stack(void)
{
	static const uint64_t roots[] = {0, 8};

	if (choose(400) == 0)
		model_root(&model,
			   model_code(choose(2) == 0 ? MODEL_CHAIN : MODEL_END, 0, choose(2)),
			   roots[choose(2)]);
	if (choose(3) == 0)
		model_pop(&model, choose(model.count));
	while (choose(3) != 0 && model.count < 60)
		push_any();
	if (choose(20) == 0)
		model.size_register = choose(3);
}

/* Events on stacks that are called and left at random, with words that change behind their back. */
static void run_events(uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t *word, old;

		change_stack();
		if (choose(4) != 0) {
			model_event(&model, &replay);
			continue;
		}
		word = (uint64_t *)(uintptr_t)model.frames[model.count - 1].sp + choose(64);
		if (word >= model.words + MODEL_WORDS)
			continue;
		old = *word;
		*word = choose(2) == 0 ? old ^ (8u << choose(4)) : old & 7;
		model_event(&model, &replay);
		*word = old;
	}
	check_refers_to_whole_records();
}

START_TEST(random_stacks_are_always_the_true_ones)
{
	seed = (uint64_t)_i;
	for (uint32_t i = 0; i < 50; i++)
		run_events(EVENTS / 50);
	ck_assert_uint_gt(model.found, EVENTS / 20);
	ck_assert_uint_gt(model.met, EVENTS / 4);
}
END_TEST

START_TEST(what_is_forgotten_is_walked_and_the_rest_is_found)
{
	/* neither pays to take more memory for */
	for (uint32_t number = 0; number < 5000; number++) {
		build_one_of(number, 12);
		model_event(&model, &replay);
		if (model.was_found || replay_find(&replay, model.innermost) != model.record)
			ck_abort_msg("stack %u", number);
		check_refers_to_whole_records();
	}
	ck_assert_uint_le(replay.bytes, 2 * BYTES_FIRST);
	/* at least as many as fit into one half, and no more than into both */
	for (uint32_t number = 5000; number-- > 4990;) {
		build_one_of(number, 12);
		model_event(&model, &replay);
	}
	ck_assert_uint_gt(model.found, 2);
}
END_TEST

/* Rounds over so many stacks; those of the last round that were found. */
static uint32_t run_rounds(struct replay *of, uint32_t stacks, uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		model.found = 0;
		for (uint32_t number = 0; number < stacks; number++) {
			build_one_of(number, 20 + number % 50);
			model_event(&model, of);
		}
	}
	return model.found;
}

START_TEST(memory_grows_until_the_stacks_fit)
{
	build_one_of(0, 20);
	model_event(&model, &replay);
	ck_assert_uint_eq(replay.bytes, BYTES_FIRST);
	ck_assert_uint_eq(run_rounds(&replay, 2, 20), 2);
	ck_assert_uint_eq(replay.bytes, BYTES_FIRST);
	ck_assert_uint_gt(run_rounds(&replay, 60, 40), 55);
	ck_assert_uint_gt(replay.bytes, BYTES_FIRST);
	ck_assert_uint_lt(replay.bytes, BYTES_MAX);
	check_refers_to_whole_records();
}
END_TEST

START_TEST(stack_that_does_not_fit_into_the_rest_of_a_half_takes_the_next)
{
	/* 40 frames fit into a half, and not into what another 60 leave of one */
	for (uint32_t event = 0; event < 6; event++) {
		build_one_of(event, event % 2 ? 40 : 60);
		for (uint32_t i = 0; i < 3; i++)
			model_event(&model, &replay);
		ck_assert(model.was_found);
	}
	ck_assert_uint_eq(replay.bytes, BYTES_FIRST);
}
END_TEST

START_TEST(stack_that_comes_for_the_first_time_is_not_regretted)
{
	struct replay_walk walk;

	for (uint32_t number = 0; number < 3000; number++) {
		build_one_of(number, 1);
		replay_walk_begin(&walk, &replay, model_call(&model));
	}
	ck_assert_uint_eq(replay.regrets, 0);
}
END_TEST

static uint32_t kept_count(void)
{
	uint32_t count = 0;

	for (uint32_t set = 0; set < REPLAY_SETS; set++)
		for (uint32_t i = 0; i < REPLAY_WAYS; i++)
			count += replay.ways[set][i] != 0;
	return count;
}

START_TEST(growing_forgets_nothing)
{
	uint32_t growths = 0;

	for (uint32_t event = 0; event < 400; event++) {
		uint32_t bytes = replay.bytes, kept = kept_count();

		build_one_of(event % 40, 20 + event % 40);
		model_event(&model, &replay);
		check_refers_to_whole_records();
		if (bytes == 0 || replay.bytes == bytes)
			continue;
		growths++;
		ck_assert(!model.was_found);
		ck_assert_uint_eq(kept_count(), kept + 1);
	}
	ck_assert_uint_ge(growths, 2);
}
END_TEST

START_TEST(memory_of_one_thread_and_of_all_is_bounded)
{
	static struct replay others[6];
	uint64_t extra = 0;

	(void)run_rounds(&replay, 700, 8);
	ck_assert_uint_eq(replay.bytes, BYTES_MAX);
	check_refers_to_whole_records();
	for (uint32_t i = 0; i < 6; i++) {
		replay_reset(&others[i]);
		(void)run_rounds(&others[i], 700, 8);
		ck_assert_uint_ge(others[i].bytes, BYTES_FIRST);
		ck_assert_uint_le(others[i].bytes, BYTES_MAX);
		extra += others[i].bytes - BYTES_FIRST;
	}
	ck_assert_uint_gt(extra, 0);
	ck_assert_uint_le(extra + BYTES_MAX - BYTES_FIRST, EXTRA_BYTES_MAX);
}
END_TEST

START_TEST(stack_deeper_than_any_half_is_walked_and_others_are_found)
{
	for (uint32_t round = 0; round < 20; round++) {
		build_one_of(0, 20000);
		model_event(&model, &replay);
		ck_assert(!model.was_found);
		for (uint32_t i = 0; i < 3; i++) {
			build_one_of(1, 20);
			model_event(&model, &replay);
		}
		ck_assert(model.was_found);
		check_refers_to_whole_records();
	}
	ck_assert_uint_eq(replay.bytes, BYTES_MAX);
}
END_TEST

START_TEST(event_that_never_ended_leaves_nothing)
{
	for (uint32_t i = 0; i < 5000; i++) {
		change_stack();
		(void)model_call(&model);
		if (choose(2) == 0)
			model_begin_event(&model, &replay, choose(30));
		else
			model_event(&model, &replay);
		check_refers_to_whole_records();
	}
	ck_assert_uint_gt(model.found, 100);
}
END_TEST

/* State that an instruction of an event may leave behind. */
static struct {
	sigjmp_buf out;
	unsigned char seen[offsetof(struct replay, ways)];
	int changes_left;
} jump;

/* After each instruction: leaves the event behind its n-th change of the replay's state. */
static void on_step(int number)
{
	(void)number;
	if (memcmp(jump.seen, &replay, sizeof(jump.seen)) == 0)
		return;
	memcpy(jump.seen, &replay, sizeof(jump.seen));
	if (--jump.changes_left == 0)
		siglongjmp(jump.out, 1);
}

/* Begins an event and leaves it behind its n-th change; false = it has fewer. */
static bool jump_out_of_event(int changes)
{
	memcpy(jump.seen, &replay, sizeof(jump.seen));
	jump.changes_left = changes;
	if (sigsetjmp(jump.out, 1) != 0)
		return true;
	single_step(true);
	model_begin_event(&model, &replay, 1);
	single_step(false);
	return false;
}

/* Both halves hold records; goes on in the one that ends there. */
static void fill_up_to(bool is_second)
{
	replay_reset(&replay);
	for (uint32_t number = 0; number < 40 || (replay.limit == replay.bytes) != is_second;
	     number++) {
		build_one_of(number, 20 + number % 10);
		model_event(&model, &replay);
	}
}

/* Both halves are full, the event has to turn to the one or the other, or to take more memory. */
START_TEST(handler_may_jump_out_at_any_change)
{
	int changes = 0;

	ck_assert_ptr_ne(signal(SIGTRAP, on_step), SIG_ERR);
	for (bool is_left = true; is_left && changes < JUMPS_MAX;) {
		fill_up_to(_i % 2 == 0);
		replay.used = replay.limit;
		replay.regrets = _i < 2 ? 0 : 100;
		is_left = jump_out_of_event(++changes);
		check_refers_to_whole_records();
		run_events(300);
	}
	ck_assert_int_gt(changes, 2);
	ck_assert_int_lt(changes, JUMPS_MAX);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("replay_room");
	TCase *tests = tcase_create("room");

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, start, NULL);
	tcase_add_loop_test(tests, random_stacks_are_always_the_true_ones, 1, 4);
	tcase_add_test(tests, what_is_forgotten_is_walked_and_the_rest_is_found);
	tcase_add_test(tests, memory_grows_until_the_stacks_fit);
	tcase_add_test(tests, stack_that_does_not_fit_into_the_rest_of_a_half_takes_the_next);
	tcase_add_test(tests, stack_that_comes_for_the_first_time_is_not_regretted);
	tcase_add_test(tests, growing_forgets_nothing);
	tcase_add_test(tests, memory_of_one_thread_and_of_all_is_bounded);
	tcase_add_test(tests, stack_deeper_than_any_half_is_walked_and_others_are_found);
	tcase_add_test(tests, event_that_never_ended_leaves_nothing);
	tcase_add_loop_test(tests, handler_may_jump_out_at_any_change, 0, 4);
	suite_add_tcase(suite, tests);
	return suite;
}
