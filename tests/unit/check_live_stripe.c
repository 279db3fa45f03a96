/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_live_stripe.c - what a late thread still does to a stripe that was replaced has no effect on whatever
 * its memory is used for now.
 */
#include "live_stripe.h"

#include <stdlib.h>
#include <string.h>

#include "live_memory.h"
#include "live_table.h"
#include "unit.h"

#define BLOCKS 4000u

static struct mt_live_root *root;

static struct mt_live_block block_of(uint64_t number)
{
	return (struct mt_live_block){.address = 0x10000 + number * 48, .size = number, .site = 7};
}

static void fill(void)
{
	uint32_t bytes;

	live_table_init();
	root = (struct mt_live_root *)(uintptr_t)live_table_root(&bytes);
	for (uint64_t i = 0; i < BLOCKS; i++) {
		struct mt_live_block block = block_of(i), old;

		if (live_table_insert(&block, &old) != LIVE_INSERTED)
			ck_abort_msg("block %u", (unsigned)i);
	}
}

static struct mt_live_stripe *stripe_of(struct mt_pair value)
{
	return (struct mt_live_stripe *)(uintptr_t)value.low;
}

/* Replaces a slot's stripe twice: the second copy lies where the first stripe lay. Returns the first's value. */
static struct mt_pair reuse_memory(struct mt_pair *slot)
{
	struct mt_pair first = *slot;
	uint32_t pages = stripe_of(first)->pages;

	ck_assert(live_stripe_replace(slot, *slot, pages));
	ck_assert_uint_ne(slot->low, first.low);
	ck_assert(live_stripe_replace(slot, *slot, pages));
	ck_assert_uint_eq(slot->low, first.low);
	ck_assert_uint_ne(slot->high, first.high);
	return first;
}

/* All of a stripe's memory but the estimate of its fill, which may be off. */
static void *image_of(struct mt_live_stripe *stripe)
{
	size_t bytes = (size_t)stripe->pages * 4096;
	struct mt_live_stripe *image = malloc(bytes);

	ck_assert_ptr_nonnull(image);
	memcpy(image, stripe, bytes);
	image->sampled_count = 0;
	return image;
}

static void check_unchanged(struct mt_live_stripe *stripe, void *before)
{
	void *now = image_of(stripe);

	ck_assert_int_eq(memcmp(now, before, (size_t)stripe->pages * 4096), 0);
	free(now);
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

START_TEST(late_end_of_a_removal_changes_nothing)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct mt_pair *slot = &root->slots[s], late = reuse_memory(slot);
		struct mt_live_stripe *stripe = stripe_of(*slot);
		void *before = image_of(stripe);

		for (uint64_t i = 0; i < BLOCKS; i++) {
			uint64_t hash = mt_live_hash(block_of(i).address, false);

			if (hash >> (64 - MT_LIVE_ROOT_BITS) == s)
				live_stripe_removed(slot, late, hash,
						    live_stripe_bucket(stripe, hash) + 1);
		}
		check_unchanged(stripe, before);
	}
	check_all_found();
}
END_TEST

START_TEST(late_insertion_changes_nothing)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct mt_pair *slot = &root->slots[s], late = reuse_memory(slot);
		struct mt_live_stripe *stripe = stripe_of(*slot);
		struct mt_pair *entries = live_stripe_entries(stripe);
		void *before = image_of(stripe);

		for (uint64_t i = 0; i < live_stripe_capacity(stripe); i++) {
			uint64_t hash = (uint64_t)s << (64 - MT_LIVE_ROOT_BITS) | i << 22;
			struct mt_live_block block = block_of(BLOCKS);

			if (live_stripe_put(slot, late, hash, &entries[i], 1, mt_live_pack(&block)))
				ck_abort_msg("put into a stripe that is not there any more");
		}
		check_unchanged(stripe, before);
	}
	check_all_found();
}
END_TEST

START_TEST(late_replacement_changes_nothing)
{
	fill();
	for (uint32_t s = 0; s < 1u << MT_LIVE_ROOT_BITS; s++) {
		struct mt_pair *slot = &root->slots[s], late = reuse_memory(slot), now = *slot;
		void *before = image_of(stripe_of(now));

		ck_assert(live_stripe_replace(slot, late, 0));
		ck_assert(slot->low == now.low && slot->high == now.high);
		check_unchanged(stripe_of(now), before);
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

Suite *unit_suite(void)
{
	Suite *suite = suite_create("live_stripe");
	TCase *tests = tcase_create("late threads");

	tcase_set_timeout(tests, 30);
	tcase_add_test(tests, late_end_of_a_removal_changes_nothing);
	tcase_add_test(tests, late_insertion_changes_nothing);
	tcase_add_test(tests, late_replacement_changes_nothing);
	tcase_add_test(tests, memory_of_stripes_becomes_nothing_but_stripes);
	suite_add_tcase(suite, tests);
	return suite;
}
