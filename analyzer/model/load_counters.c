/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_counters.c - copies the counters so that each stack's are consistent in themselves, while their
 * owners go on adding to them.
 *
 * An entry that reads the same twice, one read after the other, with an even version, was not being
 * written: a write makes the version odd before and a different even number after, and of the two reads
 * one lies wholly outside it. A stack with entries in several shards is consistent when all of them read
 * the same in two passes over all. Where that fails on every try, what was freed is taken from the first
 * pass and what was allocated from the second, so that no block is freed that was not allocated, and the
 * row is marked.
 *
 * Entries are found by going through the table once, by the stack that each names: lists of a damaged file
 * could lead in circles, and an entry not yet linked to its site counts as well.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "model/load.h"

#define PIECE_ENTRIES 512u
#define TRY_COUNT 4u
#define GROUP_MAX 1024u /* entries of one stack that are read again together */

/* Two copies of some entries, one read after the other. */
struct passes {
	unsigned char *bytes[2];
	size_t entry_size;
};

static int passes_init(struct load *load, struct passes *passes, size_t entries)
{
	size_t entry_size = load->counters_layout.entry_size;

	*passes = (struct passes){.entry_size = entry_size};
	passes->bytes[0] = malloc(2 * entries * entry_size + 1);
	if (passes->bytes[0] == NULL)
		return error_set(load->reader.error, -ENOMEM, "%s: out of memory",
				 load->reader.name);
	passes->bytes[1] = passes->bytes[0] + entries * entry_size;
	return 0;
}

static bool is_even(const struct mt_counters *entry)
{
	return (entry->version & 1) == 0 || (entry->flags & MT_COUNTERS_SHARED) != 0;
}

/* Decodes entry i of both passes; returns whether it was not being written. */
static bool settle(const struct load *load, const struct passes *passes, size_t i,
		   struct mt_counters *out)
{
	const unsigned char *first = passes->bytes[0] + i * passes->entry_size;
	const unsigned char *second = passes->bytes[1] + i * passes->entry_size;
	struct mt_counters before;

	columns_decode(&load->columns, second, out);
	if (memcmp(first, second, passes->entry_size) == 0)
		return is_even(out);
	columns_decode(&load->columns, first, &before);
	out->free_count = before.free_count;
	out->freed_bytes = before.freed_bytes;
	return false;
}

/* Decodes entry i of one pass, where nobody writes any more. */
static bool take(const struct load *load, const struct passes *passes, size_t i,
		 struct mt_counters *out)
{
	columns_decode(&load->columns, passes->bytes[0] + i * passes->entry_size, out);
	return is_even(out);
}

static int read_piece(struct load *load, struct passes *passes, size_t first, size_t count)
{
	const struct reader_layout *layout = &load->counters_layout;
	int result = reader_read(&load->reader, layout, first, count, passes->bytes[0]);

	if (result == 0 && load->is_running)
		result = reader_read(&load->reader, layout, first, count, passes->bytes[1]);
	for (size_t i = 0; result == 0 && i < count; i++) {
		struct mt_counters *entry = &load->entries[first + i];
		bool is_settled = load->is_running ? settle(load, passes, i, entry)
						   : take(load, passes, i, entry);

		if (!is_settled && load->reader.is_live)
			entry->flags |= MT_COUNTERS_APPROXIMATE;
	}
	return result;
}

int load_counters(struct load *load)
{
	struct passes passes;
	int result = reader_layout(&load->reader, MT_SECTION_COUNTERS, load->columns.entry_size_min,
				   &load->counters_layout);

	if (result < 0)
		return result;
	load->entry_count = load->counters_layout.count;
	if (load->entry_count > UINT32_MAX)
		return reader_refuse(&load->reader, "%zu counters: more than can be read",
				     load->entry_count);
	load->entries = reader_alloc(&load->reader, load->entry_count, sizeof(*load->entries));
	if (load->entries == NULL)
		return -EBADMSG;
	result = passes_init(load, &passes, PIECE_ENTRIES);
	for (size_t first = 0; result == 0 && first < load->entry_count; first += PIECE_ENTRIES) {
		size_t left = load->entry_count - first;

		result = read_piece(load, &passes, first,
				    left < PIECE_ENTRIES ? left : PIECE_ENTRIES);
	}
	free(passes.bytes[0]);
	return result;
}

static bool is_empty(const struct mt_counters *entry)
{
	return entry->alloc_count == 0 && entry->free_count == 0 && entry->side == 0;
}

int load_groups(struct load *load)
{
	size_t node_count = load->snapshot->node_count;

	load->entry_next = reader_alloc(&load->reader, load->entry_count, sizeof(uint32_t));
	load->entry_first = reader_alloc(&load->reader, node_count, sizeof(uint32_t));
	load->entry_first_count = node_count;
	if (load->entry_next == NULL || load->entry_first == NULL)
		return -EBADMSG;
	for (size_t i = load->entry_count; i-- > 1;) {
		const struct mt_counters *entry = &load->entries[i];
		uint32_t node = entry->node < load->node_of_count ? load->node_of[entry->node] : 0;

		if (node == 0) {
			load->snapshot->skipped_count += entry->node != 0 && !is_empty(entry);
			continue;
		}
		load->entry_next[i] = load->entry_first[node];
		load->entry_first[node] = (uint32_t)i;
	}
	if (load->snapshot->skipped_count > 0 && !load->reader.is_live)
		return reader_refuse(&load->reader,
				     "damaged: counters of a stack that is not there");
	return 0;
}

static bool is_worth_reading_again(const struct load *load, uint32_t first)
{
	return load->entry_next[first] != 0 ||
	       (load->entries[first].flags & MT_COUNTERS_APPROXIMATE) != 0;
}

static int read_group(struct load *load, struct passes *passes, uint32_t first, size_t *count)
{
	int result = 0;

	for (int pass = 0; pass < 2; pass++) {
		*count = 0;
		for (uint32_t id = first; result == 0 && id != 0 && *count < GROUP_MAX;
		     id = load->entry_next[id])
			result = reader_read(&load->reader, &load->counters_layout, id, 1,
					     passes->bytes[pass] + (*count)++ * passes->entry_size);
	}
	return result;
}

static int reread_group(struct load *load, struct passes *passes, uint32_t first)
{
	bool is_settled = false;

	for (unsigned int i = 0; i < TRY_COUNT && !is_settled; i++) {
		size_t count, index = 0;
		int result = read_group(load, passes, first, &count);

		if (result < 0)
			return result;
		is_settled = true;
		for (uint32_t id = first; index < count; id = load->entry_next[id]) {
			uint32_t node = load->entries[id].node;

			is_settled =
				settle(load, passes, index++, &load->entries[id]) && is_settled;
			load->entries[id].node = node;
		}
	}
	load->entries[first].flags &= (uint8_t)~MT_COUNTERS_APPROXIMATE;
	if (!is_settled)
		load->entries[first].flags |= MT_COUNTERS_APPROXIMATE;
	return 0;
}

int load_reread(struct load *load)
{
	struct passes passes;
	int result;

	if (!load->is_running)
		return 0;
	result = passes_init(load, &passes, GROUP_MAX);
	for (size_t node = 1; result == 0 && node < load->snapshot->node_count; node++) {
		uint32_t first = load->entry_first[node];

		if (first != 0 && is_worth_reading_again(load, first))
			result = reread_group(load, &passes, first);
	}
	free(passes.bytes[0]);
	return result;
}
