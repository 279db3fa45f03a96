/* SPDX-License-Identifier: Apache-2.0 */
/*
 * live_read.c - reads the table of live blocks in a traced process's memory.
 *
 * A stripe is copied whole. If its slot still holds it afterwards, it was in use all the time, and what was
 * copied are blocks of that time; else the copy is thrown away and the slot is read again. Eight slots that have
 * been put together meanwhile may have been counted in part: then all is read again.
 */
#include "model/live_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memtrace/live_layout.h"
#include "memtrace/sampling.h"
#include "model/process_memory.h"

#define TRY_COUNT 100
#define ENTRIES_MAX (MT_LIVE_GROUPS_MAX * MT_LIVE_GROUP)
#define DEPTH_MAX 20u	     /* levels of a tree over the bits of a hash */
#define SLOTS_MAX (1u << 24) /* with a page or more each: 64 GiB of table */

struct live_reader {
	pid_t pid;
	struct mt_live_large large[MT_LIVE_LARGE_MAX];
	uint64_t sample_bytes;
	struct mt_pair *entries; /* of one stripe */
	struct live_sum *sums;
	size_t site_count;
	size_t slots_left; /* a tree that leads back into itself must end */
};

static int read_slot(struct live_reader *reader, uint64_t slot_address, unsigned int depth);

static uint64_t large_size(struct live_reader *reader, const struct mt_live_block *block)
{
	uint64_t key = mt_live_large_key(block->address, (block->flags & MT_LIVE_FLAG_API) != 0);

	for (size_t i = 0; i < MT_LIVE_LARGE_MAX; i++) {
		if (reader->large[i].address == key)
			return reader->large[i].size;
	}
	return MT_LIVE_SIZE_MAX;
}

static void add_block(struct live_reader *reader, struct mt_pair entry)
{
	struct mt_live_block block = mt_live_unpack(entry);
	uint64_t weight = 1;

	if (block.size == MT_LIVE_SIZE_MAX)
		block.size = large_size(reader, &block);
	if (block.site >= reader->site_count)
		return;
	if (block.flags & MT_LIVE_FLAG_SAMPLED)
		weight = mt_sample_weight(block.size, reader->sample_bytes);
	reader->sums[block.site].block_count += (int64_t)weight;
	reader->sums[block.site].bytes += (int64_t)(weight * block.size);
}

/* Return: 1 = what the slot holds is the same, be it closed or not, 0 = not, or a negative errno. */
static int is_same_slot(struct live_reader *reader, uint64_t slot_address, struct mt_pair slot)
{
	struct mt_pair now;
	int result = process_memory_read(reader->pid, slot_address, &now, sizeof(now));

	if (result < 0)
		return result;
	return ((now.low ^ slot.low) & ~MT_LIVE_CLOSED) == 0 &&
	       ((now.high ^ slot.high) & ~MT_LIVE_CLOSED) == 0;
}

/* Return: 1 done, 0 it was replaced meanwhile, or a negative errno. */
static int read_stripe(struct live_reader *reader, uint64_t slot_address, struct mt_pair slot)
{
	uint32_t count = mt_live_groups(slot.low) * MT_LIVE_GROUP;
	int result;

	if (count > ENTRIES_MAX)
		return 0;
	result = process_memory_read(reader->pid,
				     mt_live_stripe_address(slot.low) -
					     count * sizeof(*reader->entries),
				     reader->entries, count * sizeof(*reader->entries));
	if (result == 0)
		result = is_same_slot(reader, slot_address, slot);
	if (result <= 0)
		return result == -EFAULT ? 0 : result;
	for (uint32_t i = 0; i < count; i++) {
		if (mt_live_is_block(reader->entries[i]))
			add_block(reader, reader->entries[i]);
	}
	return 1;
}

static int read_node(struct live_reader *reader, uint64_t slot_address, struct mt_pair slot,
		     unsigned int depth)
{
	uint64_t address = mt_live_node_address(slot.low);
	int result = depth < DEPTH_MAX ? 0 : -ENOTSUP, still;

	for (unsigned int i = 0; result == 0 && i < MT_LIVE_FAN; i++)
		result = read_slot(reader, address + i * sizeof(struct mt_pair), depth + 1);
	/* else what was read may have been slots of elsewhere */
	still = is_same_slot(reader, slot_address, slot);
	return still > 0 ? result : still < 0 ? still : -ESTALE;
}

static int read_slot(struct live_reader *reader, uint64_t slot_address, unsigned int depth)
{
	if (reader->slots_left-- == 0)
		return -ENOTSUP;
	for (int i = 0; i < TRY_COUNT; i++) {
		struct mt_pair slot;
		int result = process_memory_read(reader->pid, slot_address, &slot, sizeof(slot));

		if (result < 0 || (slot.low & MT_LIVE_EMPTY) != 0)
			return result;
		if ((slot.low & MT_LIVE_NODE) != 0)
			return read_node(reader, slot_address, slot, depth);
		/* closed or open, it is the same stripe */
		slot.low &= ~MT_LIVE_CLOSED;
		slot.high &= ~MT_LIVE_CLOSED;
		result = read_stripe(reader, slot_address, slot);
		if (result != 0)
			return result < 0 ? result : 0;
	}
	return -EAGAIN;
}

static int read_table(struct live_reader *reader, uint64_t root_address)
{
	struct mt_live_root root;
	int result = process_memory_read(reader->pid, root_address, &root, sizeof(root));

	if (result < 0)
		return result;
	if (root.version != MT_LIVE_VERSION)
		return -ENOTSUP;
	result = process_memory_read(reader->pid, root.large, reader->large, sizeof(reader->large));
	for (unsigned int i = 0; result == 0 && i < 1u << MT_LIVE_ROOT_BITS; i++)
		result = read_slot(reader,
				   root_address + offsetof(struct mt_live_root, slots) +
					   i * sizeof(struct mt_pair),
				   0);
	return result;
}

int live_read(pid_t pid, uint64_t root, uint64_t sample_bytes, struct live_sum *sums,
	      size_t site_count, struct error *error)
{
	struct live_reader reader = {.pid = pid,
				     .sample_bytes = sample_bytes,
				     .sums = sums,
				     .site_count = site_count};
	int result = -ESTALE;

	reader.entries = malloc(ENTRIES_MAX * sizeof(*reader.entries));
	if (reader.entries == NULL)
		return error_set(error, -ENOMEM, "out of memory");
	for (int i = 0; i < TRY_COUNT && result == -ESTALE; i++) {
		memset(sums, 0, site_count * sizeof(*sums));
		reader.slots_left = SLOTS_MAX;
		result = read_table(&reader, root);
	}
	free(reader.entries);
	switch (result) {
	case 0:
		return 0;
	case -ENOTSUP:
		return error_set(error, result,
				 "process %d: its table of live blocks is of another version",
				 (int)pid);
	case -EAGAIN:
	case -ESTALE:
		return error_set(error, result,
				 "process %d: its table of live blocks changes too fast to be read",
				 (int)pid);
	default:
		return error_set(error, result,
				 "process %d: its memory cannot be read: %s; run as its user or "
				 "with CAP_SYS_PTRACE",
				 (int)pid, strerror(-result));
	}
}
