/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_replay.c - a stack is found again if and only if every word that its walk has read is the same.
 */
#define _GNU_SOURCE
#include "replay.h"

#include <string.h>
#include <sys/mman.h>

#include "replay_model.h"
#include "unit.h"

#define FAR (UINT64_C(1) << 40 | 1)

static struct model model;
static struct replay replay;

static void start(void)
{
	model_init(&model);
	replay_reset(&replay);
}

static void push(enum model_rule rule, uint32_t size)
{
	ck_assert(model_push(&model, rule, size, model.count, FAR + model.count));
}

/* A root and frames of one rule each, the outermost first. */
static void build(const enum model_rule *rules, uint32_t count)
{
	model_root(&model, model_code(MODEL_END, 0, 0), 0);
	for (uint32_t i = 0; i < count; i++)
		push(rules[i], i % 3);
}

#define BUILD(...)                                                                                 \
	build((const enum model_rule[]){__VA_ARGS__},                                              \
	      sizeof((const enum model_rule[]){__VA_ARGS__}) / sizeof(enum model_rule))

static bool is_found(void)
{
	return replay_find(&replay, model_call(&model)) != NULL;
}

/* Every rule that can be found again, rbp of each caller needed by somebody and of others by nobody. */
static void build_all(void)
{
	BUILD(MODEL_CHAIN, MODEL_PLAIN, MODEL_FRAME_POINTER, MODEL_BY_ANY_BP, MODEL_BELOW_BP,
	      MODEL_SAVES_BP, MODEL_PLAIN, MODEL_SAVES_BP, MODEL_REALIGNED, MODEL_SAVES_BP,
	      MODEL_BY_WORD, MODEL_FRAME_POINTER, MODEL_CHAIN, MODEL_PLAIN);
}

static bool is_recorded(const struct replay_stack *record, uint64_t address)
{
	for (uint32_t i = 0; i < record->cell_count; i++)
		if (record->cells[i].address == address)
			return true;
	return false;
}

START_TEST(each_recorded_word_counts_and_no_other_changes_the_walk)
{
	uint32_t count, recorded = 0, node;
	uint64_t *word;

	build_all();
	model_event(&model, &replay);
	ck_assert(is_found());
	node = model_walk(&model, model.innermost, &count);
	ck_assert_uint_eq(count, 15);
	for (word = (uint64_t *)(model.innermost + 1); word < model.words + MODEL_WORDS; word++) {
		bool counts = is_recorded(model.record, (uint64_t)(uintptr_t)word);

		*word ^= 8;
		ck_assert_int_eq(replay_find(&replay, model.innermost) != NULL, !counts);
		if (!counts)
			ck_assert_uint_eq(model_walk(&model, model.innermost, &count), node);
		*word ^= 8;
		recorded += counts;
	}
	/* the return addresses but for the first, which is compared with ip, and rbp and words */
	ck_assert_uint_eq(recorded, model.record->cell_count - 1);
	ck_assert_uint_gt(recorded, 14);
	ck_assert(is_found());
}
END_TEST

START_TEST(innermost_registers_count)
{
	BUILD(MODEL_PLAIN, MODEL_FRAME_POINTER, MODEL_PLAIN);
	model_event(&model, &replay);
	ck_assert(is_found());
	model.innermost->ip ^= UINT64_C(1) << 20;
	ck_assert_ptr_null(replay_find(&replay, model.innermost));
	model.innermost->ip ^= UINT64_C(1) << 20;
	model.innermost->bp ^= 8;
	ck_assert_ptr_null(replay_find(&replay, model.innermost));
	model.innermost->bp ^= 8;
	ck_assert_ptr_nonnull(replay_find(&replay, model.innermost));
	/* the same words at another sp */
	model.innermost[-1] = model.innermost[0];
	ck_assert_ptr_null(replay_find(&replay, model.innermost - 1));
}
END_TEST

START_TEST(rbp_that_nobody_needs_may_change)
{
	uint64_t *saved;

	/* the plain one gets any rbp; what is saved of it leads nowhere */
	BUILD(MODEL_PLAIN, MODEL_SAVES_BP, MODEL_SAVES_BP, MODEL_PLAIN);
	model_event(&model, &replay);
	for (uint32_t i = 2; i < 4; i++) {
		saved = (uint64_t *)(uintptr_t)model.frames[i - 1].sp - 2;
		*saved ^= 8;
		ck_assert_ptr_nonnull(replay_find(&replay, model.innermost));
	}
	model.innermost->bp = 0;
	ck_assert_ptr_nonnull(replay_find(&replay, model.innermost));
	ck_assert_uint_eq(model.record->cell_count, 5);
}
END_TEST

