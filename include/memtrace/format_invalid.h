/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format_invalid.h - part of format.h: the frees and reallocs of what was no live block.
 */
#ifndef MEMTRACE_FORMAT_INVALID_H
#define MEMTRACE_FORMAT_INVALID_H

#include <stdint.h>

#define MT_INVALID_MAX 256u /* records of one process */

enum mt_invalid_kind {
	MT_INVALID_FREED = 1,	 /* of a block that was freed before */
	MT_INVALID_INSIDE,	 /* of an address inside a live block */
	MT_INVALID_INSIDE_FREED, /* of an address inside a block that was freed before */
	MT_INVALID_FOREIGN,	 /* of what was never seen allocated, or freed too long ago */
};

enum mt_invalid_call {
	MT_INVALID_FREE = 1, /* free and its kin */
	MT_INVALID_REALLOC,
};

/* Whether they are put down. */
enum mt_invalid_reporting {
	MT_INVALID_NOT_KNOWN = 0, /* of an older tracer */
	MT_INVALID_NOT_REPORTED,
	MT_INVALID_REPORTED,
};

/* Frees and reallocs of what is no live block: one record for equal kinds and stacks. */
struct mt_invalid {
	uint32_t kind;	     /* enum mt_invalid_kind; 0 = not in use, or not yet */
	uint32_t call;	     /* enum mt_invalid_call */
	uint32_t node;	     /* innermost node of the stack of the call; 0 = not known, as below */
	uint32_t alloc_node; /* of the block's allocation */
	uint32_t freed_node; /* of its earlier free */
	uint32_t reserved;
	uint64_t count;
	uint64_t ns;		/* of the first such call, as all below */
	uint64_t address;	/* what it was called with */
	uint64_t block_address; /* start of the block; 0 = not known */
	uint64_t block_bytes;	/* its requested size */
};

_Static_assert(sizeof(struct mt_invalid) == 64, "invalid");

#endif
