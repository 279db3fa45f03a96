/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_place.c - hands out the places, each to one at a time and without waiting.
 */
#include "unwind_place.h"

#include "memtrace/atomic.h"
#include "module_table.h"

#define PLACE_COUNT 64u
#define PLACE_PAGE_BITS 12

static struct unwind_place places[PLACE_COUNT];

struct unwind_place *unwind_place_take(uint64_t pc)
{
	struct unwind_place *place = &places[(pc >> PLACE_PAGE_BITS) % PLACE_COUNT];
	uint32_t is_taken = 0;

	/* partner: unwind_place_give() */
	return mt_cas_acq_rel(&place->is_taken, &is_taken, 1) ? place : NULL;
}

void unwind_place_give(struct unwind_place *place)
{
	mt_store_release(&place->is_taken, 0);
}

bool unwind_place_find(struct unwind_place *place, const struct module_info *module, uint64_t pc)
{
	uint32_t generation = mt_load_acquire(&module_table_generation_count) + 1;

	if (place->generation == generation && pc >= place->frame.pc_start &&
	    pc < place->frame.pc_end)
		return true;
	place->cfi.at = NULL;
	place->generation = 0;
	if (!eh_frame_find(module, pc, &place->frame))
		return false;
	place->generation = generation;
	return true;
}
