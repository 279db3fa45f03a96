/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_live_stripe.c - what a late thread still does to a stripe that was replaced has no effect on whatever
 * its memory is used for now; stripes split and merge without losing a block.
 */
#include "live_stripe.h"

#include <stdlib.h>
#include <string.h>

#include "live_memory.h"
#include "live_merge.h"
#include "live_table.h"
#include "unit.h"

#define BLOCKS 4000u

static struct mt_live_block block_of(uint64_t number)
{
	/* in all slots of the root, and in many areas */
	uint64_t region = number % (1u << MT_LIVE_ROOT_BITS);

	return (struct mt_live_block){.address = (region << MT_LIVE_REGION_BITS) + 0x10000 +
						 number * 4800,
				      .size = number,
				      .site = 7};
}

static void insert(uint64_t number)
{
	struct mt_live_block block = block_of(number), old;

	if (live_table_insert(&block, &old) != LIVE_INSERTED)
		ck_abort_msg("block %u", (unsigned)number);
}

static void fill(void)
{
	live_table_init();
	for (uint64_t i = 0; i < BLOCKS; i++)
		insert(i);
}

static struct live_path path_of(uint64_t number)
{
	return live_path_find(mt_live_hash(block_of(number).address));
}

/* The same way, as a thread finds it that went there before the slot was changed. */
static struct live_path root_path(uint32_t slot)
{
	return live_path_find(mt_live_hash((uint64_t)slot << MT_LIVE_REGION_BITS));
}

/* Replaces a slot's stripe twice: the second copy lies where the first stripe lay. Returns the way to the first. */
static struct live_path reuse_memory(uint32_t slot)
{
	struct live_path first = root_path(slot), second;
	uint32_t pages = live_stripe_pages(first.value.low);

	ck_assert(live_stripe_replace(&first, pages));
	second = root_path(slot);
	ck_assert_uint_ne(second.value.low, first.value.low);
	ck_assert(live_stripe_replace(&second, pages));
	second = root_path(slot);
	ck_assert_uint_eq(second.value.low, first.value.low);
	ck_assert_uint_ne(second.value.high, first.value.high);
	return first;
}

static size_t bytes_of(uint64_t low)
{
	return live_stripe_pages(low) * (size_t)4096;
}

static uint8_t *start_of(uint64_t low)
{
	return (uint8_t *)live_entry(low, mt_live_groups(low) * MT_LIVE_GROUP - 1);
}

static void *image_of(uint64_t low)
{
	void *image = malloc(bytes_of(low));

	ck_assert_ptr_nonnull(image);
	memcpy(image, start_of(low), bytes_of(low));
	return image;
}

static void check_unchanged(uint64_t low, void *before)
{
	ck_assert_int_eq(memcmp(start_of(low), before, bytes_of(low)), 0);
	free(before);
}

static void check_all_found(void)
{
	for (uint64_t i = 0; i < BLOCKS; i++) {
		struct mt_live_block block;

		if (!live_table_remove(block_of(i).address, false, &block) || block.size != i)
			ck_abort_msg("block %u is lost", (unsigned)i);
	}
}

START_TEST(hints_fit_behind_the_entries)
{
	for (uint32_t pages = 1; pages <= LIVE_STRIPE_PAGES_MAX; pages++) {
		struct mt_pair value = live_stripe_new(pages);
		uint32_t groups = mt_live_groups(value.low);
		uint8_t *end = start_of(value.low) + bytes_of(value.low);

		ck_assert_uint_eq(live_stripe_pages(value.low), pages);
		ck_assert(live_reach(value.low, groups - 1) < end);
		/* not a group less than there is room for */
		ck_assert(live_reach(value.low, groups - 1) + 8 * 17 + 1 >= end);
		live_stripe_free(value);
	}
}
END_TEST

START_TEST(late_insertion_finds_no_place)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct live_path late = reuse_memory(s), now = root_path(s);
		void *before = image_of(now.value.low);

		for (uint32_t i = 0; i < mt_live_groups(now.value.low) * MT_LIVE_GROUP; i++)
			if (live_put(late.slot, late.value, i, (struct mt_pair){1, 1}))
				ck_abort_msg("put into a stripe that is not there any more");
		check_unchanged(now.value.low, before);
	}
	check_all_found();
}
END_TEST

START_TEST(late_replacement_changes_nothing)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct live_path late = reuse_memory(s), now = root_path(s);

		ck_assert(live_stripe_replace(&late, 0));
		ck_assert(live_slot_is(now.slot, now.value.high));
	}
	check_all_found();
}
END_TEST

