/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack_stacks.c - the stacks of a new snapshot: only what some site or record uses, renumbered.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"
#include "model/pack.h"

static const uint16_t pseudo_kinds[] = {
	[LOCATION_THREAD] = MT_PSEUDO_THREAD,	[LOCATION_TRUNCATED] = MT_PSEUDO_TRUNCATED,
	[LOCATION_UNKNOWN] = MT_PSEUDO_UNKNOWN, [LOCATION_OVERFLOW] = MT_PSEUDO_OVERFLOW,
	[LOCATION_API] = MT_PSEUDO_API,
};

/* Parents stand before their children, so one pass from the end reaches every ancestor. */
static void mark_used(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;

	for (size_t i = 0; i < snapshot->site_count; i++)
		pack->node_ids[snapshot->sites[i].node] = 1;
	for (size_t i = 0; i < snapshot->invalid_count; i++) {
		const struct invalid_call *call = &snapshot->invalid[i];

		pack->node_ids[call->node] = 1;
		pack->node_ids[call->alloc_node] = 1;
		pack->node_ids[call->freed_node] = 1;
	}
	for (size_t i = snapshot->node_count; i-- > 1;) {
		const struct node *node = &snapshot->nodes[i];

		if (pack->node_ids[i] == 0)
			continue;
		pack->node_ids[node->parent] = 1;
		pack->location_ids[node->location] = 1;
	}
	for (size_t i = 1; i < snapshot->location_count; i++) {
		if (pack->location_ids[i] != 0 && snapshot->locations[i].kind == LOCATION_CODE)
			pack->module_ids[snapshot->locations[i].module] = 1;
	}
	for (size_t i = 1; i < snapshot->module_count; i++)
		pack->module_ids[i] |= (snapshot->modules[i].flags & MT_MODULE_MAIN) != 0;
}

/* Replaces marks by ids that keep the order; index 0 stays unused. Returns how many there are with it. */
static size_t number(uint32_t *ids, size_t count)
{
	uint32_t next = 1;

	ids[0] = 0;
	for (size_t i = 1; i < count; i++)
		ids[i] = ids[i] != 0 ? next++ : 0;
	return next;
}

static void add_module(struct pack *pack, const struct module *module)
{
	struct mt_module raw = {
		.start = module->start,
		.end = module->end,
		.bias = module->bias,
		.path = pack_string(pack, module->path),
		.generation = module->generation,
		.load_ns = module->load_ns,
		.unload_ns = module->unload_ns,
		.build_id_bytes = module->build_id_bytes,
		.flags = module->flags,
	};

	memcpy(raw.build_id, module->build_id, sizeof(raw.build_id));
	pack_add(pack, MT_SECTION_MODULES, &raw, sizeof(raw));
}

static void add_location(struct pack *pack, const struct location *location)
{
	uint64_t module = MT_MODULE_PSEUDO, offset;
	uint64_t word;

	if (location->kind == LOCATION_CODE) {
		module = pack->module_ids[location->module];
		offset = location->offset;
	} else {
		offset = (uint64_t)pseudo_kinds[location->kind] << MT_PSEUDO_SHIFT;
		offset |= location->kind == LOCATION_THREAD ? location->offset : 0;
	}
	word = module << MT_LOCATION_MODULE_SHIFT | (offset & MT_LOCATION_OFFSET_MASK);
	pack_add(pack, MT_SECTION_LOCATIONS, &word, sizeof(word));
}

static void add_all(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;

	pack_add(pack, MT_SECTION_MODULES, NULL, sizeof(struct mt_module));
	for (size_t i = 1; i < snapshot->module_count; i++) {
		if (pack->module_ids[i] != 0)
			add_module(pack, &snapshot->modules[i]);
	}
	pack_add(pack, MT_SECTION_LOCATIONS, NULL, sizeof(uint64_t));
	for (size_t i = 1; i < snapshot->location_count; i++) {
		if (pack->location_ids[i] != 0)
			add_location(pack, &snapshot->locations[i]);
	}
	pack_add(pack, MT_SECTION_NODES, NULL, sizeof(struct mt_node));
	for (size_t i = 1; i < snapshot->node_count; i++) {
		const struct node *node = &snapshot->nodes[i];
		struct mt_node raw = {pack->node_ids[node->parent],
				      pack->location_ids[node->location]};

		if (pack->node_ids[i] != 0)
			pack_add(pack, MT_SECTION_NODES, &raw, sizeof(raw));
	}
}

int pack_stacks(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;

	pack->node_ids = pages_alloc((snapshot->node_count + 1) * sizeof(uint32_t));
	pack->location_ids = calloc(snapshot->location_count + 1, sizeof(uint32_t));
	pack->module_ids = calloc(snapshot->module_count + 1, sizeof(uint32_t));
	if (pack->node_ids == NULL || pack->location_ids == NULL || pack->module_ids == NULL)
		return -ENOMEM;
	mark_used(pack);
	pack_place(pack, MT_SECTION_NODES, number(pack->node_ids, snapshot->node_count),
		   sizeof(struct mt_node));
	(void)number(pack->location_ids, snapshot->location_count);
	(void)number(pack->module_ids, snapshot->module_count);
	add_all(pack);
	return 0;
}
