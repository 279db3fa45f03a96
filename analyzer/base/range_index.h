/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range_index.h - finds the address range that an address lies in; ranges may nest and overlap.
 */
#ifndef BASE_RANGE_INDEX_H
#define BASE_RANGE_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define RANGE_NONE ((size_t)-1)

struct range {
	uint64_t low, high; /* [low, high) */
	uint64_t reach;	    /* highest `high` of this and all earlier ranges, once sorted */
	size_t value;
};

/* All zero is an empty index. */
struct range_index {
	struct range *ranges;
	size_t count, capacity;
};

/**
 * range_index_add() - add a range; an empty one is left out.
 *
 * Return: 0 or -ENOMEM.
 */
int range_index_add(struct range_index *index, uint64_t low, uint64_t high, size_t value);

/**
 * range_index_sort() - make what was added findable.
 */
void range_index_sort(struct range_index *index);

/**
 * range_index_find_range() - the range that an address lies in.
 *
 * Of several that with the highest start, of those the shortest, of those that with the lowest value.
 *
 * Return: NULL if there is none.
 */
const struct range *range_index_find_range(const struct range_index *index, uint64_t address);

/**
 * range_index_find() - the value of that range; RANGE_NONE if there is none.
 */
size_t range_index_find(const struct range_index *index, uint64_t address);

void range_index_fini(struct range_index *index);

#endif
