/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_stacks.c - modules, locations and the tree of nodes, with equal ones made one.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/hash.h"
#include "model/load.h"

/* Twice what the shim records. Without a limit a made-up file could make every stack a million frames deep. */
#define STACK_DEPTH_MAX 8192u

/* Takes memory out of the reader's allowance for an index of so many records. */
static int index_open(struct load *load, struct hash_index *index, size_t record_count)
{
	size_t bytes = hash_index_bytes(record_count);

	if (bytes > load->reader.memory_left)
		return reader_refuse(&load->reader, "%zu stack frames: more than can be read",
				     record_count);
	if (hash_index_init(index, record_count) < 0)
		return error_set(load->reader.error, -ENOMEM, "%s: out of memory",
				 load->reader.name);
	load->reader.memory_left -= bytes;
	return 0;
}

static void index_close(struct load *load, struct hash_index *index)
{
	load->reader.memory_left += (index->mask + 1) * sizeof(*index->slots);
	hash_index_fini(index);
}

int load_modules(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	size_t count = load->modules.count > 0 ? load->modules.count : 1;
	int result = 0;

	snapshot->modules = load_keep(load, count, sizeof(*snapshot->modules));
	if (snapshot->modules == NULL)
		return -EBADMSG;
	snapshot->module_count = count;
	snapshot->modules[0].path = "";
	for (size_t i = 1; result == 0 && i < count; i++) {
		struct module *module = &snapshot->modules[i];
		struct mt_module raw;

		reader_entry(&load->modules, i, &raw, sizeof(raw));
		*module = (struct module){
			.start = raw.start,
			.end = raw.end,
			.bias = raw.bias,
			.load_ns = raw.load_ns,
			.unload_ns = raw.unload_ns,
			.generation = raw.generation,
			.flags = raw.flags,
			.build_id_bytes = raw.build_id_bytes,
		};
		if (raw.build_id_bytes > MT_BUILD_ID_MAX)
			return reader_refuse(&load->reader,
					     "damaged: module %zu has a build ID of %" PRIu32
					     " bytes",
					     i, raw.build_id_bytes);
		memcpy(module->build_id, raw.build_id, raw.build_id_bytes);
		result = load_string(load, raw.path, &module->path);
	}
	return result;
}

static int decode_pseudo(struct load *load, uint64_t offset, struct location *location)
{
	static const enum location_kind kinds[] = {
		[MT_PSEUDO_THREAD] = LOCATION_THREAD,	[MT_PSEUDO_TRUNCATED] = LOCATION_TRUNCATED,
		[MT_PSEUDO_UNKNOWN] = LOCATION_UNKNOWN, [MT_PSEUDO_OVERFLOW] = LOCATION_OVERFLOW,
		[MT_PSEUDO_API] = LOCATION_API,
	};
	uint64_t kind = offset >> MT_PSEUDO_SHIFT;
	uint64_t number = offset & ((UINT64_C(1) << MT_PSEUDO_SHIFT) - 1);

	if (kind == 0 || kind >= sizeof(kinds) / sizeof(kinds[0]))
		return reader_refuse(&load->reader, "damaged: unknown kind of frame %" PRIu64,
				     kind);
	location->kind = kinds[kind];
	if (location->kind != LOCATION_THREAD)
		return 0;
	if (number >= load->snapshot->thread_kind_count)
		return reader_refuse(&load->reader, "damaged: thread kind %" PRIu64 " of %zu",
				     number, load->snapshot->thread_kind_count);
	location->offset = number;
	location->name = load->snapshot->thread_kinds[number].name;
	return 0;
}

static int decode_location(struct load *load, uint64_t word, struct location *location)
{
	uint64_t module = word >> MT_LOCATION_MODULE_SHIFT;
	uint64_t offset = word & MT_LOCATION_OFFSET_MASK;

	if (module == MT_MODULE_PSEUDO)
		return decode_pseudo(load, offset, location);
	if (module != MT_MODULE_NONE && module >= load->modules.count)
		return reader_refuse(&load->reader, "damaged: code in module %" PRIu64 " of %zu",
				     module, load->modules.count);
	*location = (struct location){LOCATION_CODE, (uint32_t)module, offset, NULL};
	return 0;
}

static uint64_t location_word(const struct reader_table *table, size_t i)
{
	uint64_t word;

	reader_entry(table, i, &word, sizeof(word));
	return word;
}

struct location_key {
	const struct reader_table *table;
	uint64_t word;
};

static int is_equal_location(const void *context, uint32_t id)
{
	const struct location_key *key = context;

	return location_word(key->table, id) == key->word;
}