START_TEST(saved_rbp_counts_where_a_frame_further_out_needs_it)
{
	uint64_t *saved;

	BUILD(MODEL_FRAME_POINTER, MODEL_SAVES_BP, MODEL_PLAIN);
	model_event(&model, &replay);
	saved = (uint64_t *)(uintptr_t)model.frames[1].sp - 2;
	model.innermost->bp ^= 8;
	ck_assert_ptr_nonnull(replay_find(&replay, model.innermost));
	*saved ^= 8;
	ck_assert_ptr_null(replay_find(&replay, model.innermost));
}
END_TEST

START_TEST(chain_ends_where_rbp_is_zero)
{
	model_root(&model, model_code(MODEL_CHAIN, 0, 0), 0);
	push(MODEL_PLAIN, 1);
	model_event(&model, &replay);
	ck_assert(is_found());
	model.frames[1].bp = 8;
	ck_assert(!is_found());
	model_event(&model, &replay);
	/* met at an outer frame: there rbp must be 0 as well */
	model.frames[1].bp = 0;
	model_event(&model, &replay);
	push(MODEL_PLAIN, 1);
	model_event(&model, &replay);
	ck_assert(model.was_met);
	ck_assert_uint_eq(model.walked, 1);
	model.frames[2].bp = 16;
	model_event(&model, &replay);
	ck_assert(!model.was_found && !model.was_met);
}
END_TEST

START_TEST(far_rbp_that_counts_is_walked_each_time)
{
	BUILD(MODEL_PLAIN, MODEL_SAVES_BP);
	push(MODEL_BY_ANY_BP, 1);
	push(MODEL_PLAIN, 1);
	for (uint32_t i = 0; i < 3; i++) {
		model_event(&model, &replay);
		ck_assert(!model.was_found);
	}
	/* what is further out than the last frame that needs it */
	ck_assert(model.was_met);
	ck_assert_uint_eq(model.walked, 2);
}
END_TEST

static void check_walked_inside(uint32_t walked)
{
	for (uint32_t i = 0; i < 3; i++) {
		model_event(&model, &replay);
		ck_assert(!model.was_found);
		ck_assert_int_eq(model.was_met, i > 0);
		ck_assert_uint_eq(model.walked, i > 0 ? walked : model.count);
	}
	model.size_register++;
	model_event(&model, &replay);
}

START_TEST(frame_that_depends_on_other_registers_ends_what_is_known)
{
	static const enum model_rule rules[] = {MODEL_BY_REGISTER, MODEL_SIGNAL};

	BUILD(MODEL_FRAME_POINTER, MODEL_PLAIN, MODEL_SAVES_BP);
	push(rules[_i], 1);
	push(MODEL_PLAIN, 1);
	push(MODEL_SAVES_BP, 1);
	check_walked_inside(3);
}
END_TEST

START_TEST(frame_whose_address_was_in_a_register_is_walked_each_time)
{
	BUILD(MODEL_PLAIN, MODEL_PLAIN, MODEL_PLAIN, MODEL_IN_REGISTER, MODEL_SAVES_BP);
	check_walked_inside(3);
	model.address_register = model_code(MODEL_PLAIN, 2, 1000);
	model_event(&model, &replay);
}
END_TEST

START_TEST(frames_of_another_stack_are_walked_each_time)
{
	BUILD(MODEL_FRAME_POINTER, MODEL_PLAIN, MODEL_SAVES_BP, MODEL_PLAIN);
	model_push_foreign(&model, 1);
	push(MODEL_PLAIN, 1);
	push(MODEL_FRAME_POINTER, 1);
	check_walked_inside(3);
	/* the thread's own stack is known but for the frame that was interrupted, and now calls */
	model_pop(&model, 3);
	model_event(&model, &replay);
	ck_assert_uint_eq(model.walked, 1);
	ck_assert(is_found());
}
END_TEST

