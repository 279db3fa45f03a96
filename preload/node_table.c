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
#include "memtrace/numbering.h"
#include "os.h"
#include "os_region.h"
#include "trace_file.h"

#define NODE_INDEX_SLOTS (1u << 10)
#define NODE_RUN_LOG2 15 /* nodes of run 0 */

static struct id_index location_index = {NULL, NODE_INDEX_SLOTS};
static struct id_index node_index = {NULL, NODE_INDEX_SLOTS};
/* Site of each node, 0 = none, in runs as the nodes themselves: neighbours in a stack are neighbours here. */
static uint32_t *node_sites[MT_RUN_MAX];

uint32_t location_intern(uint64_t word)
{
	uint32_t id = id_index_find(&location_index, word);

	if (id != 0)
		return id;
	id = trace_file_claim(TRACE_LOCATIONS, 1);
	if (id == 0)
		return 0;
	/* relaxed: the swap of the id in id_index_put() releases it */
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
	/* partners: node_is_next(); and a reader of the file, who then finds the location written */
	mt_store_release((uint64_t *)trace_file_entry(TRACE_NODES, id), word);
	return parent != 0 && id == parent + 1 ? id : id_index_insert(&node_index, word, id);
}

/* Where the site of a node stands; NULL = no memory. */
static uint32_t *node_site_place(uint32_t node)
{
	uint32_t run = mt_run_of(node, NODE_RUN_LOG2);
	uint64_t first = mt_run_first(run, NODE_RUN_LOG2);
	uint64_t bytes = (mt_run_first(run + 1, NODE_RUN_LOG2) - first) * sizeof(uint32_t);
	uint32_t *sites = mt_load_acquire(&node_sites[run]), *fresh; /* partner: the CAS below */
	bool is_wiped; /* what is not is found again, too */

	if (sites == NULL) {
		fresh = os_region_map(bytes, &is_wiped);
		if (fresh == NULL)
			return NULL;
		if (mt_cas_acq_rel(&node_sites[run], &sites, fresh))
			sites = fresh;
		else
			os_region_give_back(fresh, bytes);
	}
	return &sites[node - first];
}

uint32_t node_site(uint32_t node)
{
	uint32_t *place = node == 0 ? NULL : node_site_place(node), id, found;

	if (place == NULL)
		return 0;
	found = mt_load_acquire(
		place); /* partner: the CAS below; the record was written before it */
	if (found != 0)
		return found;
	id = trace_file_claim(TRACE_SITES, 1);
	if (id == 0)
		return 0;
	((struct mt_site *)trace_file_entry(TRACE_SITES, id))->node = node;
	return mt_cas_acq_rel(place, &found, id) ? id : found;
}

static uint64_t node_table_word(enum trace_table table, uint32_t id)
{
	const uint64_t *word = trace_file_entry(table, id);

	return word == NULL
		       ? 0
		       : *word; /* 0: claimed in the parent, and not written when it was copied */
}

void node_table_after_fork(void)
{
	uint32_t locations = (uint32_t)trace_file_count(TRACE_LOCATIONS);
	uint32_t nodes = (uint32_t)trace_file_count(TRACE_NODES);
	uint32_t sites = (uint32_t)trace_file_count(TRACE_SITES);

	id_index_begin_again(&location_index);
	id_index_begin_again(&node_index);
	for (uint32_t id = 1; id < locations; id++) {
		uint64_t word = node_table_word(TRACE_LOCATIONS, id);

		if (word != 0)
			(void)id_index_insert(&location_index, word, id);
	}
	for (uint32_t id = 1; id < nodes; id++) {
		uint64_t word = node_table_word(TRACE_NODES, id);

		if (word != 0 && ((uint32_t)word == 0 || id != (uint32_t)word + 1))
			(void)id_index_insert(&node_index, word, id);
	}
	for (uint32_t id = 1; id < sites; id++) {
		const struct mt_site *site = trace_file_entry(TRACE_SITES, id);
		uint32_t *place =
			site == NULL || site->node == 0 ? NULL : node_site_place(site->node);

		if (place != NULL)
			*place = id;
	}
}
