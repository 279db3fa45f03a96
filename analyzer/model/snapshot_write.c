/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_write.c - squeezes what was loaded into a new snapshot file.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/new_file.h"
#include "base/pages.h"
#include "model/pack.h"

#define ALIGNMENT 8u

void pack_add(struct pack *pack, enum mt_section_type type, const void *entry, size_t bytes)
{
	pack->entry_sizes[type] = (uint32_t)bytes;
	(void)buffer_add(&pack->sections[type], entry, bytes);
}

void pack_expect(struct pack *pack, enum mt_section_type type, size_t count, size_t entry_bytes)
{
	buffer_reserve(&pack->sections[type], count * entry_bytes);
}

uint32_t pack_string(struct pack *pack, const char *text)
{
	struct buffer *strings = &pack->sections[MT_SECTION_STRINGS];
	size_t offset;

	pack->entry_sizes[MT_SECTION_STRINGS] = 1;
	if (strings->used == 0)
		(void)buffer_add(strings, "", 1);
	if (text == NULL || *text == '\0')
		return 0;
	offset = strings->used;
	if (buffer_add(strings, text, strlen(text) + 1) == NULL)
		return 0;
	return (uint32_t)offset;
}

static uint32_t process_state(enum snapshot_state state)
{
	static const uint32_t states[] = {
		[SNAPSHOT_RUNNING] = MT_STATE_RUNNING,
		[SNAPSHOT_EXITED] = MT_STATE_EXITED,
		[SNAPSHOT_EXECED] = MT_STATE_EXECED,
		[SNAPSHOT_KILLED] = MT_STATE_KILLED,
	};

	return states[state];
}

static void pack_process(struct pack *pack)
{
	const struct snapshot *snapshot = pack->snapshot;
	struct mt_process process = snapshot->process;

	process.live_root = 0;
	process.live_root_bytes = 0;
	process.state = process_state(snapshot->state);
	process.executable = pack_string(pack, snapshot->executable);
	process.working_directory = pack_string(pack, snapshot->working_directory);
	process.command_line = pack_string(pack, snapshot->command_line);
	process.allocator = pack_string(pack, snapshot->allocator);
	memset(process.totals, 0, sizeof(process.totals));
	memcpy(process.totals, snapshot->totals, sizeof(snapshot->totals));
	memset(process.reserved, 0, sizeof(process.reserved));
	pack_add(pack, MT_SECTION_PROCESS, &process, sizeof(process));
}

/* Pieces of the new file in their order: header, section table, then content and padding of each section. */
struct image {
	struct mt_header header;
	struct mt_section sections[MT_SECTION_TYPE_COUNT];
	struct iovec pieces[2 + 2 * MT_SECTION_TYPE_COUNT];
	size_t piece_count;
};

static void add_piece(struct image *image, const void *bytes, size_t count)
{
	image->pieces[image->piece_count++] = (struct iovec){(void *)(uintptr_t)bytes, count};
}

static void add_section(struct image *image, const struct pack *pack, uint16_t type)
{
	static const unsigned char zeros[ALIGNMENT];
	const struct buffer *content = &pack->sections[type];
	size_t padding = -content->used % ALIGNMENT;

	image->sections[image->header.section_count++] = (struct mt_section){
		.type = type,
		.entry_size = pack->entry_sizes[type],
		.offset = image->header.file_bytes,
		.length = content->used,
		.count = content->used / pack->entry_sizes[type],
		.crc = checksum_crc32c(0, content->bytes, content->used),
	};
	image->header.file_bytes += content->used + padding;
	add_piece(image, content->bytes, content->used);
	add_piece(image, zeros, padding);
}

static void fill_header(struct image *image, const struct pack *pack, uint32_t label)
{
	struct mt_header *header = &image->header;

	*header = pack->snapshot->header;
	memcpy(header->magic, MT_MAGIC, sizeof(header->magic));
	header->major = MT_MAJOR;
	header->minor = MT_MINOR;
	header->endian = MT_ENDIAN_MARK;
	header->header_size = sizeof(*header);
	header->kind = MT_KIND_SNAPSHOT;
	header->section_count = 0;
	header->section_entry_size = sizeof(struct mt_section);
	header->taken_ns = pack->snapshot->taken_ns;
	header->label = label;
	header->control = 0;
	header->control_done = 0;
	header->header_crc = 0;
	memset(header->reserved, 0, sizeof(header->reserved));
}

static void build_image(struct image *image, const struct pack *pack, uint32_t label)
{
	struct mt_header *header = &image->header;
	size_t section_count = 0;

	fill_header(image, pack, label);
	for (size_t type = 0; type < MT_SECTION_TYPE_COUNT; type++)
		section_count += pack->entry_sizes[type] != 0;
	header->file_bytes = sizeof(*header) + section_count * sizeof(struct mt_section);
	add_piece(image, header, sizeof(*header));
	add_piece(image, image->sections, section_count * sizeof(struct mt_section));
	for (uint16_t type = 0; type < MT_SECTION_TYPE_COUNT; type++) {
		if (pack->entry_sizes[type] != 0)
			add_section(image, pack, type);
	}
	header->header_crc = checksum_crc32c(0, header, sizeof(*header));
	header->header_crc = checksum_crc32c(header->header_crc, image->sections,
					     section_count * sizeof(struct mt_section));
}

static bool has_failed(const struct pack *pack)
{
	for (size_t type = 0; type < MT_SECTION_TYPE_COUNT; type++) {
		if (pack->sections[type].has_failed)
			return true;
	}
	return pack->sections[MT_SECTION_STRINGS].used > UINT32_MAX;
}

static void pack_fini(struct pack *pack)
{
	for (size_t type = 0; type < MT_SECTION_TYPE_COUNT; type++)
		buffer_fini(&pack->sections[type]);
	pages_free(pack->node_ids, (pack->snapshot->node_count + 1) * sizeof(uint32_t));
	free(pack->location_ids);
	free(pack->module_ids);
}

int snapshot_write(const struct snapshot *snapshot, const char *path, const char *label,
		   struct error *error)
{
	struct pack pack = {.snapshot = snapshot};
	struct image image = {.piece_count = 0};
	uint32_t label_offset = pack_string(&pack, label != NULL ? label : snapshot->label);
	int result = pack_stacks(&pack);

	if (result == 0) {
		pack_sites(&pack);
		pack_records(&pack);
		pack_process(&pack);
	}
	if (result < 0 || has_failed(&pack)) {
		result = error_set(error, -ENOMEM, "%s: out of memory", path);
	} else {
		build_image(&image, &pack, label_offset);
		result = new_file_write(path, image.pieces, image.piece_count, error);
	}
	pack_fini(&pack);
	return result;
}
