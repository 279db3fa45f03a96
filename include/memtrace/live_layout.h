/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_layout.h - the table of live blocks in the traced process's private memory, for those who look at it
 * from outside (`memtrace info --verify`). Not a file format: both sides are always of one version, which
 * MT_LIVE_VERSION in the root confirms.
 *
 * A tree of slots. A slot holds a stripe (a small hash table) or eight further slots. Which slot of the root a
 * block belongs to is told by its address, which way it goes from there by the bits of mt_live_way(), where in a
 * stripe it lies by those of mt_live_hash(), both from the top. All addresses are those of the traced process.
 */
#ifndef MEMTRACE_LIVE_LAYOUT_H
#define MEMTRACE_LIVE_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "memtrace/atomic.h"

#define MT_LIVE_VERSION UINT64_C(0x6c69766500000005)
#define MT_LIVE_ROOT_BITS 4u
#define MT_LIVE_REGION_BITS 26u /* of an address: what lies above chooses the slot in the root */
#define MT_LIVE_FAN_BITS 3u
#define MT_LIVE_FAN (1u << MT_LIVE_FAN_BITS)
#define MT_LIVE_LARGE_MAX 256u

/*
 * A slot: low  = address of a stripe's marks + the number of its groups << 48, or of eight slots + MT_LIVE_NODE;
 *                + flags
 *         high = a tag unique in the process's life; + MT_LIVE_CLOSED, if that is set
 * A tag is a multiple of MT_LIVE_TAG_STEP + MT_LIVE_REUSED if the stripe's memory has been another one's.
 */
#define MT_LIVE_NODE UINT64_C(1)
#define MT_LIVE_CLOSED                                                                             \
	UINT64_C(2) /* never changes again: its seven neighbours and it are being replaced */
#define MT_LIVE_EMPTY UINT64_C(4)  /* no stripe yet */
#define MT_LIVE_REUSED UINT64_C(8) /* hints may be wrong */
#define MT_LIVE_FLAGS UINT64_C(0x3f)
#define MT_LIVE_ADDRESS_BITS 48u
#define MT_LIVE_TAG_STEP UINT64_C(16)

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

/*
 * A stripe has groups of eight entries. A block lies in the group that its hash names or in one of the next
 * MT_LIVE_REACH - 1, round and round. From the stripe's address on stand hints, which are denser: for each group
 * a word of marks, a byte an entry, 0 = free, else MT_LIVE_MARK + seven bits of the hash; then for each group a
 * byte that says how many groups further its blocks have been put, at most. Hints are right but where a thread
 * was so late that the memory had become another stripe. The entries, which alone say what lives, stand before
 * the address, the last one first.
 */
#define MT_LIVE_GROUP 8u
#define MT_LIVE_GROUPS_MAX 4095u
#define MT_LIVE_REACH 16u
#define MT_LIVE_MARK 0x80u

static inline uint32_t mt_live_groups(uint64_t slot_low)
{
	return (uint32_t)(slot_low >> MT_LIVE_ADDRESS_BITS);
}

/* Of a stripe's marks; its flags are all 0. */
static inline uint64_t mt_live_stripe_address(uint64_t slot_low)
{
	return slot_low << (64 - MT_LIVE_ADDRESS_BITS) >> (64 - MT_LIVE_ADDRESS_BITS);
}

static inline uint64_t mt_live_node_address(uint64_t slot_low)
{
	return slot_low & ~MT_LIVE_FLAGS;
}

/*
 * An entry: low = hash : 45, flags : 4, epoch : 12, low bits of an API block's address : 3
 *           high = site : 28, size : 35, frozen : 1
 * Free: low = a number unique in the process's life, or 0 when it has never been anything else : 45, flags : 4 =
 *       MT_LIVE_FREE, 0 : 15; high = the stripe's tag.
 * Both kinds are frozen when the stripe is being replaced and never change again.
 */
#define MT_LIVE_FLAG_SAMPLED 1u
#define MT_LIVE_FLAG_MOVED 2u /* has been through realloc */
#define MT_LIVE_FLAG_API 8u   /* reported by the program */
#define MT_LIVE_LARGE 4u      /* only in entries: the size is MT_LIVE_SIZE_MAX */
#define MT_LIVE_FREE (MT_LIVE_FLAG_API | MT_LIVE_FLAG_MOVED) /* no block has both */
#define MT_LIVE_HASH_SHIFT 19u
#define MT_LIVE_FLAG_SHIFT 15u
#define MT_LIVE_EPOCH_SHIFT 3u
#define MT_LIVE_SITE_SHIFT 36u
#define MT_LIVE_SIZE_SHIFT 1u
#define MT_LIVE_FROZEN UINT64_C(1)
#define MT_LIVE_SIZE_MAX ((UINT64_C(1) << 35) - 1) /* this: look into the large sizes */
#define MT_LIVE_SITE_MAX ((UINT64_C(1) << 28) - 1)
#define MT_LIVE_EPOCH_MAX 4095u

/* What an entry says, taken apart. */
struct mt_live_block {
	uint64_t address;
	uint64_t size; /* MT_LIVE_SIZE_MAX: look into the large sizes */
	uint32_t site; /* in the trace file */
	uint32_t epoch;
	uint32_t flags;
};

