/* SPDX-License-Identifier: Apache-2.0 */
/*
 * module_table.h - which object file an address of code belongs to, and when that ceased to be true.
 *
 * Lock-free, in any thread and signal handler. Modules become known when an address in them is first asked
 * for. The loader generation rises whenever a known module is gone, so that whatever was remembered about
 * addresses can carry it in its key.
 */
#ifndef PRELOAD_MODULE_TABLE_H
#define PRELOAD_MODULE_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include "any_stack.h"
#include "hidden.h"
#include "memtrace/atomic.h"
#include "memtrace/format.h"

/* A copy: stays as it is when the module goes. */
struct module_info {
	uint64_t start, end;	       /* mapped range */
	uint64_t bias;		       /* run-time address - link-time address */
	uint64_t text_start, text_end; /* executable part; the mapped range if not known */
	uint64_t data_start,
		data_end;      /* readable part that holds the unwind tables; empty = none */
	uint64_t eh_frame_hdr; /* address; 0 = none */
	uint32_t slot;	       /* place in the table, for module_table_record() */
	uint32_t version;      /* of that slot */
};

/**
 * module_table_init() - look up the loader's functions, list the modules if it has none, read the
 * executable's path. Once, at start-up.
 */
void module_table_init(void);

/**
 * module_table_find() - the module that holds an address.
 *
 * Return: false = no known object file is mapped there; *info is not filled in.
 */
bool module_table_find(uint64_t pc, struct module_info *info);

/**
 * module_table_record() - index of a module's record in the trace file, written on first use.
 *
 * Return: MT_MODULE_NONE when there is no room; that is counted.
 */
uint32_t module_table_record(const struct module_info *info);

/**
 * module_table_note_unload() - a module may just have been unmapped: the loader called free().
 *
 * Looks at once, because another module may have the same link map and the same addresses before the next
 * walk. Takes some 30 ns for each known module.
 */
ANY_STACK void module_table_note_unload(void);

/* private; read by the inline functions below */
extern HIDDEN uint32_t module_table_is_stale;
extern HIDDEN uint32_t module_table_generation_count;

/* Compares every known module with what is mapped now; see module_table_check(). */
void module_table_refresh(void);

/**
 * module_table_check() - wait no longer for another thread's module_table_note_unload(). At the start of
 * each walk.
 */
static inline void module_table_check(void)
{
	if (__builtin_expect(mt_load_relaxed(&module_table_is_stale) != 0, 0))
		module_table_refresh();
}

/**
 * module_table_generation() - changes whenever an address may have changed its meaning; never 0.
 */
static inline uint16_t module_table_generation(void)
{
	return (uint16_t)(mt_load_acquire(&module_table_generation_count) % 0xffff + 1);
}

#endif
