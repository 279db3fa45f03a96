/* SPDX-License-Identifier: Apache-2.0 */
/*
 * symbolize_symbols.h - functions of one module by its symbol tables. Private to symbolize*.c.
 *
 * An address has a symbol only if it lies inside the symbol's own size. Symbols without a size (assembler)
 * end where the next one starts and at the end of their section, and are left out where the table of all
 * symbols was stripped, because what follows them is then unknown; inside a function with a size they are
 * labels of that.
 *
 * Of several symbols of one address: visible to other modules before local, function before untyped, fewer
 * leading underscores before more (C libraries pair a weak "strdup" with a global "__strdup"), global before
 * weak, then the shorter name, then by the alphabet.
 */
#ifndef MODEL_SYMBOLIZE_SYMBOLS_H
#define MODEL_SYMBOLIZE_SYMBOLS_H

#include "model/symbolize_find.h"

struct symbol {
	uint64_t low, high; /* link-time addresses, [low, high) */
	const char *name;   /* as in the table */
	bool is_unsized, is_local, is_untyped, is_weak;
};

struct symbol_index;

/**
 * symbol_index_new() - read the tables of a module: .symtab of either file, else .dynsym and .gnu_debugdata.
 * @files: must stay open as long as the index.
 *
 * Return: 0 or -ENOMEM. A damaged table counts as shorter.
 */
int symbol_index_new(const struct find_result *files, struct symbol_index **out);
void symbol_index_free(struct symbol_index *index);

/**
 * symbol_index_find() - the symbol that covers an address; NULL if there is none.
 */
const struct symbol *symbol_index_find(const struct symbol_index *index, uint64_t address);

#endif