/* Whether an entry can hold it: others have the hash of a free entry, or of another address. */
static inline bool mt_live_has_address(uint64_t address)
{
	return (address >> 3) - 1 < (UINT64_C(1) << (MT_LIVE_ADDRESS_BITS - 3)) - 1;
}

static inline bool mt_live_is_block(struct mt_pair entry)
{
	return (entry.low >> MT_LIVE_FLAG_SHIFT & MT_LIVE_FREE) != MT_LIVE_FREE;
}

static inline struct mt_pair mt_live_free(uint64_t number, uint64_t tag)
{
	return (struct mt_pair){number << MT_LIVE_HASH_SHIFT | (uint64_t)MT_LIVE_FREE
								       << MT_LIVE_FLAG_SHIFT,
				tag};
}

/*
 * The address without its low three bits, mixed, in the top 45 bits. Both steps can be undone: different
 * addresses have different hashes, and an entry need not keep the address. The factor is (1 + the golden
 * section) / 2 of 2^45: multiples of 16 are spread as evenly as numbers can be.
 */
#define MT_LIVE_FACTOR UINT64_C(0x19e3779b97f5)
#define MT_LIVE_FACTOR_INVERSE UINT64_C(0x18a4e8f1c5d)

static inline uint64_t mt_live_hash(uint64_t address)
{
	uint64_t key = address >> 3;

	key ^= key >> 23;
	return key * (MT_LIVE_FACTOR << MT_LIVE_HASH_SHIFT);
}

/*
 * Blocks that lie near each other, in one area of 256 KiB, go one way as far as the first bits tell: a program that
 * goes through its memory in order meets one stripe after the other, which are in the caches while it does. The
 * further bits part an area that has more blocks than a stripe takes; mt_live_hash() has others for the place.
 */
#define MT_LIVE_AREA_BITS 18u
#define MT_LIVE_AREA_WAY_BITS 15u
#define MT_LIVE_AREA_FACTOR UINT64_C(0x9e3779b97f4a7c15) /* 2^64 by the golden section */
#define MT_LIVE_PLACE_BITS 20u				 /* of the hash: group and mark */

static inline uint64_t mt_live_way(uint64_t address, uint64_t hash)
{
	uint64_t area = (address >> MT_LIVE_AREA_BITS) * MT_LIVE_AREA_FACTOR;

	return (area >> (64 - MT_LIVE_AREA_WAY_BITS) << (64 - MT_LIVE_AREA_WAY_BITS)) |
	       hash << MT_LIVE_PLACE_BITS >> MT_LIVE_AREA_WAY_BITS;
}

static inline uint64_t mt_live_entry_hash(struct mt_pair entry)
{
	return entry.low >> MT_LIVE_HASH_SHIFT << MT_LIVE_HASH_SHIFT;
}

static inline uint64_t mt_live_unhash(uint64_t hash)
{
	uint64_t key =
		(hash >> MT_LIVE_HASH_SHIFT) * MT_LIVE_FACTOR_INVERSE & ((UINT64_C(1) << 45) - 1);

	return (key ^ key >> 23) << 3;
}

/* All but the address, of which only the low bits of an API block are set. */
static inline __attribute__((always_inline)) struct mt_live_block
mt_live_unpack_rest(struct mt_pair entry)
{
	return (struct mt_live_block){
		.address = entry.low & 7,
		.size = entry.high >> MT_LIVE_SIZE_SHIFT & MT_LIVE_SIZE_MAX,
		.site = (uint32_t)(entry.high >> MT_LIVE_SITE_SHIFT),
		.epoch = (uint32_t)(entry.low >> MT_LIVE_EPOCH_SHIFT & MT_LIVE_EPOCH_MAX),
		.flags = (uint32_t)(entry.low >> MT_LIVE_FLAG_SHIFT & 15 & ~MT_LIVE_LARGE),
	};
}

static inline struct mt_live_block mt_live_unpack(struct mt_pair entry)
{
	struct mt_live_block block = mt_live_unpack_rest(entry);

	block.address |= mt_live_unhash(entry.low);
	return block;
}

/* size: of the block, or MT_LIVE_SIZE_MAX. */
static inline __attribute__((always_inline)) struct mt_pair
mt_live_pack(const struct mt_live_block *block, uint64_t hash, uint64_t size)
{
	uint64_t low_bits = block->flags & MT_LIVE_FLAG_API ? block->address & 7 : 0;
	uint64_t flags = block->flags | (size == MT_LIVE_SIZE_MAX ? MT_LIVE_LARGE : 0);

	return (struct mt_pair){hash | flags << MT_LIVE_FLAG_SHIFT |
					(uint64_t)block->epoch << MT_LIVE_EPOCH_SHIFT | low_bits,
				(uint64_t)block->site << MT_LIVE_SITE_SHIFT |
					size << MT_LIVE_SIZE_SHIFT};
}

/* Blocks of the two kinds may have one address. */
static inline uint64_t mt_live_large_key(uint64_t address, bool is_api)
{
	return address | (uint64_t)is_api << 63;
}

#endif
