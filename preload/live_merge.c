/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_merge.c - shrinking: a sparse stripe becomes smaller, eight small neighbours become one.
 *
 * The eight slots are closed one by one; a closed slot never changes again until its memory is another node. Then
 * the stripes are frozen and copied into one, which is swapped for the node. Interleavings that this prevents:
 * - A stripe grown in a slot that has been read already: its swap expects the open slot.
 * - A change of a stripe that has been copied: as when it is replaced (live_stripe.c), it is frozen.
 * - A late thread that has found its way to one of the slots: it reads the slot before it makes sure that the
 *   node's own slot still has the tag it came by (live_path.h); afterwards a closed slot's tag differs.
 * - A late closer that closes slots of another node in the same memory: it loads a slot, then makes sure that the
 *   node is the one it means, then swaps what it loaded, whose tag stands in no other slot.
 * - Two outcomes at once, a merged stripe and a new node: both are swapped for the same tag.
 */
#include "live_merge.h"

#include "live_memory.h"
#include "live_stripe.h"

#define MERGE_BLOCKS_MAX 3200u /* less than half of what makes a stripe split */
#define MERGE_LOOK_GROUPS 16u  /* that are looked at first; then four times as many, and so on */

/* Values of the node's slots once they are all closed; false = the node is no more. */
static bool merge_close(const struct live_path *path, struct mt_pair closed[MT_LIVE_FAN])
{
	struct mt_pair *slots = live_node_slots(path->parent_value.low);

	for (uint32_t i = 0; i < MT_LIVE_FAN; i++) {
		do {
			closed[i] = live_slot_load(&slots[i]);
			if (!live_slot_is(path->parent, path->parent_value.high))
				return false;
			if (closed[i].low & MT_LIVE_CLOSED)
				break;
		} while (!mt_cas_pair(&slots[i], closed[i],
				      (struct mt_pair){closed[i].low | MT_LIVE_CLOSED,
						       closed[i].high | MT_LIVE_CLOSED}));
		closed[i].low &= ~MT_LIVE_CLOSED;
		closed[i].high &= ~MT_LIVE_CLOSED;
	}
	return true;
}

/* Whether the stripes are few and small enough; by the hints. */
static bool merge_is_possible(const struct mt_pair closed[MT_LIVE_FAN])
{
	uint64_t blocks = 0;

	for (uint32_t i = 0; i < MT_LIVE_FAN; i++) {
		if (closed[i].low & MT_LIVE_NODE)
			return false;
		if (live_is_stripe(closed[i].low))
			blocks +=
				live_stripe_count(closed[i].low, 0, mt_live_groups(closed[i].low));
	}
	return blocks <= MERGE_BLOCKS_MAX;
}

/* Return: how many blocks there are, or LIVE_NOT_FROZEN. */
static uint64_t merge_freeze(const struct live_path *path, const struct mt_pair closed[MT_LIVE_FAN])
{
	uint64_t blocks = 0;

	for (uint32_t i = 0; i < MT_LIVE_FAN; i++) {
		uint64_t more = 0;

		if (live_is_stripe(closed[i].low))
			more = live_stripe_freeze(path->parent, path->parent_value.high,
						  closed[i].low);
		if (more == LIVE_NOT_FROZEN)
			return more;
		blocks += more;
	}
	return blocks;
}

/* One stripe with all the blocks; .low = 0: no memory, or they do not fit. */
static struct mt_pair merge_copy(const struct mt_pair closed[MT_LIVE_FAN], uint64_t blocks)
{
	uint32_t pages = live_stripe_pages_for(blocks);

	for (; pages <= LIVE_STRIPE_PAGES_MAX / 2; pages++) {
		struct mt_pair merged = live_stripe_new(pages);
		bool is_done = merged.low != 0;

		for (uint32_t i = 0; is_done && i < MT_LIVE_FAN; i++)
			if (live_is_stripe(closed[i].low))
				is_done = live_stripe_add_all(merged.low, closed[i].low);
		if (is_done || merged.low == 0)
			return merged;
		live_stripe_free(merged);
	}
	return (struct mt_pair){0, 0};
}

static bool merge_into_stripe(const struct live_path *path,
			      const struct mt_pair closed[MT_LIVE_FAN], uint64_t blocks)
{
	struct mt_pair merged = merge_copy(closed, blocks);

	if (merged.low == 0)
		return false;
	if (!mt_cas_pair(path->parent, path->parent_value, merged)) {
		live_stripe_free(merged);
		return true;
	}
	for (uint32_t i = 0; i < MT_LIVE_FAN; i++)
		live_stripe_free(closed[i]);
	live_memory_give_node(live_node_slots(path->parent_value.low));
	return true;
}

