/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_check.c - refuses a snapshot in which any bit is not as it was written.
 *
 * Header and section table have one checksum, each section has its own; between sections there may be
 * only zeros, and behind the last one nothing.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "model/reader.h"

#define PIECE_BYTES 65536u

/* Calls visit for [from, until) of the file in pieces. */
static int read_pieces(struct reader *reader, uint64_t from, uint64_t until,
		       void (*visit)(void *context, const unsigned char *piece, size_t bytes),
		       void *context)
{
	unsigned char *piece = malloc(PIECE_BYTES);
	int result = piece != NULL ? 0 : -ENOMEM;

	while (result == 0 && from < until) {
		size_t bytes = until - from < PIECE_BYTES ? until - from : PIECE_BYTES;

		result = input_read(reader->input, from, piece, bytes);
		if (result == 0)
			visit(context, piece, bytes);
		from += bytes;
	}
	free(piece);
	if (result == -ENODATA)
		return reader_refuse(reader, "truncated while it was read");
	if (result < 0)
		return error_set(reader->error, result, "%s: %s", reader->name, strerror(-result));
	return 0;
}

static void add_to_crc(void *context, const unsigned char *piece, size_t bytes)
{
	uint32_t *crc = context;

	*crc = checksum_crc32c(*crc, piece, bytes);
}

static void add_bits(void *context, const unsigned char *piece, size_t bytes)
{
	unsigned char *bits = context;

	for (size_t i = 0; i < bytes; i++)
		*bits |= piece[i];
}

static int check_header_crc(struct reader *reader)
{
	struct mt_header header = reader->header;
	uint32_t crc;
	int result;

	header.header_crc = 0;
	crc = checksum_crc32c(0, &header, sizeof(header));
	result = read_pieces(reader, sizeof(header), reader->data_start, add_to_crc, &crc);
	if (result == 0 && crc != reader->header.header_crc)
		return reader_refuse(reader,
				     "damaged: checksum of the header is %08" PRIx32
				     ", expected %08" PRIx32,
				     crc, reader->header.header_crc);
	return result;
}

static int check_section(struct reader *reader, const struct mt_section *section)
{
	uint32_t crc = 0;
	uint64_t end, bytes;
	int result;

	if (section->offset < reader->data_start ||
	    __builtin_add_overflow(section->offset, section->length, &end) ||
	    end > reader->header.file_bytes)
		return reader_refuse(reader,
				     "truncated: section %u lies at %" PRIu64 "+%" PRIu64
				     ", the file ends at %" PRIu64,
				     section->type, section->offset, section->length,
				     reader->header.file_bytes);
	if (section->first != 0 || section->entry_size == 0 ||
	    __builtin_mul_overflow(section->count, section->entry_size, &bytes) ||
	    bytes != section->length)
		return reader_refuse(reader,
				     "damaged: section %u: %" PRIu64 " entries of %" PRIu32
				     " bytes in %" PRIu64 " bytes",
				     section->type, section->count, section->entry_size,
				     section->length);
	result = read_pieces(reader, section->offset, end, add_to_crc, &crc);
	if (result == 0 && crc != section->crc)
		return reader_refuse(reader,
				     "damaged: checksum of section %u is %08" PRIx32
				     ", expected %08" PRIx32,
				     section->type, crc, section->crc);
	return result;
}

/* An empty section may stand where the next one begins. */
static int compare_offsets(const void *left, const void *right)
{
	const struct mt_section *a = left, *b = right;

	if (a->offset == b->offset)
		return a->length < b->length ? -1 : a->length > b->length;
	return a->offset < b->offset ? -1 : 1;
}

static int compare_types(const void *left, const void *right)
{
	const struct mt_section *a = left, *b = right;

	return (int)a->type - (int)b->type;
}

static int check_gap(struct reader *reader, uint64_t from, uint64_t until)
{
	unsigned char bits = 0;
	int result;

	if (from > until)
		return reader_refuse(reader, "damaged: two sections share bytes at %" PRIu64,
				     until);
	result = read_pieces(reader, from, until, add_bits, &bits);
	if (result == 0 && bits != 0)
		return reader_refuse(reader, "damaged: stray bytes at %" PRIu64, from);
	return result;
}

/* Leaves out unused entries of the table, so that every remaining one is a section. */
static void drop_unused(struct reader *reader)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < reader->header.section_count; i++) {
		if (reader->sections[i].type != MT_SECTION_NONE)
			reader->sections[kept++] = reader->sections[i];
	}
	reader->header.section_count = kept;
}

static int check_types_differ(struct reader *reader)
{
	size_t count = reader->header.section_count;

	qsort(reader->sections, count, sizeof(*reader->sections), compare_types);
	for (size_t i = 1; i < count; i++) {
		if (reader->sections[i].type == reader->sections[i - 1].type)
			return reader_refuse(reader, "damaged: two sections of type %u",
					     reader->sections[i].type);
	}
	return 0;
}

int reader_check_snapshot(struct reader *reader)
{
	uint64_t end = reader->data_start, file_bytes;
	int result = input_size(reader->input, &file_bytes);

	if (result == 0 && file_bytes != reader->header.file_bytes)
		return reader_refuse(reader,
				     "damaged: %" PRIu64 " bytes expected, %" PRIu64 " found",
				     reader->header.file_bytes, file_bytes);
	if (result == 0)
		result = check_header_crc(reader);
	drop_unused(reader);
	if (result == 0)
		result = check_types_differ(reader);
	qsort(reader->sections, reader->header.section_count, sizeof(*reader->sections),
	      compare_offsets);
	for (uint32_t i = 0; result == 0 && i < reader->header.section_count; i++)
		result = check_section(reader, &reader->sections[i]);
	for (uint32_t i = 0; result == 0 && i < reader->header.section_count; i++) {
		const struct mt_section *section = &reader->sections[i];

		result = check_gap(reader, end, section->offset);
		end = section->offset + section->length;
	}
	return result < 0 ? result : check_gap(reader, end, file_bytes);
}