START_TEST(block_in_used_memory_is_found_without_its_mark)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		uint64_t low;

		(void)reuse_memory(s);
		low = root_path(s).value.low;
		memset(live_marks(low), 0, mt_live_groups(low) * 9u);
	}
	check_all_found();
}
END_TEST

START_TEST(free_entry_that_a_late_thread_left_is_not_used)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct live_path late = reuse_memory(s);
		struct mt_pair left = mt_live_free(live_number(), late.value.high);

		for (uint32_t i = 0; i < mt_live_groups(late.value.low) * MT_LIVE_GROUP; i++) {
			struct mt_pair *entry = live_entry(late.value.low, i), old = *entry;

			/* whoever comes now is as late as the thread that left it */
			*entry = left;
			ck_assert(!live_put(late.slot, late.value, i, (struct mt_pair){1, 1}));
			*entry = old;
		}
	}
	check_all_found();
}
END_TEST

START_TEST(no_number_of_a_free_entry_comes_twice)
{
	uint64_t first = live_number(), last = first;

	for (uint64_t i = 0; i < 3 * LIVE_NUMBER_VALID; i++) {
		uint64_t number = live_number();

		if (number <= last)
			ck_abort_msg("%lu after %lu", (unsigned long)number, (unsigned long)last);
		last = number;
	}
	ck_assert_uint_ge(first, LIVE_NUMBER_VALID);
}
END_TEST

static void split(struct live_path path)
{
	ck_assert(live_stripe_replace(&path, LIVE_STRIPE_PAGES_MAX + 1));
}

START_TEST(split_stripes_become_one_again)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct live_path path;

		split(root_path(s));
		split(root_path(s));
		path = root_path(s);
		ck_assert_uint_eq(path.level, 2 * MT_LIVE_FAN_BITS);
		ck_assert(live_merge(&path));
		path = root_path(s);
		ck_assert(live_merge(&path));
		ck_assert_ptr_null(root_path(s).parent);
	}
	check_all_found();
}
END_TEST

START_TEST(too_many_blocks_for_one_stripe_stay_in_eight)
{
	struct live_path path;

	fill();
	for (uint64_t i = BLOCKS; i < 32 * BLOCKS; i++)
		insert(i);
	split(root_path(0));
	path = root_path(0);
	ck_assert(live_merge(&path));
	ck_assert_ptr_nonnull(root_path(0).parent);
	ck_assert(live_is_stripe(root_path(0).value.low));
	ck_assert(!live_slot_is(path.parent, path.parent_value.high));
	check_all_found();
}
END_TEST

/* Of one area, closer to each other than any that malloc gives out. */
static struct mt_live_block dense_block(uint64_t number)
{
	return (struct mt_live_block){.address = 0x10000000 + number * 8,
				      .size = number,
				      .site = 7};
}

START_TEST(area_with_too_many_blocks_for_one_stripe_is_parted)
{
	const uint64_t count = 1u << (MT_LIVE_AREA_BITS - 3);
	struct mt_live_block block, old;

	live_table_init();
	for (uint64_t i = 0; i < count; i++) {
		block = dense_block(i);
		if (live_table_insert(&block, &old) != LIVE_INSERTED)
			ck_abort_msg("block %u", (unsigned)i);
	}
	ck_assert_uint_gt(live_path_find(mt_live_hash(dense_block(0).address)).level,
			  MT_LIVE_AREA_WAY_BITS);
	for (uint64_t i = 0; i < count; i++)
		if (!live_table_remove(dense_block(i).address, false, &block) || block.size != i)
			ck_abort_msg("block %u is lost", (unsigned)i);
}
END_TEST

START_TEST(blocks_of_one_area_go_one_way)
{
	for (uint64_t number = 1; number < 1u << (MT_LIVE_AREA_BITS - 3); number++) {
		uint64_t first = dense_block(0).address, address = dense_block(number).address;
		uint64_t differences = mt_live_way(first, mt_live_hash(first)) ^
				       mt_live_way(address, mt_live_hash(address));

		if (differences >> (64 - MT_LIVE_AREA_WAY_BITS) != 0)
			ck_abort_msg("%lx", (unsigned long)address);
	}
}
END_TEST

/* Somebody closes one of eight slots and is never heard of again. */
static void close_slot(uint64_t number)
{
	struct live_path path = path_of(number);

	ck_assert_ptr_nonnull(path.parent);
	path.slot->low |= MT_LIVE_CLOSED;
	path.slot->high |= MT_LIVE_CLOSED;
}

