/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_live_table.c - the table of live blocks holds what a plain array of the same blocks holds, and gives its
 * memory back.
 */
#define _GNU_SOURCE
#include "live_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace_case.h"
#include "unit.h"

#define KINDS 2u /* of malloc, reported through the API */
#define ADDRESSES 5000u
#define EVENTS 200000u
#define LARGE_MAX 200u

struct model_block {
	struct mt_live_block block;
	bool is_live;
};

static struct model_block model[KINDS][ADDRESSES];
static uint32_t large_count;
static uint64_t random_state = 0x853c49e6748fea9bu;

static uint64_t pick(uint64_t limit)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (random_state >> 33) % limit;
}

/* Malloc's blocks are multiples of 16; a program's pool may begin at the same address or at any odd one. */
static uint64_t address_of(uint32_t kind, uint32_t number)
{
	return UINT64_C(0x55d000000000) + number * UINT64_C(16) + kind * (number % 16);
}

static uint64_t pick_size(void)
{
	static const uint64_t edges[] = {0, 1, UINT64_C(1) << 16, (UINT64_C(1) << 32) - 2,
					 UINT64_C(1) << 34, (UINT64_C(1) << 35) - 2,
					 /* these do not fit into an entry */
					 (UINT64_C(1) << 35) - 1, UINT64_C(1) << 35,
					 (UINT64_C(1) << 47) + 12345};
	uint64_t size = pick(20) == 0 ? edges[pick(sizeof(edges) / sizeof(edges[0]))]
				      : pick(UINT64_C(1) << pick(31));

	return size >= MT_LIVE_SIZE_MAX && large_count >= LARGE_MAX ? 77 : size;
}

static bool is_large(const struct mt_live_block *block)
{
	return block->size >= MT_LIVE_SIZE_MAX;
}

static struct mt_live_block pick_block(uint32_t kind, uint32_t number)
{
	struct mt_live_block block = {.address = address_of(kind, number), .size = pick_size()};

	block.site = (uint32_t)pick(UINT64_C(1) << pick(29));
	block.epoch = (uint32_t)pick(MT_LIVE_EPOCH_MAX + 1);
	block.flags = kind == 1 ? MT_LIVE_FLAG_API : (uint32_t)pick(2) * MT_LIVE_FLAG_MOVED;
	if (pick(3) == 0)
		block.flags |= MT_LIVE_FLAG_SAMPLED;
	return block;
}

static bool is_equal(const struct mt_live_block *a, const struct mt_live_block *b)
{
	return a->address == b->address && a->size == b->size && a->site == b->site &&
	       a->epoch == b->epoch && a->flags == b->flags;
}

static void check_equal(const struct mt_live_block *found, const struct mt_live_block *expected)
{
	if (!is_equal(found, expected))
		ck_abort_msg("%#lx: size %lu site %u epoch %u flags %u, not %lu %u %u %u",
			     (unsigned long)expected->address, (unsigned long)found->size,
			     found->site, found->epoch, found->flags, (unsigned long)expected->size,
			     expected->site, expected->epoch, expected->flags);
}

static void insert(uint32_t kind, uint32_t number)
{
	struct model_block *entry = &model[kind][number];
	struct mt_live_block block = pick_block(kind, number), old;
	enum live_insert result = live_table_insert(&block, &old);

	if (result != (entry->is_live ? LIVE_REPLACED : LIVE_INSERTED))
		ck_abort_msg("inserting %#lx: %d", (unsigned long)block.address, result);
	if (entry->is_live) {
		check_equal(&old, &entry->block);
		large_count -= is_large(&old);
	}
	*entry = (struct model_block){block, true};
	large_count += is_large(&block);
}

static void take_away(uint32_t kind, uint32_t number)
{
	struct model_block *entry = &model[kind][number];
	struct mt_live_block block;

	if (live_table_remove(address_of(kind, number), kind == 1, &block) != entry->is_live)
		ck_abort_msg("removing %#lx", (unsigned long)address_of(kind, number));
	if (!entry->is_live)
		return;
	check_equal(&block, &entry->block);
	large_count -= is_large(&block);
	entry->is_live = false;
}

