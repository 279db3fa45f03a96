/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_process.h - modules of a process that still runs, where their paths lead to nothing or to something
 * else: deleted, replaced, or in another root directory. Private to symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_PROCESS_H
#define MODEL_SYMBOLIZE_PROCESS_H

#include "model/symbolize_find.h"

/**
 * process_root_open() - open a module below the root directory of its process, as in a container.
 * process_mapping_open() - get at a module that has no name any more through the process that maps it.
 * @module: pid and build ID must be known.
 *
 * Return: NULL if it cannot be got at, or has another build ID.
 */
struct elf_file *process_root_open(const struct find_module *module);
struct elf_file *process_mapping_open(const struct find_module *module);

#endif
