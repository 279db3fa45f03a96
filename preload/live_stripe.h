/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_stripe.h - one stripe of the table of live blocks: what it holds, and how it is replaced.
 *
 * Layer 2, private to live_*.
 */
#ifndef PRELOAD_LIVE_STRIPE_H
#define PRELOAD_LIVE_STRIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "live_memory.h"
#include "live_path.h"
#include "memtrace/atomic.h"
#include "memtrace/live_layout.h"

/* How full new stripes are on the mean, and at which fill a stripe is worth replacing by a smaller one. */
#define LIVE_FILL_PERCENT 72u
#define LIVE_SPARSE_PERCENT 57u

/* One that would grow further is split. Its blocks may all go one way, so there is room for larger ones. */
#define LIVE_STRIPE_PAGES_MAX 40u
/* Stripes in the root grow and shrink more generously: most programs use one or two of them. */
#define LIVE_LOOSE_PAGES 32u
#define LIVE_LOOSE_SPARSE_PERCENT 8u
/* A small one stays as it is: who allocates and frees by turns would make it anew each time. */
#define LIVE_KEPT_ROOT_PAGES 8u

uint32_t live_stripe_pages(uint64_t low);
/* Pages in which so many blocks lie as loosely as they are meant to. */
uint32_t live_stripe_pages_for(uint64_t blocks);

/* A slot's value with a new stripe; .low = 0 when there is no memory. */
struct mt_pair live_stripe_new(uint32_t page_count);
/* Gives back the memory of a stripe that is in no slot. */
void live_stripe_free(struct mt_pair value);

/* Of a node or another slot that begins anew. */
uint64_t live_tag_next(void);

/* Blocks in so many groups from the first one on, quickly, by the hints. */
uint64_t live_stripe_count(uint64_t low, uint64_t first, uint64_t group_count);

/*
 * live_stripe_freeze() - after this nothing in the stripe changes any more.
 * @slot: holds tag as long as the stripe is worth freezing.
 *
 * Return: how many blocks it holds, or LIVE_NOT_FROZEN: the slot has changed, freezing ended early.
 */
#define LIVE_NOT_FROZEN UINT64_MAX

uint64_t live_stripe_freeze(const struct mt_pair *slot, uint64_t tag, uint64_t low);

/* Blocks of a group may lie so many groups further from now on. */
void live_stripe_raise_reach(uint64_t low, uint64_t group, uint8_t groups);

/* Fills eight slots that are in no table yet, in memory that threads which are late may still look at. */
void live_slots_write(struct mt_pair *slots, const struct mt_pair values[MT_LIVE_FAN]);

/* Into a stripe that nobody else knows yet; false = no place. */
bool live_stripe_add(uint64_t low, struct mt_pair entry);
/* All blocks of a frozen stripe. */
bool live_stripe_add_all(uint64_t low, uint64_t from_low);

/*
 * live_stripe_replace() - freeze the stripe of a path and put one (or eight) of the right size in its place;
 * also makes the first stripe of an empty slot. Any number of threads may do this at once: one of them wins.
 * @least_pages: of the new one; 0 = as its blocks need. More than a stripe can have: eight are made.
 *
 * Return: false = no memory.
 */
bool live_stripe_replace(const struct live_path *path, uint32_t least_pages);

#endif