static uint32_t visited[KINDS][ADDRESSES];

static void visit(const struct mt_live_block *block, void *context)
{
	uint32_t kind = (block->flags & MT_LIVE_FLAG_API) != 0;
	uint64_t number = (block->address - address_of(0, 0)) / 16, *total = context;

	/* an API block may begin up to 15 bytes behind its number's multiple of 16 */
	if (number >= ADDRESSES || !model[kind][number].is_live)
		ck_abort_msg("%#lx is not live", (unsigned long)block->address);
	check_equal(block, &model[kind][number].block);
	visited[kind][number]++;
	(*total)++;
}

static void check_each(void)
{
	uint64_t total = 0;

	memset(visited, 0, sizeof(visited));
	live_table_each(visit, &total);
	for (uint32_t kind = 0; kind < KINDS; kind++)
		for (uint32_t number = 0; number < ADDRESSES; number++) {
			if (visited[kind][number] != model[kind][number].is_live)
				ck_abort_msg("block %u visited %u times", number,
					     visited[kind][number]);
			total -= model[kind][number].is_live;
		}
	ck_assert_uint_eq(total, 0);
}

static void run_model(uint32_t events)
{
	for (uint32_t event = 0; event < events; event++) {
		uint32_t kind = (uint32_t)pick(KINDS), number = (uint32_t)pick(ADDRESSES);

		if (pick(100) < (event / 20000 % 2 == 0 ? 70u : 20u))
			insert(kind, number);
		else
			take_away(kind, number);
	}
}

START_TEST(table_is_equal_to_a_plain_array)
{
	live_table_init();
	for (uint32_t i = 0; i < 4; i++) {
		run_model(EVENTS / 4);
		check_each();
	}
	for (uint32_t kind = 0; kind < KINDS; kind++)
		for (uint32_t number = 0; number < ADDRESSES; number++)
			take_away(kind, number);
	check_each();
}
END_TEST

START_TEST(blocks_of_both_kinds_at_one_address_are_told_apart)
{
	struct mt_live_block malloced = {.address = 0x7000, .size = UINT64_C(1) << 40, .site = 1};
	struct mt_live_block reported = {.address = 0x7000,
					 .size = UINT64_C(1) << 41,
					 .site = 2,
					 .flags = MT_LIVE_FLAG_API};
	struct mt_live_block block;

	live_table_init();
	ck_assert_int_eq(live_table_insert(&malloced, &block), LIVE_INSERTED);
	ck_assert_int_eq(live_table_insert(&reported, &block), LIVE_INSERTED);
	ck_assert(live_table_remove(0x7000, true, &block));
	check_equal(&block, &reported);
	ck_assert(!live_table_remove(0x7000, true, &block));
	ck_assert(live_table_remove(0x7000, false, &block));
	check_equal(&block, &malloced);
}
END_TEST

START_TEST(address_beyond_48_bits_finds_no_room)
{
	struct mt_live_block block = {.address = UINT64_C(1) << 48, .size = 1}, old;

	live_table_init();
	ck_assert_int_eq(live_table_insert(&block, &old), LIVE_NO_ROOM);
}
END_TEST

/* Blocks side by side, as allocators hand them out: nothing but their distance differs. */
START_TEST(clustered_addresses_are_found_again)
{
	static const uint64_t steps[] = {16, 48, 4096, UINT64_C(1) << 20};
	uint64_t step = steps[_i], base = UINT64_C(0x100000000000);
	uint32_t count = 100000;
	struct mt_live_block block, old;

	live_table_init();
	for (uint32_t i = 0; i < count; i++) {
		block = (struct mt_live_block){.address = base + i * step, .size = i, .site = i};
		if (live_table_insert(&block, &old) != LIVE_INSERTED)
			ck_abort_msg("block %u of step %lu", i, (unsigned long)step);
	}
	for (uint32_t i = 0; i < count; i++) {
		uint32_t number = (uint32_t)(i * UINT64_C(7919) % count);

		if (!live_table_remove(base + number * step, false, &block) || block.size != number)
			ck_abort_msg("block %u of step %lu is lost", number, (unsigned long)step);
	}
}
END_TEST

