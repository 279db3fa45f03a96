/* SPDX-License-Identifier: Apache-2.0 */
/*
 * range_index.c - ranges sorted by their start; a search goes back as far as any earlier range reaches.
 */
#include "base/range_index.h"

#include <errno.h>
#include <stdlib.h>

int range_index_add(struct range_index *index, uint64_t low, uint64_t high, size_t value)
{
	if (low >= high)
		return 0;
	if (index->count == index->capacity) {
		size_t capacity = index->capacity ? 2 * index->capacity : 16;
		struct range *ranges = reallocarray(index->ranges, capacity, sizeof(*ranges));

		if (!ranges)
			return -ENOMEM;
		index->ranges = ranges;
		index->capacity = capacity;
	}
	index->ranges[index->count++] = (struct range){low, high, 0, value};
	return 0;
}

/* By rising start; of one start the preferred one last, because a search goes backwards. */
static int range_compare(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	if (a->high != b->high)
		return a->high > b->high ? -1 : 1;
	return (a->value < b->value) - (a->value > b->value);
}

void range_index_sort(struct range_index *index)
{
	uint64_t reach = 0;

	if (index->count > 0)
		qsort(index->ranges, index->count, sizeof(*index->ranges), range_compare);
	for (size_t i = 0; i < index->count; i++) {
		if (index->ranges[i].high > reach)
			reach = index->ranges[i].high;
		index->ranges[i].reach = reach;
	}
}

/* Number of ranges that start at or below an address. */
static size_t range_index_count_below(const struct range_index *index, uint64_t address)
{
	size_t first = 0, end = index->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (index->ranges[middle].low <= address)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

const struct range *range_index_find_range(const struct range_index *index, uint64_t address)
{
	size_t i = range_index_count_below(index, address);

	while (i-- > 0 && index->ranges[i].reach > address)
		if (index->ranges[i].high > address)
			return &index->ranges[i];
	return NULL;
}

size_t range_index_find(const struct range_index *index, uint64_t address)
{
	const struct range *range = range_index_find_range(index, address);

	return range ? range->value : RANGE_NONE;
}

void range_index_fini(struct range_index *index)
{
	free(index->ranges);
	*index = (struct range_index){0};
}
