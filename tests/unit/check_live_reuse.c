/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_live_reuse.c - a thread that is so late that it looks for its block in memory where a copy is being made finds
 * the whole block there or none, after whichever instruction it looks.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>

#include "live_stripe.h"
#include "live_table.h"
#include "single_step.h"
#include "unit.h"

#define BLOCKS 100u
#define SITE 7u

static struct {
	uint64_t low; /* of the stripe whose memory is looked at */
	uint64_t steps, blocks, halves;
} seen;

static struct mt_live_block block_of(uint64_t number)
{
	return (struct mt_live_block){.address = 0x10000 + number * 48,
				      .size = number,
				      .site = SITE};
}

static struct live_path path(void)
{
	return live_path_find(mt_live_hash(block_of(0).address));
}

static void fill(void)
{
	live_table_init();
	for (uint64_t i = 0; i < BLOCKS; i++) {
		struct mt_live_block block = block_of(i), old;

		ck_assert_int_eq(live_table_insert(&block, &old), LIVE_INSERTED);
	}
}

/* Whether it is all that is known of the block that it says it is. */
static bool is_whole(struct mt_pair entry)
{
	struct mt_live_block block = mt_live_unpack(entry);

	return block.site == SITE && block.address == block_of(block.size).address;
}

static void on_step(int number)
{
	(void)number;
	seen.steps++;
	for (uint32_t i = 0; i < mt_live_groups(seen.low) * MT_LIVE_GROUP; i++) {
		struct mt_pair entry = live_entry_load(live_entry(seen.low, i));

		if (!mt_live_is_block(entry))
			continue;
		seen.blocks++;
		seen.halves += !is_whole(entry);
	}
}

START_TEST(copy_in_the_making_has_whole_blocks_only)
{
	struct live_path first, second;
	uint32_t pages;

	fill();
	first = path();
	pages = live_stripe_pages(first.value.low);
	ck_assert(live_stripe_replace(&first, pages));
	second = path();
	seen.low = first.value.low;
	ck_assert_ptr_ne(signal(SIGTRAP, on_step), SIG_ERR);
	single_step(true);
	(void)live_stripe_replace(&second, pages);
	single_step(false);
	ck_assert_uint_eq(path().value.low, first.value.low);
	ck_assert_uint_gt(seen.steps, 1000);
	ck_assert_uint_gt(seen.blocks, seen.steps);
	ck_assert_uint_eq(seen.halves, 0);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("live_reuse");
	TCase *tests = tcase_create("reuse");

	tcase_add_test(tests, copy_in_the_making_has_whole_blocks_only);
	suite_add_tcase(suite, tests);
	return suite;
}