/* Mappings in which stripes have been seen. Under a sanitizer the process has much else. */
struct range {
	uintptr_t start, end;
};

static struct range ranges[64];
static uint32_t range_count;

static void learn_mapping(uintptr_t address)
{
	unsigned long start, end;
	char line[512];
	FILE *maps;

	for (uint32_t i = 0; i < range_count; i++)
		if (address >= ranges[i].start && address < ranges[i].end)
			return;
	maps = fopen("/proc/self/maps", "r");
	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%lx-%lx", &start, &end) == 2 && address >= start &&
		    address < end) {
			ck_assert_uint_lt(range_count, 64);
			ranges[range_count++] = (struct range){start, end};
		}
	fclose(maps);
}

static void learn_mappings(const struct mt_pair *slots, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		if (slots[i].low & MT_LIVE_NODE) {
			learn_mapping((uintptr_t)live_node_slots(slots[i].low));
			learn_mappings(live_node_slots(slots[i].low), MT_LIVE_FAN);
		}
		if ((slots[i].low & (MT_LIVE_NODE | MT_LIVE_EMPTY)) == 0)
			learn_mapping((uintptr_t)live_marks(slots[i].low));
	}
}

static bool is_known(unsigned long start)
{
	for (uint32_t i = 0; i < range_count; i++)
		if (ranges[i].start == start)
			return true;
	return false;
}

/* Memory that the table takes up in them, present or swapped out; not what was given back. */
static uint64_t table_bytes(void)
{
	unsigned long start, end, kib, used_kib = 0;
	bool is_counted = false;
	uint32_t root_bytes;
	char line[512];
	FILE *maps;

	learn_mappings(((struct mt_live_root *)(uintptr_t)live_table_root(&root_bytes))->slots,
		       1u << MT_LIVE_ROOT_BITS);
	maps = fopen("/proc/self/smaps", "r");
	ck_assert_ptr_nonnull(maps);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx", &start, &end) == 2)
			is_counted = is_known(start);
		else if (is_counted && (sscanf(line, "Rss: %lu", &kib) == 1 ||
					sscanf(line, "Swap: %lu", &kib) == 1))
			used_kib += kib;
	}
	fclose(maps);
	return (uint64_t)used_kib * 1024;
}

#define SMALL 1000u
#define GROWN 2000000u
#define SPIKE 1000000u
#define MEASURED_FROM 100000u

static void grow(uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct mt_live_block block = {.address =
						      UINT64_C(0x7f0000000000) + i * UINT64_C(32),
					      .size = 32};
		struct mt_live_block old;

		if (live_table_insert(&block, &old) != LIVE_INSERTED)
			ck_abort_msg("block %u", i);
	}
}

static void shrink(uint32_t from, uint32_t to)
{
	struct mt_live_block block;

	for (uint32_t i = from; i > to; i--)
		if (!live_table_remove(UINT64_C(0x7f0000000000) + (i - 1) * UINT64_C(32), false,
				       &block))
			ck_abort_msg("block %u is lost", i - 1);
}

static uint32_t two_percent_more(uint32_t count)
{
	return count + count / 50;
}

START_TEST(growing_table_takes_24_bytes_a_block_at_every_moment)
{
	uint32_t count = 0;

	live_table_init();
	for (uint32_t next = MEASURED_FROM; next <= GROWN; next = two_percent_more(next)) {
		uint64_t bytes;

		grow(count, next);
		count = next;
		bytes = table_bytes();
		if (bytes < count * UINT64_C(16) || bytes > count * UINT64_C(24))
			ck_abort_msg("%u blocks take %lu bytes", count, (unsigned long)bytes);
	}
}
END_TEST

