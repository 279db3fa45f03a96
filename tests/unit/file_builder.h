/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_builder.h - makes trace files and snapshots of known contents in memory, right or wrong on purpose.
 *
 * Knows the format from memtrace/format.h alone, so that reader and writer are tested against it and not
 * against each other.
 */
#ifndef UNIT_FILE_BUILDER_H
#define UNIT_FILE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "memtrace/format.h"

#define FILE_BUILDER_SECTION_MAX 48

/* A run of entries. Fields may be changed until the image is made. */
struct file_section {
	struct mt_section
		record; /* offset, and in snapshots crc, are filled in by file_builder_image() */
	unsigned char *bytes; /* record.length bytes */
	bool is_absent;	      /* live: a run that does not exist yet: offset 0 */
};

struct file_builder {
	struct mt_header header;
	struct file_section sections[FILE_BUILDER_SECTION_MAX];
	uint32_t section_count;
};

/**
 * file_builder_init() - a header of this kind (enum mt_kind), no sections.
 */
void file_builder_init(struct file_builder *builder, uint16_t kind);
void file_builder_fini(struct file_builder *builder);

/**
 * file_builder_add() - a section of count entries, copied.
 */
struct file_section *file_builder_add(struct file_builder *builder, uint16_t type,
				      size_t entry_size, const void *entries, size_t count);

/**
 * file_builder_find() - the first section of a type.
 */
struct file_section *file_builder_find(struct file_builder *builder, uint16_t type);

/* The entry i of the first section of a type, as a struct of this type name. */
#define FILE_BUILDER_ENTRY(builder, type, struct_name, i)                                          \
	((struct struct_name *)(void *)file_builder_find(builder, type)->bytes + (i))

/**
 * file_builder_split() - divide the first section of a type into two runs behind its entry number count.
 */
void file_builder_split(struct file_builder *builder, uint16_t type, uint64_t count);

/**
 * file_builder_image() - the bytes of the file; of a snapshot with all checksums. Free with free().
 */
unsigned char *file_builder_image(struct file_builder *builder, size_t *bytes);

/**
 * file_builder_seal() - compute the checksum of the header again after a change to an image.
 */
void file_builder_seal(unsigned char *image);

/**
 * file_builder_example() - the example of example.h, as a live file or as a snapshot.
 */
void file_builder_example(struct file_builder *builder, uint16_t kind);

#endif
