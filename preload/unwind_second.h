/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_second.h - the second unwinder, libunwind, behind its own object file.
 */
#ifndef PRELOAD_UNWIND_SECOND_H
#define PRELOAD_UNWIND_SECOND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "unwind.h"

/**
 * unwind_second_open() - load it. At start-up only: it enters the dynamic loader.
 * @path: of libmemtrace-libunwind.so.
 *
 * Return: false = it cannot be used.
 */
bool unwind_second_open(const char *path);

/**
 * unwind_second_walk() - frame addresses of a stack, innermost first; after unwind_second_open().
 * @regs, @bounds: as for unwind_begin().
 * @status: set to UNWIND_FRAME when frame_max was too few, else to how the stack ended.
 *
 * Return: number of frames.
 */
size_t unwind_second_walk(const struct unwind_regs *regs, struct unwind_bounds *bounds,
			  uint64_t *frames, size_t frame_max, enum unwind_status *status);

/**
 * unwind_second_frame() - let a cursor stand on one of those addresses, so that unwind_location() and
 * unwind_set_location() can be used.
 * @cursor: unwind_begin() was called for it.
 */
void unwind_second_frame(struct unwind_cursor *cursor, uint64_t frame_address);

#endif
