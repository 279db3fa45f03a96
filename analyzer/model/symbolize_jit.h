/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_jit.h - functions that a program compiled itself, as it listed them in /tmp/perf-PID.map. Private to
 * symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_JIT_H
#define MODEL_SYMBOLIZE_JIT_H

#include <stdint.h>

struct jit_map;

/**
 * jit_map_new() - read the list of a process.
 * @sysroot: "" = none.
 * @start_ns: when the process started, wall clock; an older list is that of another process.
 *
 * Return: 0, also with an empty map when there is no list; -ENOMEM.
 */
int jit_map_new(const char *sysroot, int pid, uint64_t start_ns, struct jit_map **out);

/**
 * jit_map_free() - NULL is allowed.
 */
void jit_map_free(struct jit_map *map);

/**
 * jit_map_find() - the function that a run-time address belongs to, as the program names it; NULL if none.
 *
 * Where a later line covers the code of an earlier one, the later one holds: such code is moved and dropped
 * as the program runs.
 */
const char *jit_map_find(const struct jit_map *map, uint64_t address);

#endif
