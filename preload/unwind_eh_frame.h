/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_eh_frame.h - finds the frame description that covers an address of code.
 */
#ifndef PRELOAD_UNWIND_EH_FRAME_H
#define PRELOAD_UNWIND_EH_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "module_table.h"

/* One FDE with its CIE; the pointers lie in the module's unwind tables and were checked against them. */
struct eh_frame {
	uint64_t pc_start, pc_end;
	const uint8_t *initial, *initial_end; /* instructions of the CIE */
	const uint8_t *program, *program_end; /* instructions of the FDE */
	uint64_t code_align;
	int64_t data_align;
	bool is_signal; /* the caller was interrupted, not calling */
};

/**
 * eh_frame_find() - the frame description for an address.
 * @module: where to look; nothing outside its data range is read.
 *
 * Return: false = there is none, or one of a kind that we do not read.
 */
bool eh_frame_find(const struct module_info *module, uint64_t pc, struct eh_frame *out);

#endif
