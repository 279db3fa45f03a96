/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_minidebug.h - the compressed symbol table that some distributions leave in stripped files.
 * Private to symbolize*.c.
 */
#ifndef MODEL_SYMBOLIZE_MINIDEBUG_H
#define MODEL_SYMBOLIZE_MINIDEBUG_H

#include <gelf.h>

#include "model/symbolize_elf.h"

/**
 * minidebug_read() - hand out the symbols of .gnu_debugdata, if there is such a section.
 * @add: called once for each symbol in a code section; @name is gone when this function returns. Other than
 *       0 ends the reading and is returned.
 *
 * Return: 0, also when there is no such section or it cannot be read; what @add returned.
 */
int minidebug_read(const struct elf_file *file,
		   int (*add)(void *context, const GElf_Sym *symbol, const char *name,
			      uint64_t section_end),
		   void *context);

#endif
