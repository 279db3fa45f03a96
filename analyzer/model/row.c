/* SPDX-License-Identifier: Apache-2.0 */
/*
 * row.c - keeps rows and finds them by their keys.
 *
 * Rows lie in one array, in the order in which they were added. The index holds their numbers and half of
 * their keys, so that a look-up rarely reads a row that is not the one it looks for.
 */
#include "model/row.h"

#include <errno.h>
#include <stdlib.h>

#include "base/pages.h"

#define ROWS_FIRST 256
#define SLOTS_FIRST 512

/* A slot: number of the row + 1 below, upper half of the key's low word above; 0 = empty. */
#define SLOT_NUMBER UINT64_C(0xffffffff)

void row_set_free(struct row_set *set)
{
	if (!set)
		return;
	pages_free(set->rows, set->capacity * sizeof(*set->rows));
	pages_free(set->slots, set->slot_count * sizeof(*set->slots));
	arena_fini(&set->series_arena);
	free(set->series);
	free(set->least);
	free(set);
}

static uint64_t slot_of(struct digest key, size_t number)
{
	return (key.low & ~SLOT_NUMBER) | (number + 1);
}

/* The slot of a key, or the empty one where it belongs. The index is never full. */
static uint64_t *slot_find(const struct row_set *set, struct digest key)
{
	size_t mask = set->slot_count - 1, at = (size_t)key.low & mask;
	uint64_t slot;

	while ((slot = set->slots[at]) != 0) {
		if (((slot ^ key.low) & ~SLOT_NUMBER) == 0 &&
		    digest_equal(set->rows[(slot & SLOT_NUMBER) - 1].key, key))
			break;
		at = (at + 1) & mask;
	}
	return &set->slots[at];
}

static int slots_grow(struct row_set *set)
{
	size_t count = set->slot_count ? 2 * set->slot_count : SLOTS_FIRST, i;
	uint64_t *slots = pages_alloc(count * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	pages_free(set->slots, set->slot_count * sizeof(*set->slots));
	set->slots = slots;
	set->slot_count = count;
	for (i = 0; i < set->count; i++)
		*slot_find(set, set->rows[i].key) = slot_of(set->rows[i].key, i);
	return 0;
}

int row_set_reserve(struct row_set *set, size_t count)
{
	size_t capacity = set->capacity ? 2 * set->capacity : ROWS_FIRST;
	struct row *rows;

	if (count <= set->capacity)
		return 0;
	if (count >= SLOT_NUMBER)
		return -ENOMEM;
	capacity = capacity > count ? capacity : count;
	rows = pages_grow(set->rows, set->capacity * sizeof(*rows), capacity * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	set->rows = rows;
	set->capacity = capacity;
	return 0;
}

void row_set_expect(const struct row_set *set, struct digest key)
{
	if (set->slot_count)
		__builtin_prefetch(&set->slots[key.low & (set->slot_count - 1)], 1);
}

const struct row *row_set_find(const struct row_set *set, struct digest key)
{
	uint64_t slot = set->slot_count ? *slot_find(set, key) : 0;

	return slot ? &set->rows[(slot & SLOT_NUMBER) - 1] : NULL;
}

int row_set_get(struct row_set *set, struct digest key, struct row **out)
{
	uint64_t *slot;
	int status = 0;

	if (2 * set->count >= set->slot_count)
		status = slots_grow(set);
	if (status)
		return status;
	slot = slot_find(set, key);
	if (!*slot) {
		status = row_set_reserve(set, set->count + 1);
		if (status)
			return status;
		set->rows[set->count] = (struct row){.key = key};
		*slot = slot_of(key, set->count++);
	}
	*out = &set->rows[(*slot & SLOT_NUMBER) - 1];
	return 0;
}

void row_show_stack(struct row *row, const struct row_stack *stack)
{
	row->snapshot = stack->snapshot;
	row->node = stack->node;
	row->frame = stack->frame;
	row->frame_index = stack->frame_index;
	row->weight = stack->weight;
	row->live_bytes = stack->live_bytes;
	row->alloc_bytes = stack->alloc_bytes;
}

struct row_stack row_stack_shown(const struct row *row)
{
	return (struct row_stack){
		.snapshot = row->snapshot,
		.frame = row->frame,
		.node = row->node,
		.frame_index = row->frame_index,
		.weight = row->weight,
		.live_bytes = row->live_bytes,
		.alloc_bytes = row->alloc_bytes,
	};
}

struct row_stack row_set_least(const struct row_set *set, const struct row *row)
{
	return row->least ? set->least[row->least - 1] : row_stack_shown(row);
}

int row_set_put_least(struct row_set *set, struct row *row, const struct row_stack *stack)
{
	if (!row->least) {
		if (set->least_count == set->least_capacity) {
			size_t capacity = set->least_capacity ? 2 * set->least_capacity : 64;
			struct row_stack *least =
				reallocarray(set->least, capacity, sizeof(*least));

			if (!least)
				return -ENOMEM;
			set->least = least;
			set->least_capacity = capacity;
		}
		row->least = (uint32_t)++set->least_count;
	}
	set->least[row->least - 1] = *stack;
	return 0;
}

int row_set_add_estimate(struct row_set *set, struct estimate **estimates, size_t input,
			 const struct estimate *part)
{
	if (!part)
		return 0;
	if (!*estimates)
		*estimates =
			arena_alloc(&set->series_arena, set->input_count * sizeof(**estimates));
	if (!*estimates)
		return -ENOMEM;
	estimate_add(&(*estimates)[input], part);
	return 0;
}

int row_set_add_series(struct row_set *set, struct row *row)
{
	if (!row->series)
		row->series =
			arena_alloc(&set->series_arena, set->input_count * sizeof(*row->series));
	return row->series ? 0 : -ENOMEM;
}

const char *change_name(enum change change)
{
	static const char *const names[] = {
		[CHANGE_SAME] = "same",	    [CHANGE_NEW] = "new",   [CHANGE_GROWN] = "grown",
		[CHANGE_SHRUNK] = "shrunk", [CHANGE_GONE] = "gone",
	};

	return names[change];
}
