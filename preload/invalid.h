/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid.h - frees and reallocs of what is no live block: what they were of, and the stacks that explain it.
 *
 * Layer 3. Only with MEMTRACE_REPORT_INVALID; nothing is kept from the allocator, which does with such a call
 * what it always does.
 */
#ifndef PRELOAD_INVALID_H
#define PRELOAD_INVALID_H

#include <stdbool.h>
#include <stdint.h>

#include "hidden.h"
#include "memtrace/format.h"
#include "memtrace/live_layout.h"
#include "options.h"

/* Whether frees are looked at. Written once, before the first event. */
extern HIDDEN bool invalid_is_on;

/*
 * Once, at start-up. trace_path: of this process's file, for the line that is said at the first such call; may
 * change.
 */
void invalid_init(const struct options *options, const char *trace_path);

/* A block was freed by the stack that ends in a node. */
void invalid_note_free(const struct mt_live_block *block, uint32_t node);

/* Recording was switched on or off: what the allocator did meanwhile is not known. */
void invalid_forget(void);

/* A call whose argument is no live block. errno may change. */
void invalid_report(uint64_t address, enum mt_invalid_call call, uint32_t node);

#endif
