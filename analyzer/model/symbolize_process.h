/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_process.h - modules of a process that still runs, where their paths lead to nothing or to something
 * else: deleted, replaced, or in another root directory. Private to symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_PROCESS_H
#define MODEL_SYMBOLIZE_PROCESS_H

#include "model/symbolize_find.h"

/**
 * process_module_open() - get at a module through the process that maps it.
 * @module: pid and build ID must be known.
 *
 * Return: NULL if it cannot be got at, or has another build ID.
 */
struct elf_file *process_module_open(const struct find_module *module);

#endif