/* Ids stay as they are in the file; location_of[] leads from an id to the first equal one. */
int load_locations(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	size_t count = load->locations.count;
	struct hash_index index;
	int result;

	if (count > UINT32_MAX)
		return reader_refuse(&load->reader, "%zu locations: more than can be read", count);
	snapshot->locations = load_keep(load, count + 1, sizeof(*snapshot->locations));
	load->location_count = count + 1;
	load->location_of = reader_alloc(&load->reader, load->location_count, sizeof(uint32_t));
	if (snapshot->locations == NULL || load->location_of == NULL)
		return -EBADMSG;
	snapshot->location_count = count > 0 ? count : 1;
	result = index_open(load, &index, count);
	if (result < 0)
		return result;
	for (size_t i = 1; result == 0 && i < count; i++) {
		struct location_key key = {&load->locations, location_word(&load->locations, i)};

		if (key.word == 0)
			continue;
		load->location_of[i] = hash_index_intern(&index, hash_word(index.seed, key.word),
							 is_equal_location, &key, (uint32_t)i);
		result = decode_location(load, key.word, &snapshot->locations[i]);
	}
	index_close(load, &index);
	reader_table_free(&load->reader, &load->locations);
	return result;
}

struct node_key {
	const struct node *nodes;
	struct node node;
};

static int is_equal_node(const void *context, uint32_t id)
{
	const struct node_key *key = context;

	return key->nodes[id].parent == key->node.parent &&
	       key->nodes[id].location == key->node.location;
}

/* The node in terms of the snapshot; parent UINT32_MAX when it or one above it is not written yet. */
static int resolve_node(struct load *load, size_t id, size_t location_count, struct node *node)
{
	struct mt_node raw;

	*node = (struct node){UINT32_MAX, 0};
	reader_entry(&load->nodes, id, &raw, sizeof(raw));
	if (raw.location == 0)
		return 0;
	if (raw.parent >= id || raw.location >= location_count)
		return reader_refuse(&load->reader,
				     "damaged: node %zu has parent %" PRIu32
				     " and location %" PRIu32 " of %zu",
				     id, raw.parent, raw.location, location_count);
	node->location = load->location_of[raw.location];
	if (node->location != 0 && (raw.parent == 0 || load->node_of[raw.parent] != 0))
		node->parent = raw.parent == 0 ? 0 : load->node_of[raw.parent];
	return 0;
}

/*
 * Index of the node, which is added if it is the first of its kind. A node right behind its parent, as most are, is
 * found there and not in the index: when it was added the parent had no child yet.
 */
static uint32_t intern_node(struct snapshot *snapshot, const struct hash_index *index,
			    const struct node *node)
{
	struct node_key key = {snapshot->nodes, *node};
	uint32_t next = (uint32_t)snapshot->node_count, found = node->parent + 1;
	uint64_t hash;

	if (found != next && !is_equal_node(&key, found)) {
		hash = hash_word(hash_word(index->seed, node->parent), node->location);
		found = hash_index_intern_near(index, 2 * (size_t)node->parent, hash, is_equal_node,
					       &key, next);
	}
	if (found == next)
		snapshot->nodes[snapshot->node_count++] = *node;
	return found;
}

static int check_depth(struct load *load)
{
	const struct snapshot *snapshot = load->snapshot;
	uint16_t *depths = reader_alloc(&load->reader, snapshot->node_count, sizeof(*depths));
	int result = depths != NULL ? 0 : -EBADMSG;

	for (size_t i = 1; result == 0 && i < snapshot->node_count; i++) {
		depths[i] = (uint16_t)(depths[snapshot->nodes[i].parent] + 1);
		if (depths[i] > STACK_DEPTH_MAX)
			result = reader_refuse(&load->reader,
					       "damaged: a stack of more than %u frames",
					       STACK_DEPTH_MAX);
	}
	reader_free(&load->reader, depths, snapshot->node_count, sizeof(*depths));
	return result;
}

int load_nodes(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	size_t count = load->nodes.count;
	struct hash_index index;
	int result;

	if (count > UINT32_MAX)
		return reader_refuse(&load->reader, "%zu nodes: more than can be read", count);
	snapshot->nodes = load_keep(load, count + 1, sizeof(*snapshot->nodes));
	load->node_of_count = count + 1;
	load->node_of = reader_alloc(&load->reader, load->node_of_count, sizeof(uint32_t));
	if (snapshot->nodes == NULL || load->node_of == NULL)
		return -EBADMSG;
	snapshot->node_count = 1;
	result = index_open(load, &index, count);
	if (result < 0)
		return result;
	for (size_t i = 1; result == 0 && i < count; i++) {
		struct node node;

		result = resolve_node(load, i, snapshot->location_count, &node);
		if (result == 0 && node.parent != UINT32_MAX)
			load->node_of[i] = intern_node(snapshot, &index, &node);
	}
	index_close(load, &index);
	reader_table_free(&load->reader, &load->nodes);
	return result < 0 ? result : check_depth(load);
}

int load_file_sites(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	size_t count = load->reader.is_live ? load->sites.count : 0;

	snapshot->file_sites = load_keep(load, count + 1, sizeof(*snapshot->file_sites));
	if (snapshot->file_sites == NULL)
		return -EBADMSG;
	snapshot->file_site_count = count;
	for (size_t i = 1; i < count; i++) {
		struct mt_site record;

		reader_entry(&load->sites, i, &record, sizeof(record));
		if (record.node < load->node_of_count)
			snapshot->file_sites[i] = load->node_of[record.node];
	}
	return 0;
}
