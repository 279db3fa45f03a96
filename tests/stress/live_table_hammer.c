/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_table_hammer.c - threads insert and remove blocks, each others' too, while one thread does nothing but
 * replace, split and merge stripes: in the end the table holds exactly what was left in it.
 */
#include <stdlib.h>

#include "live_merge.h"
#include "live_stripe.h"
#include "live_table.h"
#include "memtrace/atomic.h"
#include "stress.h"

#define THREADS 5u
#define SPOTS (1u << 14)
#define TIDE 20000u /* rounds until inserting and removing change their places */

enum spot_state { FREE, BUSY, LIVE };

/* A place where a block may live. Whoever has made it busy may touch the rest. */
struct spot {
	uint32_t state;
	uint32_t generation;
	struct mt_live_block block;
};

static struct spot spots[SPOTS];
static uint32_t visits[SPOTS];

/* Every second one has an area with hundreds of others, the rest are spread over areas. */
static uint64_t address_of(uint32_t number)
{
	uint64_t distance = number % 2 == 0 ? 48 : 2000;

	return UINT64_C(0x7f0000000000) + (number % 2 << 25) + number * distance;
}

static struct mt_live_block make_block(uint32_t number, uint32_t generation)
{
	return (struct mt_live_block){.address = address_of(number),
				      .size = (uint64_t)number * 7 + generation,
				      .site = number ^ generation << 16,
				      .epoch = generation & MT_LIVE_EPOCH_MAX};
}

static bool is_equal(const struct mt_live_block *a, const struct mt_live_block *b)
{
	return a->address == b->address && a->size == b->size && a->site == b->site &&
	       a->epoch == b->epoch && a->flags == b->flags;
}

static void insert(uint32_t number)
{
	struct spot *spot = &spots[number];
	uint32_t expected = FREE;
	struct mt_live_block old;

	if (!mt_cas_acq_rel(&spot->state, &expected, BUSY))
		return;
	spot->block = make_block(number, ++spot->generation);
	STRESS_CHECK(live_table_insert(&spot->block, &old) == LIVE_INSERTED);
	mt_store_release(&spot->state, LIVE); /* partner: the CAS of the next owner */
}

static void take_away(uint32_t number)
{
	struct spot *spot = &spots[number];
	uint32_t expected = LIVE;
	struct mt_live_block block;

	if (!mt_cas_acq_rel(&spot->state, &expected, BUSY))
		return;
	STRESS_CHECK(live_table_remove(spot->block.address, false, &block));
	STRESS_CHECK(is_equal(&block, &spot->block));
	STRESS_CHECK(!live_table_remove(spot->block.address, false, &block));
	mt_store_release(&spot->state, FREE); /* partner: the CAS of the next owner */
}

static void work(struct stress_thread *thread)
{
	uint32_t number = (uint32_t)stress_random(thread, SPOTS);
	bool is_flood = thread->round_count / TIDE % 2 == 0;

	if ((stress_random(thread, 10) < 7) == is_flood)
		insert(number);
	else
		take_away(number);
}

/* Memory that was given back is in use again at once, and threads that are late meet it there. */
static void replace(struct stress_thread *thread)
{
	struct live_path path =
		live_path_find(mt_live_hash(address_of((uint32_t)stress_random(thread, SPOTS))));
	uint32_t pages = 1 + (uint32_t)stress_random(thread, 12);

	if (path.parent != NULL && stress_random(thread, 3) == 0)
		(void)live_merge(&path);
	else if (live_is_stripe(path.value.low))
		(void)live_stripe_replace(&path, path.level < 13 && pages == 12
							 ? LIVE_STRIPE_PAGES_MAX + 1
							 : pages);
}

static void visit(const struct mt_live_block *block, void *context)
{
	uint64_t number = block->site % SPOTS, *total = context;

	STRESS_CHECK(number < SPOTS && spots[number].state == LIVE);
	STRESS_CHECK(is_equal(block, &spots[number].block));
	STRESS_CHECK(++visits[number] == 1);
	(*total)++;
}

int main(void)
{
	uint64_t total = 0, expected = 0;

	live_table_init();
	stress_run_two(THREADS, work, replace);
	for (uint32_t i = 0; i < SPOTS; i++)
		expected += spots[i].state == LIVE;
	live_table_each(visit, &total);
	STRESS_CHECK(total == expected);
	for (uint32_t i = 0; i < SPOTS; i++)
		take_away(i);
	return EXIT_SUCCESS;
}
