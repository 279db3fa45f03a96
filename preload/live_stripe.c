/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_stripe.c - filling, freezing and replacing one stripe.
 *
 * A stripe is replaced as a whole: every entry is frozen, a copy is made and swapped into the slot. Whoever meets
 * a frozen entry does the same instead of waiting for whoever began. Interleavings that the order prevents:
 * - A block put into the old stripe behind the copier's back: every entry is frozen before the first one is
 *   read, a frozen one is never swapped, and what was swapped before the freeze is seen by whoever froze it.
 * - A copy made from memory that is in new use: the slot is swapped together with the tag of the stripe that was
 *   copied; a stripe whose tag is in its slot when the copy is done was not given back before.
 * - A copy of a stripe that was not frozen to its end, because its slot was closed meanwhile (live_merge.c): it is
 *   not made, as the same stripe may come back to the same slot.
 * - A block that another one takes the place of in the copy, because a late thread has cleared its mark there: a
 *   place is free if its entry says so.
 * - A block removed from a copy in the making with half of what another entry was there: of an entry that was free
 *   the second word is written first, of one that was a block the first one.
 * - A late thread that freezes entries in memory that is in new use: harmless, that stripe is replaced as well.
 */
#include "live_stripe.h"

#define STRIPE_BITS_MAX 25u /* of a way */
#define STRIPE_PAGE 4096u
#define STRIPE_PAGE_GROUPS 30u /* not quite: stripe_groups() */

static uint64_t stripe_tags;

uint64_t live_tag_next(void)
{
	return mt_add_relaxed(&stripe_tags, MT_LIVE_TAG_STEP);
}

/* As many groups as fit: each takes its entries, a word of marks and a byte. */
static uint32_t stripe_groups(uint32_t pages)
{
	return pages * STRIPE_PAGE /
	       (MT_LIVE_GROUP * (uint32_t)sizeof(struct mt_pair) + (uint32_t)sizeof(uint64_t) + 1);
}

uint32_t live_stripe_pages(uint64_t low)
{
	return mt_live_groups(low) / STRIPE_PAGE_GROUPS + 1;
}

/*
 * Areas of blocks of one size would all make their stripes grow at the same time, and the table would be now full,
 * now loose. So each is made a little looser or fuller than the last one.
 */
uint32_t live_stripe_pages_for(uint64_t blocks)
{
	uint64_t step = mt_load_relaxed(&stripe_tags) / MT_LIVE_TAG_STEP % 8;
	uint64_t page_blocks =
		STRIPE_PAGE_GROUPS * MT_LIVE_GROUP * (LIVE_FILL_PERCENT - 7 + 2 * step) / 100;

	uint64_t pages = (blocks + page_blocks / 2) / page_blocks;

	/* a small one is not rounded down to where it would have to grow again soon */
	return (uint32_t)pages + (blocks * 8 >= pages * STRIPE_PAGE_GROUPS * MT_LIVE_GROUP * 7);
}

struct mt_pair live_stripe_new(uint32_t page_count)
{
	uint32_t groups = stripe_groups(page_count);
	bool is_reused;
	struct mt_pair *start = live_memory_take_stripe(page_count, &is_reused);
	uint64_t tag = live_tag_next() | (is_reused ? MT_LIVE_REUSED : 0), low;

	if (start == NULL)
		return (struct mt_pair){0, 0};
	low = (uint64_t)(uintptr_t)(start + groups * MT_LIVE_GROUP) |
	      (uint64_t)groups << MT_LIVE_ADDRESS_BITS;
	for (uint32_t i = 0; i < groups * MT_LIVE_GROUP; i++) {
		/* frozen until it is free: a late thread would take the tag for the rest of the block before */
		mt_store_relaxed(&start[i].low, mt_live_free(0, tag).low);
		mt_store_release(&start[i].high, tag);
	}
	for (uint32_t i = 0; i < groups; i++) {
		mt_store_relaxed(&live_marks(low)[i], 0);
		mt_store_relaxed(live_reach(low, i), 0);
	}
	return (struct mt_pair){low, tag};
}

