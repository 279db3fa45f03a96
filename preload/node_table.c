/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_table.c - locations, nodes and sites of the trace file, each stored once.
 *
 * Append-only arrays in the file; private indexes hold ids only. A record is written first and published by
 * one CAS of its id, so nobody ever waits for another thread. Who loses leaves an entry nobody refers to. A node right
 * behind its parent needs no index.
 */
#include "node_table.h"

#include <stdbool.h>
#include <stddef.h>

#include "id_index.h"
#include "memtrace/atomic.h"
#include "trace_file.h"

#define NODE_INDEX_SLOTS (1u << 10)

static struct id_index location_index = {NULL, NODE_INDEX_SLOTS};
static struct id_index node_index = {NULL, NODE_INDEX_SLOTS};
static struct id_index site_index = {NULL, NODE_INDEX_SLOTS};

uint32_t location_intern(uint64_t word)
{
	uint32_t id = id_index_find(&location_index, word);

	if (id != 0)
		return id;
	id = trace_file_claim(TRACE_LOCATIONS, 1);
	if (id == 0)
		return 0;
	mt_store_relaxed((uint64_t *)trace_file_entry(TRACE_LOCATIONS, id), word);
	return id_index_insert(&location_index, word, id);
}

/*
 * A stack's new nodes get ids one after another: most nodes have one child, and that is the next node. Those are not in
 * the index. Whoever looks before such a node is written makes a second one, which means the same.
 */
static bool node_is_next(uint32_t parent, uint64_t word)
{
	const uint64_t *next = trace_file_entry(TRACE_NODES, parent + 1);

	return next != NULL && mt_load_acquire(next) == word; /* partner: node_intern() */
}

uint32_t node_intern(uint32_t parent, uint32_t location)
{
	uint64_t word = (uint64_t)location << 32 | parent; /* as struct mt_node lies in memory */
	uint32_t id;

	if (location == 0)
		return 0;
	/* the last node has no children, and the page behind it may not even be reserved */
	if (parent + 1 < trace_file_count(TRACE_NODES)) {
		if (parent != 0 && node_is_next(parent, word))
			return parent + 1;
		id = id_index_find(&node_index, word);
		if (id != 0)
			return id;
	}
	id = trace_file_claim(TRACE_NODES, 1);
	if (id == 0)
		return 0;
	mt_store_release((uint64_t *)trace_file_entry(TRACE_NODES, id), word);
	return parent != 0 && id == parent + 1 ? id : id_index_insert(&node_index, word, id);
}

uint32_t node_site(uint32_t node)
{
	uint32_t id;

	if (node == 0)
		return 0;
	id = id_index_find(&site_index, node);
	if (id != 0)
		return id;
	id = trace_file_claim(TRACE_SITES, 1);
	if (id == 0)
		return 0;
	((struct mt_site *)trace_file_entry(TRACE_SITES, id))->node = node;
	return id_index_insert(&site_index, node, id);
}
