/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pack.c - collects the sections of a new snapshot and writes them to their places.
 */
#include "model/pack.h"

#include <string.h>

#include "base/checksum.h"

#define ALIGNMENT 8u
#define PIECE_BYTES ((size_t)128 << 10)

static void write_buffer(struct pack *pack, struct pack_section *section)
{
	struct buffer *buffer = &section->buffer;

	section->crc = checksum_crc32c(section->crc, buffer->bytes, buffer->used);
	new_file_write(pack->file, section->offset + section->written, buffer->bytes, buffer->used);
	section->written += buffer->used;
	buffer->used = 0;
}

void pack_add_slowly(struct pack *pack, struct pack_section *section, const void *entry,
		     size_t bytes)
{
	if (section->offset != 0 && section->buffer.used + bytes > PIECE_BYTES)
		write_buffer(pack, section);
	section->bytes += bytes;
	(void)buffer_add(&section->buffer, entry, bytes);
}

static void give_place(struct pack *pack, struct pack_section *section, uint64_t bytes)
{
	section->offset = pack->file_bytes;
	pack->file_bytes += bytes + -bytes % ALIGNMENT;
}

void pack_place(struct pack *pack, enum mt_section_type type, size_t count, size_t entry_bytes)
{
	struct pack_section *section = &pack->sections[type];

	give_place(pack, section, (uint64_t)count * entry_bytes);
	buffer_reserve(&section->buffer, PIECE_BYTES);
}

void pack_finish(struct pack *pack)
{
	static const unsigned char zeros[ALIGNMENT];

	for (size_t type = 0; type < MT_SECTION_TYPE_COUNT; type++) {
		struct pack_section *section = &pack->sections[type];

		if (section->entry_size == 0)
			continue;
		if (section->offset == 0)
			give_place(pack, section, section->bytes);
		write_buffer(pack, section);
		new_file_write(pack->file, section->offset + section->written, zeros,
			       -section->written % ALIGNMENT);
	}
}

uint32_t pack_string(struct pack *pack, const char *text)
{
	struct pack_section *strings = &pack->sections[MT_SECTION_STRINGS];
	uint64_t offset;

	if (strings->bytes == 0)
		pack_add(pack, MT_SECTION_STRINGS, "", 1);
	if (text == NULL || *text == '\0')
		return 0;
	offset = strings->bytes;
	pack_add_slowly(pack, strings, text, strlen(text) + 1);
	return (uint32_t)offset;
}