/* Where its memory begins. */
static void *stripe_start(uint64_t low)
{
	return live_entry(low, mt_live_groups(low) * MT_LIVE_GROUP - 1);
}

void live_stripe_free(struct mt_pair value)
{
	if (live_is_stripe(value.low) && value.low != 0)
		live_memory_give(LIVE_USE_STRIPE, stripe_start(value.low),
				 live_stripe_pages(value.low));
}

uint64_t live_stripe_count(uint64_t low, uint64_t first, uint64_t group_count)
{
	uint64_t count = 0;

	for (uint64_t i = 0; i < group_count; i++) {
		count += live_group_count(mt_load_relaxed(&live_marks(low)[first]));
		first = live_next_group(low, first);
	}
	return count;
}

uint64_t live_stripe_freeze(const struct mt_pair *slot, uint64_t tag, uint64_t low)
{
	uint64_t blocks = 0;

	for (uint32_t i = 0; i < mt_live_groups(low) * MT_LIVE_GROUP; i++) {
		struct mt_pair *entry = live_entry(low, i);

		if (i % MT_LIVE_GROUP == 0 && !live_slot_is(slot, tag))
			return LIVE_NOT_FROZEN;

		/* partner: the swap that put a block there, so that its low is seen too */
		(void)mt_fetch_or_acq_rel(&entry->high, MT_LIVE_FROZEN);
		blocks += mt_live_is_block((struct mt_pair){mt_load_relaxed(&entry->low), 0});
	}
	return blocks;
}

void live_stripe_raise_reach(uint64_t low, uint64_t group, uint8_t groups)
{
	uint8_t *reach = live_reach(low, group), old = mt_load_relaxed(reach);

	while (old < groups && !mt_cas_acq_rel(reach, &old, groups))
		continue;
}

/* The first free entry of a group; UINT64_MAX: none. A mark that a late thread has cleared is not believed. */
static uint64_t stripe_free_entry(uint64_t low, uint64_t group)
{
	uint64_t free = live_group_free(mt_load_relaxed(&live_marks(low)[group]));

	for (; free != 0; free &= free - 1) {
		uint64_t index = group * MT_LIVE_GROUP + live_group_first(free);

		if (!mt_live_is_block(live_entry_load(live_entry(low, index))))
			return index;
	}
	return UINT64_MAX;
}

bool live_stripe_add(uint64_t low, struct mt_pair entry)
{
	uint64_t hash = mt_live_entry_hash(entry);
	struct live_spot spot = live_spot_find(low, hash);
	uint8_t *reach = live_reach(low, spot.group);
	uint64_t group = spot.group;

	for (uint8_t i = 0; i < MT_LIVE_REACH; i++, group = live_next_group(low, group)) {
		uint64_t index = stripe_free_entry(low, group);

		if (index == UINT64_MAX)
			continue;
		/* a late thread may look for this very block here: it finds the whole of it, or none */
		mt_store_relaxed(&live_entry(low, index)->high, entry.high & ~MT_LIVE_FROZEN);
		mt_store_release(&live_entry(low, index)->low, entry.low);
		mt_store_relaxed(live_mark(low, index), (uint8_t)spot.mark);
		if (i > mt_load_relaxed(reach))
			mt_store_relaxed(reach, i);
		return true;
	}
	return false;
}

bool live_stripe_add_all(uint64_t low, uint64_t from_low)
{
	for (uint32_t i = 0; i < mt_live_groups(from_low) * MT_LIVE_GROUP; i++) {
		struct mt_pair entry = live_entry_load(live_entry(from_low, i));

		if (mt_live_is_block(entry) && !live_stripe_add(low, entry))
			return false;
	}
	return true;
}

/* A stripe of so many pages, or as many more as it takes; .low = 0: no memory or past the largest. */
static struct mt_pair stripe_copy(uint64_t from_low, uint32_t page_count, uint32_t page_max)
{
	for (; page_count <= page_max; page_count += 1 + page_count / 8) {
		struct mt_pair value = live_stripe_new(page_count);

		if (value.low == 0 || live_stripe_add_all(value.low, from_low))
			return value;
		live_stripe_free(value);
	}
	return (struct mt_pair){0, 0};
}

