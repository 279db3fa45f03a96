/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.h - the sections of a new snapshot while they are put together. Used by snapshot_write.c and
 * pack*.c only.
 */
#ifndef MODEL_PACK_H
#define MODEL_PACK_H

#include <string.h>

#include "base/buffer.h"
#include "base/new_file.h"
#include "model/snapshot.h"

/*
 * A section. One with a place is written while it is filled, through a buffer that stays in the caches; the
 * others are kept whole and get theirs at the end.
 */
struct pack_section {
	struct buffer buffer;	 /* what is not written yet */
	uint32_t entry_size;	 /* 0 = not part of the file */
	uint32_t crc;		 /* of what is written */
	uint64_t offset;	 /* place in the file; 0 = none yet */
	uint64_t written, bytes; /* the latter with what is in the buffer */
};

struct pack {
	const struct snapshot *snapshot;
	struct new_file *file;
	uint64_t file_bytes; /* where the next section gets its place */
	struct pack_section sections[MT_SECTION_TYPE_COUNT]; /* by type */
	uint32_t *node_ids; /* by index into snapshot->nodes: id in the new file, 0 = left out */
	uint32_t *location_ids; /* likewise */
	uint32_t *module_ids;	/* likewise */
};

/* Part of pack_add(): makes room first. */
void pack_add_slowly(struct pack *pack, struct pack_section *section, const void *entry,
		     size_t bytes);

/**
 * pack_add() - append an entry to a section.
 * @entry: NULL for zeros, as at the unused index 0.
 *
 * Failures are remembered in the section's buffer and in the file.
 */
static inline void pack_add(struct pack *pack, enum mt_section_type type, const void *entry,
			    size_t bytes)
{
	struct pack_section *section = &pack->sections[type];
	struct buffer *buffer = &section->buffer;

	section->entry_size = (uint32_t)bytes;
	if (entry == NULL || buffer->room - buffer->used < bytes) {
		pack_add_slowly(pack, section, entry, bytes);
		return;
	}
	memcpy(buffer->bytes + buffer->used, entry, bytes);
	buffer->used += bytes;
	section->bytes += bytes;
}

/**
 * pack_place() - give a section its place, for exactly so many entries.
 */
void pack_place(struct pack *pack, enum mt_section_type type, size_t count, size_t entry_bytes);

/**
 * pack_finish() - write the rest of all sections.
 */
void pack_finish(struct pack *pack);

/**
 * pack_string() - append a text to STRINGS.
 *
 * Return: its offset; 0 for "" and when out of memory.
 */
uint32_t pack_string(struct pack *pack, const char *text);

/* Modules, locations and nodes that some site or record uses, renumbered in the same order. 0 or -ENOMEM. */
int pack_stacks(struct pack *pack);

/* SITES, COUNTERS and SIDE: one entry of COUNTERS per site. Needs pack_stacks() first. */
void pack_sites(struct pack *pack);

/* Everything else but PROCESS. */
void pack_records(struct pack *pack);

#endif
