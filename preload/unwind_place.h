/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_place.h - the frame descriptions that were read last, one for each of some pages of code.
 *
 * A stack that is new has new addresses in functions that others have been seen in. The description is then not searched for,
 * and its instructions, thousands in a large function, are not run from the beginning.
 */
#ifndef PRELOAD_UNWIND_PLACE_H
#define PRELOAD_UNWIND_PLACE_H

#include <stdint.h>

#include "unwind_cfi.h"

struct unwind_place {
	uint32_t is_taken;
	uint32_t generation; /* of the loader, plus 1; 0 = there is no frame */
	struct eh_frame frame;
	struct cfi_place cfi;
};

/**
 * unwind_place_take() - the place of an address's page, for the caller alone.
 *
 * Return: NULL = another has it. Whoever is jumped out of by a signal handler keeps it for ever.
 */
struct unwind_place *unwind_place_take(uint64_t pc);

void unwind_place_give(struct unwind_place *place);

/**
 * unwind_place_find() - put the frame description for an address there.
 *
 * Return: as eh_frame_find().
 */
bool unwind_place_find(struct unwind_place *place, const struct module_info *module, uint64_t pc);

#endif