/*
 * The same stripes in open slots. Those that have been frozen are replaced by whoever next meets them. The slots
 * lie where none has been: a late thread that knows one by its address would take a tag that comes back there,
 * in a node that loses the race perhaps, for the stripe's being in the table still.
 */
static bool merge_reopen(const struct live_path *path, const struct mt_pair closed[MT_LIVE_FAN])
{
	struct mt_pair *slots = live_memory_new_node();

	if (slots == NULL)
		return false;
	live_slots_write(slots, closed);
	if (mt_cas_pair(path->parent, path->parent_value,
			(struct mt_pair){(uint64_t)(uintptr_t)slots | MT_LIVE_NODE,
					 live_tag_next()}))
		live_memory_give_node(live_node_slots(path->parent_value.low));
	else
		live_memory_give_node(slots);
	return true;
}

bool live_merge(const struct live_path *path)
{
	struct mt_pair closed[MT_LIVE_FAN];

	if (!merge_close(path, closed))
		return true;
	if (merge_is_possible(closed)) {
		uint64_t blocks = merge_freeze(path, closed);

		if (blocks == LIVE_NOT_FROZEN || merge_into_stripe(path, closed, blocks))
			return true;
	}
	return merge_reopen(path, closed) || !live_slot_is(path->parent, path->parent_value.high);
}

/* Whether one stripe for the eight neighbours would take no more memory and not have to split again soon. */
static bool merge_is_due(const struct live_path *path)
{
	struct mt_pair *slots = live_node_slots(path->parent_value.low);
	uint64_t blocks = 0, pages = 0;

	for (uint32_t i = 0; i < MT_LIVE_FAN; i++) {
		struct mt_pair value = live_slot_load(&slots[i]);

		if (!live_slot_is(path->parent, path->parent_value.high) ||
		    (value.low & (MT_LIVE_NODE | MT_LIVE_CLOSED)) != 0)
			return false;
		if (value.low & MT_LIVE_EMPTY)
			continue;
		pages += live_stripe_pages(value.low);
		blocks += live_stripe_count(value.low, 0, mt_live_groups(value.low));
	}
	return blocks <= MERGE_BLOCKS_MAX * 3 / 4 && live_stripe_pages_for(blocks) <= pages;
}

#define MERGE_NOT_SPARSE UINT64_MAX

/* Return: how many blocks the groups have, or MERGE_NOT_SPARSE. */
static uint64_t merge_count_sparse(const struct live_path *path, uint64_t first,
				   uint64_t group_count)
{
	bool is_loose =
		path->parent == NULL && live_stripe_pages(path->value.low) <= LIVE_LOOSE_PAGES;
	uint64_t percent = is_loose ? LIVE_LOOSE_SPARSE_PERCENT : LIVE_SPARSE_PERCENT;
	uint64_t blocks = live_stripe_count(path->value.low, first, group_count);

	return blocks * 100 < group_count * MT_LIVE_GROUP * percent ? blocks : MERGE_NOT_SPARSE;
}

/* As many as the stripe has; a few groups that happen to be sparse must not have all of them counted. */
static uint64_t merge_count_all_sparse(const struct live_path *path, uint64_t group)
{
	uint32_t group_count = mt_live_groups(path->value.low);

	for (uint32_t count = MERGE_LOOK_GROUPS; count < group_count; count *= 4)
		if (merge_count_sparse(path, group, count) == MERGE_NOT_SPARSE)
			return MERGE_NOT_SPARSE;
	return merge_count_sparse(path, 0, group_count);
}

/* As far up as it is due: blocks that are gone do not come back to look once more. */
static void merge_up(const struct live_path *path)
{
	struct live_path next = *path;
	uint32_t level;

	do {
		level = next.level;
		if (next.parent == NULL || !merge_is_due(&next) || !live_merge(&next))
			return;
		next = live_path_find(path->hash);
	} while (next.level < level && live_is_stripe(next.value.low));
}

void live_merge_look(const struct live_path *path, uint64_t group)
{
	uint32_t pages = live_stripe_pages(path->value.low);
	uint64_t blocks;

	if (pages <= LIVE_KEPT_ROOT_PAGES && path->parent == NULL)
		return;
	blocks = merge_count_all_sparse(path, group);
	if (blocks == MERGE_NOT_SPARSE)
		return;
	if (live_stripe_pages_for(blocks) < pages)
		(void)live_stripe_replace(path, 0);
	else
		merge_up(path);
}