START_TEST(stack_without_an_end_is_walked_each_time)
{
	model_root(&model, model_code(MODEL_NO_CODE, 0, 0), 0);
	push(MODEL_PLAIN, 1);
	push(MODEL_PLAIN, 1);
	model_event(&model, &replay);
	ck_assert(!is_found());
	model_event(&model, &replay);
	ck_assert(!model.was_met);
	/* the last return address becomes an end */
	*(uint64_t *)(uintptr_t)(model.frames[0].sp - 8) = 0;
	model_event(&model, &replay);
	ck_assert(!model.was_found);
	model_event(&model, &replay);
	ck_assert(model.was_found);
}
END_TEST

/* Whether two records say the same of a stack, wherever they lie. */
static void check_same(const struct replay_stack *one, const struct replay_stack *other)
{
	ck_assert_uint_eq(one->cell_count, other->cell_count);
	ck_assert_uint_eq(one->first_whole, other->first_whole);
	ck_assert_uint_eq(one->bp_mask, other->bp_mask);
	for (uint32_t i = 0; i < one->cell_count; i++) {
		const struct replay_cell *a = &one->cells[i], *b = &other->cells[i];
		uint32_t ignored = a->flags & REPLAY_NEEDS_BP ? 0 : REPLAY_ZERO_BP | REPLAY_FAR_BP;

		ck_assert_uint_eq(a->address, b->address);
		ck_assert_uint_eq(a->value, b->value);
		ck_assert_uint_eq(a->node, b->node);
		ck_assert_int_eq(a->sp_offset, b->sp_offset);
		ck_assert_uint_eq(a->flags & ~ignored, b->flags & ~ignored);
		if (a->flags & REPLAY_NEEDS_BP)
			ck_assert_int_eq(a->bp_offset, b->bp_offset);
	}
}

START_TEST(walk_ends_at_the_first_common_frame_with_the_whole_record)
{
	struct replay other = {0};

	replay_reset(&other);
	for (uint32_t popped = 0; popped < 14; popped++) {
		build_all();
		replay_reset(&replay);
		model_event(&model, &replay);
		model_pop(&model, popped);
		push(MODEL_SAVES_BP, 3);
		push(MODEL_PLAIN, 2);
		model_event(&model, &replay);
		ck_assert(model.was_met);
		ck_assert_uint_eq(model.walked, 2);
		ck_assert(is_found());
		replay_reset(&other);
		{
			const struct replay_stack *met = model.record;

			model_event(&model, &other);
			ck_assert(!model.was_met);
			check_same(met, model.record);
		}
	}
}
END_TEST

START_TEST(base_is_not_read_below_the_stack)
{
	const uint64_t deep = MODEL_WORDS / 2;

	model_root(&model, model_code(MODEL_END, 0, 0), 0);
	push(MODEL_PLAIN, 1);
	while (model.frames[model.count - 1].sp > (uint64_t)(uintptr_t)(model.words + deep))
		push(MODEL_FRAME_POINTER, MODEL_SIZE_MAX);
	for (uint32_t i = 0; i < 8; i++) /* more room each time, until the record fits */
		model_event(&model, &replay);
	ck_assert(model.was_found);
	model_pop(&model, model.count - 2);
	/* a stack that the program has freed: everything below the two frames that are left */
	ck_assert_int_eq(munmap(model.words, (MODEL_WORDS - 1024) * sizeof(uint64_t)), 0);
	model_event(&model, &replay);
	ck_assert(model.was_met);
	ck_assert_uint_eq(model.walked, 0);
}
END_TEST

/* No frame is there, and it is the mark of a base that has none left. */
START_TEST(stack_pointer_of_all_ones_is_nowhere)
{
	BUILD(MODEL_PLAIN, MODEL_SIGNAL);
	*(uint64_t *)(uintptr_t)model.frames[model.count - 1].sp = UINT64_MAX;
	if (_i == 1) {
		struct model_frame signal = model.frames[--model.count];

		model_event(&model, &replay);
		model.frames[model.count++] = signal;
	}
	model_event(&model, &replay);
	ck_assert(!model.was_met);
	ck_assert_uint_eq(model.walked, 2);
}
END_TEST

/* A stack whose two innermost frames are at the same addresses in all, below `between` frames and one of its own. */
static void build_one_of(uint32_t number, uint32_t between)
{
	BUILD(MODEL_PLAIN, MODEL_PLAIN);
	ck_assert(model_push(&model, MODEL_PLAIN, 1, 100 + number, 0));
	for (uint32_t i = 0; i < between; i++)
		ck_assert(model_push(&model, MODEL_PLAIN, 1, 98, 0));
	ck_assert(model_push(&model, MODEL_PLAIN, 1, 99, 0));
}

