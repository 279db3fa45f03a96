/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_layout.h - the table of live blocks in the traced process's private memory, for those who look at it
 * from outside (`memtrace info --verify`). Not a file format: both sides are always of one version, which
 * MT_LIVE_VERSION in the root confirms.
 *
 * A tree of slots. A slot holds a stripe (a small hash table) or eight further slots. Which way a block goes
 * is told by the bits of mt_live_hash(), from the top; where in a stripe by its low 32 bits. All addresses
 * are those of the traced process.
 */
#ifndef MEMTRACE_LIVE_LAYOUT_H
#define MEMTRACE_LIVE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/atomic.h"

#define MT_LIVE_VERSION UINT64_C(0x6c69766500000002)
#define MT_LIVE_ROOT_BITS 4u
#define MT_LIVE_FAN_BITS 3u
#define MT_LIVE_LARGE_MAX 256u

/* low: address of a stripe, or address | 1 of eight slots; 0 = empty. high: the stripe's tag. */
struct mt_live_root {
	uint64_t version;
	uint64_t large; /* address of struct mt_live_large[MT_LIVE_LARGE_MAX] */
	struct mt_pair slots[1u << MT_LIVE_ROOT_BITS];
};

/* Sizes that do not fit into an entry. */
struct mt_live_large {
	uint64_t address; /* mt_live_large_key() of the block; 0 = free */
	uint64_t size;
};

#define MT_LIVE_BUCKET 4u /* entries: one cache line */
#define MT_LIVE_REACH 8u  /* buckets behind its own in which an entry may lie */

/*
 * 64 bytes, then bucket_count + MT_LIVE_REACH buckets of entries, then for each MT_LIVE_SPILLS buckets a pair:
 * low holds a byte a bucket that counts the entries of that bucket that lie behind it (255: that many or more),
 * high the complement of the tag, so that a late thread's change of a stripe that was replaced fails.
 */
#define MT_LIVE_SPILLS 8u

struct mt_live_stripe {
	uint64_t tag; /* unique in the process's life; in every empty entry too */
	uint32_t bucket_count;
	uint32_t pages;	       /* of memory, this header included */
	int64_t sampled_count; /* entries whose hash has MT_LIVE_SAMPLE_MASK bits zero */
	uint32_t level;	       /* hash bits used up on the way here */
	uint8_t pad[36];
};

/*
 * An entry: low = address >> 3 : 45, flags : 3, size bits 0-15 : 16
 *           high = site : 32, size bits 16-34 : 19, frozen : 1, epoch : 12
 * Empty: {0, tag}; empty in a stripe that is being replaced: {1, tag}. A frozen entry never changes again.
 */
#define MT_LIVE_FLAG_SAMPLED 1u
#define MT_LIVE_FLAG_API                                                                           \
	2u /* reported by the program: the address's low three bits are size bits 32-34 */
#define MT_LIVE_FLAG_MOVED 4u /* has been through realloc */
#define MT_LIVE_FROZEN (UINT64_C(1) << 12)
#define MT_LIVE_EMPTY_FROZEN UINT64_C(1)
#define MT_LIVE_SIZE_MAX ((UINT64_C(1) << 35) - 1) /* this: look into the large sizes */
#define MT_LIVE_API_SIZE_MAX ((UINT64_C(1) << 32) - 1)
#define MT_LIVE_EPOCH_MAX 4095u
#define MT_LIVE_SAMPLE_MASK UINT64_C(0xf00)

/* What an entry says, taken apart. */
struct mt_live_block {
	uint64_t address;
	uint64_t size; /* MT_LIVE_SIZE_MAX: look into the large sizes */
	uint32_t site; /* index into SITES, 0 = of no known stack */
	uint32_t epoch;
	uint32_t flags;
};

static inline bool mt_live_is_block(struct mt_pair entry)
{
	return entry.low > MT_LIVE_EMPTY_FROZEN;
}

static inline struct mt_live_block mt_live_unpack(struct mt_pair entry)
{
	struct mt_live_block block;
	uint64_t size = (entry.low & 0xffff) | (entry.high >> 13 & 0x7ffff) << 16;

	block.address = entry.low >> 19 << 3;
	block.flags = (uint32_t)(entry.low >> 16 & 7);
	block.site = (uint32_t)(entry.high >> 32);
	block.epoch = (uint32_t)(entry.high & MT_LIVE_EPOCH_MAX);
	if (block.flags & MT_LIVE_FLAG_API) {
		block.address |= size >> 32;
		size &= MT_LIVE_API_SIZE_MAX;
		block.size = size == MT_LIVE_API_SIZE_MAX ? MT_LIVE_SIZE_MAX : size;
	} else {
		block.size = size;
	}
	return block;
}

static inline struct mt_pair mt_live_pack(const struct mt_live_block *block)
{
	uint64_t size = block->size;

	if (block->flags & MT_LIVE_FLAG_API) {
		if (size > MT_LIVE_API_SIZE_MAX)
			size = MT_LIVE_API_SIZE_MAX;
		size |= (block->address & 7) << 32;
	} else if (size > MT_LIVE_SIZE_MAX) {
		size = MT_LIVE_SIZE_MAX;
	}
	return (struct mt_pair){block->address >> 3 << 19 | (uint64_t)block->flags << 16 |
					(size & 0xffff),
				(uint64_t)block->site << 32 | (size >> 16) << 13 | block->epoch};
}

/* Blocks of the two kinds may have one address. */
static inline uint64_t mt_live_large_key(uint64_t address, bool is_api)
{
	return address | (uint64_t)is_api << 63;
}

/* Mixes all bits of the address; blocks of the two kinds differ. */
static inline uint64_t mt_live_hash(uint64_t address, bool is_api)
{
	uint64_t h = (address ^ (uint64_t)is_api << 63) * UINT64_C(0x9e3779b97f4a7c15);

	h ^= h >> 32;
	h *= UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

_Static_assert(sizeof(struct mt_live_stripe) == 64, "stripe");

#endif
