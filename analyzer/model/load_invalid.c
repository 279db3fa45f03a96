/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load_invalid.c - the frees and reallocs of what was no live block.
 */
#include <errno.h>
#include <inttypes.h>

#include "model/load.h"

#define INVALID_RECORDS_MAX (16u * MT_INVALID_MAX) /* each is compared with those before it */

static int refuse(struct load *load, size_t id, const char *what, uint64_t found)
{
	return reader_refuse(&load->reader, "damaged: invalid free %zu has %s %" PRIu64, id, what,
			     found);
}

/* Index into the snapshot's nodes; in a live file what is not written yet is not known. */
static int resolve(struct load *load, size_t id, uint32_t node, uint32_t *resolved)
{
	if (node >= load->node_of_count)
		return refuse(load, id, "the stack", node);
	*resolved = load->node_of[node];
	return 0;
}

static bool is_inside(const struct mt_invalid *raw)
{
	return raw->address > raw->block_address &&
	       raw->address - raw->block_address < raw->block_bytes;
}

static int check(struct load *load, size_t id, const struct mt_invalid *raw)
{
	bool has_inside = raw->kind == MT_INVALID_INSIDE || raw->kind == MT_INVALID_INSIDE_FREED;

	if (raw->kind > MT_INVALID_FOREIGN)
		return refuse(load, id, "the kind", raw->kind);
	if (raw->call < MT_INVALID_FREE || raw->call > MT_INVALID_REALLOC)
		return refuse(load, id, "the call", raw->call);
	if (raw->count > LOAD_MAGNITUDE_MAX / INVALID_RECORDS_MAX)
		return refuse(load, id, "the count", raw->count);
	if (raw->block_bytes > LOAD_MAGNITUDE_MAX || (has_inside && !is_inside(raw)))
		return refuse(load, id, "a block of", raw->block_bytes);
	return 0;
}

static bool is_same(const struct invalid_call *a, const struct invalid_call *b)
{
	return a->kind == b->kind && a->call == b->call && a->node == b->node &&
	       a->alloc_node == b->alloc_node && a->freed_node == b->freed_node;
}

/* Two threads may have made one record each at the same time. */
static void keep(struct snapshot *snapshot, const struct invalid_call *call)
{
	for (size_t i = 0; i < snapshot->invalid_count; i++) {
		if (is_same(&snapshot->invalid[i], call)) {
			snapshot->invalid[i].count += call->count;
			return;
		}
	}
	snapshot->invalid[snapshot->invalid_count++] = *call;
}

static int load_one(struct load *load, size_t id)
{
	struct invalid_call call;
	struct mt_invalid raw;
	int result;

	reader_entry(&load->invalid, id, &raw, sizeof(raw));
	if (raw.kind == 0)
		return 0;
	result = check(load, id, &raw);
	call = (struct invalid_call){
		.kind = raw.kind,
		.call = raw.call,
		.count = (int64_t)raw.count,
		.ns = raw.ns,
		.address = raw.address,
		.block_address = raw.block_address,
		.block_bytes = raw.block_bytes,
	};
	if (result == 0)
		result = resolve(load, id, raw.node, &call.node);
	if (result == 0)
		result = resolve(load, id, raw.alloc_node, &call.alloc_node);
	if (result == 0)
		result = resolve(load, id, raw.freed_node, &call.freed_node);
	if (result == 0)
		keep(load->snapshot, &call);
	return result;
}

int load_invalid(struct load *load)
{
	struct snapshot *snapshot = load->snapshot;
	size_t count = load->invalid.count;
	int result = 0;

	if (count > INVALID_RECORDS_MAX)
		return reader_refuse(&load->reader,
				     "damaged: %zu invalid frees, at most %u expected", count,
				     INVALID_RECORDS_MAX);
	snapshot->invalid = load_keep(load, count + 1, sizeof(*snapshot->invalid));
	if (snapshot->invalid == NULL)
		return -EBADMSG;
	for (size_t i = 0; result == 0 && i < count; i++)
		result = load_one(load, i);
	return result;
}
