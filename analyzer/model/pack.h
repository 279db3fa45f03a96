/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h - the sections of a new snapshot while they are put together. Used by snapshot_write.c and
 * pack_*.c only.
 */
#ifndef MODEL_PACK_H
#define MODEL_PACK_H

#include "base/buffer.h"
#include "model/snapshot.h"

struct pack {
	const struct snapshot *snapshot;
	struct buffer sections[MT_SECTION_TYPE_COUNT]; /* by type: contents */
	uint32_t entry_sizes[MT_SECTION_TYPE_COUNT];   /* 0 = not written */
	uint32_t *node_ids; /* by index into snapshot->nodes: id in the new file, 0 = left out */
	uint32_t *location_ids; /* likewise */
	uint32_t *module_ids;	/* likewise */
};

/**
 * pack_add() - append an entry to a section.
 * @entry: NULL for zeros, as at the unused index 0.
 *
 * A failed allocation is remembered in the section's buffer.
 */
void pack_add(struct pack *pack, enum mt_section_type type, const void *entry, size_t bytes);

/**
 * pack_expect() - make room for so many entries of a section.
 */
void pack_expect(struct pack *pack, enum mt_section_type type, size_t count, size_t entry_bytes);

/**
 * pack_string() - append a text to STRINGS.
 *
 * Return: its offset; 0 for "" and when out of memory.
 */
uint32_t pack_string(struct pack *pack, const char *text);

/* Modules, locations and nodes that some site uses, renumbered in the same order. 0 or -ENOMEM. */
int pack_stacks(struct pack *pack);

/* SITES, COUNTERS and SIDE: one entry of COUNTERS per site. Needs pack_stacks() first. */
void pack_sites(struct pack *pack);

/* Everything else but PROCESS. */
void pack_records(struct pack *pack);

#endif