START_TEST(shrinking_table_takes_40_bytes_a_block_at_most)
{
	live_table_init();
	grow(0, SPIKE);
	for (uint32_t count = SPIKE; count >= MEASURED_FROM; count -= count / 50) {
		uint64_t bytes = table_bytes();

		if (bytes > count * UINT64_C(40))
			ck_abort_msg("%u blocks take %lu bytes", count, (unsigned long)bytes);
		shrink(count, count - count / 50);
	}
}
END_TEST

START_TEST(spike_leaves_little_memory_behind)
{
	uint64_t before;

	live_table_init();
	grow(0, SMALL);
	before = table_bytes();
	for (uint32_t round = 0; round < 3; round++) {
		grow(SMALL, SPIKE);
		ck_assert_uint_gt(table_bytes(), SPIKE * UINT64_C(16));
		shrink(SPIKE, SMALL);
		if (table_bytes() > 6 * before)
			ck_abort_msg("%lu bytes are %lu after round %u", (unsigned long)before,
				     (unsigned long)table_bytes(), round);
	}
}
END_TEST

START_TEST(forked_child_finds_the_table_whole)
{
	int pid;

	live_table_init();
	run_model(50000);
	pid = fork();
	if (pid == 0) {
		check_each();
		run_model(20000);
		check_each();
		_exit(0);
	}
	trace_case_wait(pid);
	check_each();
}
END_TEST

START_TEST(empty_table_holds_nothing)
{
	struct mt_live_block block;
	uint64_t total = 0;

	live_table_init();
	ck_assert(!live_table_remove(0x1000, false, &block));
	live_table_each(visit, &total);
	ck_assert_uint_eq(total, 0);
}
END_TEST

START_TEST(more_large_blocks_than_there_is_room_for_lose_only_their_size)
{
	struct mt_live_block block, old;
	uint32_t cut = 0;

	live_table_init();
	for (uint32_t i = 0; i < MT_LIVE_LARGE_MAX + 10; i++) {
		block = (struct mt_live_block){.address = 0x100000 + i * 16,
					       .size = UINT64_C(1) << 40};
		ck_assert_int_eq(live_table_insert(&block, &old), LIVE_INSERTED);
	}
	for (uint32_t i = 0; i < MT_LIVE_LARGE_MAX + 10; i++) {
		ck_assert(live_table_remove(0x100000 + i * 16, false, &block));
		ck_assert(block.size == UINT64_C(1) << 40 || block.size == MT_LIVE_SIZE_MAX);
		cut += block.size == MT_LIVE_SIZE_MAX;
	}
	ck_assert_uint_eq(cut, 10);
}
END_TEST

Suite *unit_suite(void)
{
	Suite *suite = suite_create("live_table");
	TCase *tests = tcase_create("live table"), *memory = tcase_create("memory");

	tcase_set_timeout(tests, 60);
	tcase_add_test(tests, table_is_equal_to_a_plain_array);
	tcase_add_test(tests, blocks_of_both_kinds_at_one_address_are_told_apart);
	tcase_add_test(tests, address_beyond_48_bits_finds_no_room);
	tcase_add_loop_test(tests, clustered_addresses_are_found_again, 0, 4);
	tcase_add_test(tests, forked_child_finds_the_table_whole);
	tcase_add_test(tests, empty_table_holds_nothing);
	tcase_add_test(tests, more_large_blocks_than_there_is_room_for_lose_only_their_size);
	suite_add_tcase(suite, tests);
	tcase_set_timeout(memory, 60);
	tcase_add_test(memory, growing_table_takes_24_bytes_a_block_at_every_moment);
	tcase_add_test(memory, shrinking_table_takes_40_bytes_a_block_at_most);
	tcase_add_test(memory, spike_leaves_little_memory_behind);
	suite_add_tcase(suite, memory);
	return suite;
}
