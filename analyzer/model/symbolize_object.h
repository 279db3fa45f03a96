/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_object.h - one place that code comes from: a module of one or more snapshots, or what one process
 * compiled itself. Private to symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_OBJECT_H
#define MODEL_SYMBOLIZE_OBJECT_H

#include "base/arena.h"
#include "model/symbolize.h"
#include "model/symbolize_find.h"
#include "model/symbolize_names.h"

struct code_object;

/**
 * code_object_new() - find the files of a module; without a path there are none.
 * @find, @names: must outlive the object.
 *
 * Return: NULL when there is no memory.
 */
struct code_object *code_object_new(struct find *find, struct name_table *names,
				    const struct find_module *module);

/**
 * code_object_new_jit() - read what a process compiled itself.
 * @start_ns: when the process started, wall clock.
 *
 * Return: NULL when there is no memory.
 */
struct code_object *code_object_new_jit(struct find *find, struct name_table *names, int pid,
					uint64_t start_ns);

/**
 * code_object_free() - NULL is allowed.
 */
void code_object_free(struct code_object *object);

/**
 * code_object_frames() - frames of an address, innermost first.
 * @offset: link-time address; raw address of what a process compiled itself.
 * @arena: the frames are put there.
 * @frame_count: how many frames have a serial number already; raised by these.
 *
 * Return: at least one frame; none when there is no memory.
 */
struct frame_list code_object_frames(struct code_object *object, uint64_t offset,
				     struct arena *arena, uint32_t *frame_count);

#endif
