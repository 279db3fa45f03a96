/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard.h - sets of counters that one thread writes at a time, so that threads share no cache lines.
 *
 * Layer 2. Exclusive shards are handed from thread to thread with their contents; when all are taken,
 * further threads use one of the shared ones, whose counters are added to with locked instructions. Events
 * inside an event have a shared shard of their own. Nothing is ever folded or moved.
 */
#ifndef PRELOAD_SHARD_H
#define PRELOAD_SHARD_H

#include <stdbool.h>
#include <stdint.h>

#include "id_index.h"
#include "memtrace/format.h"

struct shard {
	struct mt_shard *record;  /* in the trace file */
	struct id_index counters; /* site -> id of its entry in COUNTERS */
	uint64_t chunk;		  /* next << 32 | end: ids of COUNTERS set aside for this shard */
	uint16_t number;
	bool is_shared;
};

/* Once per process, and again in a forked child: all shards free and empty. */
void shard_init(void);

/*
 * shard_acquire() - a shard for a thread; an exclusive one if there is any.
 * @tid: of the thread, kept for the reader.
 */
struct shard *shard_acquire(int tid);

/* Gives an exclusive shard back; its contents stay. Does nothing for shared ones. */
void shard_release(struct shard *shard);

/* For events inside events and for threads in their last moments. */
struct shard *shard_overflow(void);

/*
 * Entry in COUNTERS of a site (index into SITES) in this shard, made on first use; NULL for site 0 and when
 * there is no room.
 */
struct mt_counters *shard_counters(struct shard *shard, uint32_t site, uint32_t epoch);

#endif
