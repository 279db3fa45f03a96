/* SPDX-License-Identifier: Apache-2.0 */
/*
 * example.h - the process that file_builder_example() tells of, and what a reader must make of it.
 *
 * Three stacks under two kinds of thread (innermost first):
 *
 *   A  app+0x2000 < app+0x1000 < [main]       in two shards, and once more as an equal node
 *   B  app+0x1000 < lib+0x300 < [worker-#]    counts beyond 2^32
 *   C  app+0x1000 < [main]                    alive since before the fork
 *
 * The live file has two equal locations (3, 6) and two pairs of equal nodes (2 and 4, 3 and 5).
 */
#ifndef UNIT_EXAMPLE_H
#define UNIT_EXAMPLE_H

#include "memtrace/format.h"

#define EXAMPLE_APP "/usr/bin/app"
#define EXAMPLE_LIB "/usr/lib/libexample.so.1"
#define EXAMPLE_LABEL "before the load"

#define EXAMPLE_APP_OUTER 0x1000
#define EXAMPLE_APP_INNER 0x2000
#define EXAMPLE_LIB_INNER 0x300

enum {
	/* A: 10 + 0 + 5 allocations, 4 + 2 + 0 frees */
	EXAMPLE_A_ALLOC_COUNT = 15,
	EXAMPLE_A_FREE_COUNT = 6,
	EXAMPLE_A_ALLOC_BYTES = 1050,
	EXAMPLE_A_FREED_BYTES = 400,
	EXAMPLE_A_LIVE_BYTES = 650,
	EXAMPLE_A_PEAK_BYTES = 800,    /* what the site says: its entries are several */
	EXAMPLE_A_AT_PEAK_BYTES = 550, /* 600 and -100 at peak 5; 50 since before */
	EXAMPLE_A_REALLOC_COUNT = 1,
	EXAMPLE_A_TEMPORARY_COUNT = 2,
	EXAMPLE_A_SIZE_7 = 8, /* bucket 7: 64..127 bytes: all the first shard's other ones */
	EXAMPLE_A_SIZE_9 = 2, /* bucket 9: side record */
	EXAMPLE_A_SIZE_4 = 5, /* bucket 4: all of the third entry */
	/* C: inherited 3 blocks of 96 bytes, one of 32 bytes freed since */
	EXAMPLE_C_INHERITED_BLOCKS = 3,
	EXAMPLE_C_INHERITED_BYTES = 96,
	EXAMPLE_C_FREED_BYTES = 32,
};

/* B */
#define EXAMPLE_B_ALLOC_COUNT (INT64_C(10000000000))
#define EXAMPLE_B_ALLOC_BYTES (INT64_C(1) << 45)
#define EXAMPLE_B_FREE_COUNT (INT64_C(9999999999))
#define EXAMPLE_B_FREED_BYTES ((INT64_C(1) << 45) - 4096)
#define EXAMPLE_B_LIVE_BYTES INT64_C(4096)
#define EXAMPLE_B_PEAK_BYTES INT64_C(4096) /* its peak is older than the reset: starts again */

#define EXAMPLE_PEAK_BYTES INT64_C(70000)
#define EXAMPLE_SITE_COUNT 3
#define EXAMPLE_EVENT_DROPS 2

#endif
