/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_filter.c - counts recorded blocks by address.
 */
#include "sample_filter.h"

uint8_t sample_filter[1u << SAMPLE_FILTER_BITS];

void sample_filter_add(uintptr_t address)
{
	uint8_t *count = &sample_filter[sample_filter_index(address)];
	uint8_t old = mt_load_relaxed(count);

	while (old != SAMPLE_FILTER_FULL && !mt_cas_relaxed(count, &old, (uint8_t)(old + 1)))
		;
}

/* A full count no longer knows how many there are. */
void sample_filter_remove(uintptr_t address)
{
	uint8_t *count = &sample_filter[sample_filter_index(address)];
	uint8_t old = mt_load_relaxed(count);

	while (old != SAMPLE_FILTER_FULL && old != 0 &&
	       !mt_cas_relaxed(count, &old, (uint8_t)(old - 1)))
		;
}
