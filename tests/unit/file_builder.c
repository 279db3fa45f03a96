/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_builder.c - makes trace files and snapshots of known contents in memory.
 */
#include "file_builder.h"

#include <stdlib.h>
#include <string.h>

#include "memtrace/crc32c.h"

void file_builder_init(struct file_builder *builder, uint16_t kind)
{
	memset(builder, 0, sizeof(*builder));
	builder->header = (struct mt_header){
		.major = MT_MAJOR,
		.minor = MT_MINOR,
		.endian = MT_ENDIAN_MARK,
		.header_size = sizeof(struct mt_header),
		.kind = kind,
		.arch = MT_ARCH_X86_64,
		.section_entry_size = sizeof(struct mt_section),
	};
	memcpy(builder->header.magic, MT_MAGIC, sizeof(builder->header.magic));
}

void file_builder_fini(struct file_builder *builder)
{
	for (uint32_t i = 0; i < builder->section_count; i++)
		free(builder->sections[i].bytes);
	builder->section_count = 0;
}

struct file_section *file_builder_add(struct file_builder *builder, uint16_t type,
				      size_t entry_size, const void *entries, size_t count)
{
	struct file_section *section = &builder->sections[builder->section_count++];
	size_t bytes = entry_size * count;

	if (builder->section_count > FILE_BUILDER_SECTION_MAX)
		abort();
	*section = (struct file_section){
		.record = {.type = type,
			   .entry_size = (uint32_t)entry_size,
			   .length = bytes,
			   .count = count},
		.bytes = malloc(bytes + 1),
	};
	if (section->bytes == NULL)
		abort();
	memcpy(section->bytes, entries, bytes);
	return section;
}

struct file_section *file_builder_find(struct file_builder *builder, uint16_t type)
{
	for (uint32_t i = 0; i < builder->section_count; i++) {
		if (builder->sections[i].record.type == type)
			return &builder->sections[i];
	}
	abort();
}

void file_builder_split(struct file_builder *builder, uint16_t type, uint64_t count)
{
	struct file_section *head = file_builder_find(builder, type);
	size_t head_bytes = count * head->record.entry_size;
	struct file_section *tail =
		file_builder_add(builder, type, head->record.entry_size, head->bytes + head_bytes,
				 head->record.count - count);

	tail->record.first = count;
	tail->record.count = 0; /* kept in the first run alone */
	head->record.length = head_bytes;
}

static uint64_t align(uint64_t at)
{
	return (at + 7) & ~UINT64_C(7);
}

/* Gives every section its place; returns the length of the file. */
static uint64_t lay_out(struct file_builder *builder)
{
	uint64_t at = sizeof(struct mt_header) +
		      (uint64_t)builder->section_count * sizeof(struct mt_section);

	for (uint32_t i = 0; i < builder->section_count; i++) {
		struct file_section *section = &builder->sections[i];

		section->record.offset = section->is_absent ? 0 : at;
		if (!section->is_absent)
			at = align(at + section->record.length);
	}
	return at;
}

unsigned char *file_builder_image(struct file_builder *builder, size_t *bytes)
{
	bool is_snapshot = builder->header.kind == MT_KIND_SNAPSHOT;
	uint64_t length = lay_out(builder);
	unsigned char *image = calloc(1, length);

	if (image == NULL)
		abort();
	builder->header.section_count = builder->section_count;
	builder->header.file_bytes = length;
	for (uint32_t i = 0; i < builder->section_count; i++) {
		struct file_section *section = &builder->sections[i];
		struct mt_section *record = &section->record;

		record->crc = is_snapshot ? mt_crc32c(0, section->bytes, record->length) : 0;
		memcpy(image + sizeof(struct mt_header) + i * sizeof(*record), record,
		       sizeof(*record));
		if (!section->is_absent)
			memcpy(image + record->offset, section->bytes, record->length);
	}
	memcpy(image, &builder->header, sizeof(builder->header));
	if (is_snapshot)
		file_builder_seal(image);
	*bytes = length;
	return image;
}

void file_builder_seal(unsigned char *image)
{
	struct mt_header header;

	memcpy(&header, image, sizeof(header));
	header.header_crc = 0;
	memcpy(image, &header, sizeof(header));
	header.header_crc = mt_crc32c(0, image,
				      sizeof(header) + (size_t)header.section_count *
							       header.section_entry_size);
	memcpy(image, &header, sizeof(header));
}