static void stripe_free_children(struct mt_pair *children)
{
	for (uint32_t i = 0; i < MT_LIVE_FAN; i++)
		live_stripe_free(children[i]);
}

static uint64_t stripe_way(struct mt_pair entry)
{
	uint64_t hash = mt_live_entry_hash(entry);

	return mt_live_way(mt_live_unhash(hash), hash);
}

static uint64_t stripe_child(uint32_t level, struct mt_pair entry)
{
	return stripe_way(entry) << level >> (64 - MT_LIVE_FAN_BITS);
}

/* A child without blocks is empty. Its tag is its own: node memory is used again. */
static bool stripe_new_children(struct mt_pair *children, uint64_t from_low, uint32_t level)
{
	uint32_t blocks[MT_LIVE_FAN] = {0}, pages;
	bool is_done = true;

	for (uint32_t i = 0; i < mt_live_groups(from_low) * MT_LIVE_GROUP; i++) {
		struct mt_pair entry = live_entry_load(live_entry(from_low, i));

		if (mt_live_is_block(entry))
			blocks[stripe_child(level, entry)]++;
	}
	for (uint32_t i = 0; i < MT_LIVE_FAN; i++) {
		children[i] = (struct mt_pair){MT_LIVE_EMPTY, live_tag_next()};
		if (!is_done || blocks[i] == 0)
			continue;
		pages = live_stripe_pages_for(blocks[i]);
		children[i] =
			live_stripe_new(pages < LIVE_RUN_PAGES_MAX ? pages : LIVE_RUN_PAGES_MAX);
		is_done = children[i].low != 0;
	}
	return is_done;
}

/* A child that its share of the blocks does not fit into becomes larger. */
static bool stripe_add_to_child(struct mt_pair *child, struct mt_pair entry)
{
	/* empty: it was replaced by others after its blocks were counted */
	if (!live_is_stripe(child->low))
		return false;
	while (!live_stripe_add(child->low, entry)) {
		uint32_t pages = live_stripe_pages(child->low);
		struct mt_pair larger =
			stripe_copy(child->low, pages + 1 + pages / 8, LIVE_RUN_PAGES_MAX);

		if (larger.low == 0)
			return false;
		live_stripe_free(*child);
		*child = larger;
	}
	return true;
}

static bool stripe_fill_children(struct mt_pair *children, uint64_t from_low, uint32_t level)
{
	for (uint32_t i = 0; i < mt_live_groups(from_low) * MT_LIVE_GROUP; i++) {
		struct mt_pair entry = live_entry_load(live_entry(from_low, i));

		if (mt_live_is_block(entry) &&
		    !stripe_add_to_child(&children[stripe_child(level, entry)], entry))
			return false;
	}
	return true;
}

void live_slots_write(struct mt_pair *slots, const struct mt_pair values[MT_LIVE_FAN])
{
	for (uint32_t i = 0; i < MT_LIVE_FAN; i++) {
		mt_store_relaxed(&slots[i].high, values[i].high);
		mt_store_relaxed(&slots[i].low, values[i].low);
	}
}

static bool stripe_make_node(const struct mt_pair children[MT_LIVE_FAN], struct mt_pair *node)
{
	struct mt_pair *slots = live_memory_take_node();

	if (slots == NULL)
		return false;
	live_slots_write(slots, children);
	*node = (struct mt_pair){(uint64_t)(uintptr_t)slots | MT_LIVE_NODE, live_tag_next()};
	return true;
}