START_TEST(four_stacks_with_one_hash_are_kept)
{
	for (uint32_t i = 0; i < 6; i++) {
		build_one_of(i, 1);
		model_event(&model, &replay);
		ck_assert(!model.was_found);
	}
	for (uint32_t i = 6; i-- > 0;) {
		build_one_of(i, 1);
		ck_assert_int_eq(is_found(), i >= 2);
	}
}
END_TEST

START_TEST(callers_of_one_wrapper_do_not_drive_each_other_out)
{
	for (uint32_t i = 0; i < 6; i++) {
		build_one_of(i, 0);
		model_event(&model, &replay);
		ck_assert(!model.was_found);
	}
	for (uint32_t i = 6; i-- > 0;) {
		build_one_of(i, 0);
		ck_assert(is_found());
	}
}
END_TEST

START_TEST(stacks_of_every_depth_are_found_beside_each_other)
{
	struct replay_stack *records[12];

	for (uint32_t depth = 0; depth < 12; depth++) {
		build(NULL, 0);
		for (uint32_t i = 0; i < depth; i++)
			ck_assert(model_push(&model, MODEL_PLAIN, 1, depth * 100 + i, 0));
		model_event(&model, &replay);
		records[depth] = model.record;
		/* cells that only fill up are equal by themselves */
		ck_assert_uint_ge(records[depth]->quad_count * 4 + 1, depth + 1);
		ck_assert(is_found());
	}
	for (uint32_t depth = 0; depth < 12; depth++) {
		build(NULL, 0);
		for (uint32_t i = 0; i < depth; i++)
			ck_assert(model_push(&model, MODEL_PLAIN, 1, depth * 100 + i, 0));
		ck_assert_ptr_eq(replay_find(&replay, model_call(&model)), records[depth]);
	}
}
END_TEST

START_TEST(unloaded_module_makes_all_unknown)
{
	BUILD(MODEL_PLAIN, MODEL_PLAIN);
	model_event(&model, &replay);
	ck_assert(is_found());
	module_table_is_stale = 1;
	ck_assert(!is_found());
	module_table_is_stale = 0;
	ck_assert(is_found());
	module_table_generation_count++;
	ck_assert(!is_found());
	model_event(&model, &replay);
	ck_assert(!model.was_met);
	ck_assert(is_found());
	/* somebody is still looking which module has gone: nothing of before is used */
	module_table_is_stale = 1;
	push(MODEL_PLAIN, 1);
	model_event(&model, &replay);
	ck_assert(!model.was_met);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("replay");
	TCase *tests = tcase_create("records");

	tcase_set_timeout(tests, 30);
	tcase_add_checked_fixture(tests, start, NULL);
	tcase_add_test(tests, each_recorded_word_counts_and_no_other_changes_the_walk);
	tcase_add_test(tests, innermost_registers_count);
	tcase_add_test(tests, rbp_that_nobody_needs_may_change);
	tcase_add_test(tests, saved_rbp_counts_where_a_frame_further_out_needs_it);
	tcase_add_test(tests, chain_ends_where_rbp_is_zero);
	tcase_add_test(tests, far_rbp_that_counts_is_walked_each_time);
	tcase_add_loop_test(tests, frame_that_depends_on_other_registers_ends_what_is_known, 0, 2);
	tcase_add_test(tests, frame_whose_address_was_in_a_register_is_walked_each_time);
	tcase_add_test(tests, frames_of_another_stack_are_walked_each_time);
	tcase_add_test(tests, stack_without_an_end_is_walked_each_time);
	tcase_add_test(tests, walk_ends_at_the_first_common_frame_with_the_whole_record);
	tcase_add_test(tests, base_is_not_read_below_the_stack);
	tcase_add_loop_test(tests, stack_pointer_of_all_ones_is_nowhere, 0, 2);
	tcase_add_test(tests, four_stacks_with_one_hash_are_kept);
	tcase_add_test(tests, callers_of_one_wrapper_do_not_drive_each_other_out);
	tcase_add_test(tests, stacks_of_every_depth_are_found_beside_each_other);
	tcase_add_test(tests, unloaded_module_makes_all_unknown);
	suite_add_tcase(suite, tests);
	return suite;
}