START_TEST(closed_slot_holds_nobody_up)
{
	struct mt_live_block block;

	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++)
		split(root_path(s));
	close_slot(BLOCKS);
	insert(BLOCKS);
	ck_assert(live_table_remove(block_of(BLOCKS).address, false, &block));
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++)
		if (root_path(s).parent == NULL)
			split(root_path(s));
	close_slot(1);
	check_all_found();
}
END_TEST

START_TEST(late_merge_changes_nothing)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct live_path late, now;

		split(root_path(s));
		late = root_path(s);
		ck_assert(live_merge(&late));
		split(root_path(s)); /* the eight slots lie where those of the first split lay */
		now = root_path(s);
		ck_assert_ptr_eq(now.slot, late.slot);
		ck_assert(live_merge(&late));
		ck_assert(live_slot_is(now.slot, now.value.high));
	}
	check_all_found();
}
END_TEST

START_TEST(memory_of_stripes_becomes_nothing_but_stripes)
{
	/* what a late thread may touch, it must be able to take for a stripe */
	void *stripe = live_memory_take(LIVE_USE_STRIPE, 4), *frames;

	live_memory_give(LIVE_USE_STRIPE, stripe, 4);
	frames = live_memory_take(LIVE_USE_FRAMES, 4);
	ck_assert_ptr_ne(frames, stripe);
	live_memory_give(LIVE_USE_FRAMES, frames, 4);
	ck_assert_ptr_eq(live_memory_take(LIVE_USE_STRIPE, 4), stripe);
	ck_assert_ptr_eq(live_memory_take(LIVE_USE_FRAMES, 4), frames);
}
END_TEST

START_TEST(memory_of_stripes_keeps_its_length)
{
	/* else a late thread's hint would be an entry of the next stripe */
	void *stripe = live_memory_take(LIVE_USE_STRIPE, 5);

	live_memory_give(LIVE_USE_STRIPE, stripe, 5);
	for (uint32_t pages = 1; pages <= LIVE_STRIPE_PAGES_MAX; pages++)
		if (pages != 5)
			ck_assert_ptr_ne(live_memory_take(LIVE_USE_STRIPE, pages), stripe);
	ck_assert_ptr_eq(live_memory_take(LIVE_USE_STRIPE, 5), stripe);
}
END_TEST

START_TEST(copy_does_not_believe_a_mark_that_a_late_thread_cleared)
{
	struct mt_pair value = live_stripe_new(1);
	uint32_t count = 0;

	for (uint64_t i = 1; i <= 100; i++) {
		struct mt_live_block block = block_of(i);

		ck_assert(live_stripe_add(value.low,
					  mt_live_pack(&block, mt_live_hash(block.address), i)));
		memset(live_marks(value.low), 0, mt_live_groups(value.low) * 8u);
	}
	for (uint32_t i = 0; i < mt_live_groups(value.low) * MT_LIVE_GROUP; i++)
		count += mt_live_is_block(*live_entry(value.low, i));
	ck_assert_uint_eq(count, 100);
	live_stripe_free(value);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("live_stripe");
	TCase *late = tcase_create("late threads"), *tree = tcase_create("split and merge");

	tcase_set_timeout(late, 30);
	tcase_add_test(late, late_insertion_finds_no_place);
	tcase_add_test(late, late_replacement_changes_nothing);
	tcase_add_test(late, block_in_used_memory_is_found_without_its_mark);
	tcase_add_test(late, free_entry_that_a_late_thread_left_is_not_used);
	tcase_add_test(late, no_number_of_a_free_entry_comes_twice);
	tcase_add_test(late, late_merge_changes_nothing);
	tcase_add_test(late, memory_of_stripes_becomes_nothing_but_stripes);
	tcase_add_test(late, memory_of_stripes_keeps_its_length);
	tcase_add_test(late, copy_does_not_believe_a_mark_that_a_late_thread_cleared);
	suite_add_tcase(suite, late);
	tcase_set_timeout(tree, 30);
	tcase_add_test(tree, hints_fit_behind_the_entries);
	tcase_add_test(tree, blocks_of_one_area_go_one_way);
	tcase_add_test(tree, area_with_too_many_blocks_for_one_stripe_is_parted);
	tcase_add_test(tree, split_stripes_become_one_again);
	tcase_add_test(tree, too_many_blocks_for_one_stripe_stay_in_eight);
	tcase_add_test(tree, closed_slot_holds_nobody_up);
	suite_add_tcase(suite, tree);
	return suite;
}