/* At which level the blocks' ways part, and one of the ways. */
static uint32_t stripe_parting_level(uint64_t low, uint32_t level, uint64_t *way)
{
	uint64_t differences = 0;
	bool is_first = true;

	*way = 0;
	for (uint32_t i = 0; i < mt_live_groups(low) * MT_LIVE_GROUP; i++) {
		struct mt_pair entry = live_entry_load(live_entry(low, i));

		if (!mt_live_is_block(entry))
			continue;
		if (is_first)
			*way = stripe_way(entry);
		is_first = false;
		differences |= stripe_way(entry) ^ *way;
	}
	for (differences = differences << level >> level;
	     differences != 0 && differences >> (64 - level - MT_LIVE_FAN_BITS) == 0;)
		level += MT_LIVE_FAN_BITS;
	return level;
}

/* Eight slots of which one holds the node, in its place. */
static bool stripe_wrap_node(struct mt_pair *node, uint64_t child)
{
	struct mt_pair children[MT_LIVE_FAN];

	for (uint32_t i = 0; i < MT_LIVE_FAN; i++)
		children[i] = i == child ? *node : (struct mt_pair){MT_LIVE_EMPTY, live_tag_next()};
	return stripe_make_node(children, node);
}

/* A node that has been in no slot: it has stripes, and one node at most. */
static void stripe_free_node(struct mt_pair node)
{
	while (node.low != 0) {
		struct mt_pair *slots = live_node_slots(node.low), next = {0, 0};

		for (uint32_t i = 0; i < MT_LIVE_FAN; i++) {
			struct mt_pair child = live_slot_load(&slots[i]);

			if (child.low & MT_LIVE_NODE)
				next = child;
			else
				live_stripe_free(child);
		}
		live_memory_give_node(slots);
		node = next;
	}
}

/* Eight stripes in the place of one that has become too large, as many levels down as its blocks all go one way. */
static bool stripe_split(const struct live_path *path)
{
	struct mt_pair children[MT_LIVE_FAN], node;
	uint64_t way;
	uint32_t level = stripe_parting_level(path->value.low, path->level, &way);
	bool is_made = true;

	/* or others have replaced it, and what was read is of elsewhere */
	if (level + MT_LIVE_FAN_BITS > STRIPE_BITS_MAX)
		return !live_slot_is(path->slot, path->value.high);
	if (!stripe_new_children(children, path->value.low, level) ||
	    !stripe_fill_children(children, path->value.low, level) ||
	    !stripe_make_node(children, &node)) {
		stripe_free_children(children);
		return !live_slot_is(path->slot, path->value.high);
	}
	for (; is_made && level > path->level; level -= MT_LIVE_FAN_BITS)
		is_made = stripe_wrap_node(&node, way << (level - MT_LIVE_FAN_BITS) >>
							  (64 - MT_LIVE_FAN_BITS));
	if (is_made && mt_cas_pair(path->slot, path->value, node)) {
		live_stripe_free(path->value);
		return true;
	}
	stripe_free_node(node);
	return is_made || !live_slot_is(path->slot, path->value.high);
}

bool live_stripe_replace(const struct live_path *path, uint32_t least_pages)
{
	bool is_first = (path->value.low & MT_LIVE_EMPTY) != 0;
	struct mt_pair fresh;
	uint64_t blocks = 0;
	uint32_t pages = 1;

	if (is_first) {
		fresh = live_stripe_new(1);
	} else {
		blocks = live_stripe_freeze(path->slot, path->value.high, path->value.low);
		if (blocks == LIVE_NOT_FROZEN)
			return true;
		pages = live_stripe_pages_for(blocks);
		if (pages < least_pages)
			pages = least_pages;
		fresh = stripe_copy(path->value.low, pages,
				    least_pages == 0 ? LIVE_RUN_PAGES_MAX : LIVE_STRIPE_PAGES_MAX);
		/* too many, or they lie so unevenly that even the largest stripe does not take them */
		if (fresh.low == 0 && live_slot_is(path->slot, path->value.high))
			return stripe_split(path);
	}
	if (fresh.low == 0) /* no memory, or it was replaced by others while it was being read */
		return !live_slot_is(path->slot, path->value.high);
	if (mt_cas_pair(path->slot, path->value, fresh))
		live_stripe_free(path->value);
	else
		live_stripe_free(fresh);
	return true;
}
