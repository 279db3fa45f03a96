/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.c - opens a container: header, section table, allowance of memory.
 */
#include "model/reader.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pages.h"

#define HEADER_SIZE_MAX 65536u
#define SECTION_COUNT_MAX 8192u
#define SECTION_ENTRY_SIZE_MAX 512u

int reader_refuse(struct reader *reader, const char *format, ...)
{
	char text[400];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return error_set(reader->error, -EBADMSG, "%s: %s", reader->name, text);
}

void *reader_alloc(struct reader *reader, uint64_t count, size_t size)
{
	uint64_t bytes;
	void *memory;

	if (__builtin_mul_overflow(count, size, &bytes) || bytes > reader->memory_left) {
		(void)reader_refuse(reader,
				    "%" PRIu64 " entries of %zu bytes: more than the %zu MiB that "
				    "reading a file may use",
				    count, size, READER_MEMORY_MAX >> 20);
		return NULL;
	}
	memory = pages_alloc(bytes);
	if (memory == NULL)
		(void)error_set(reader->error, -ENOMEM, "%s: out of memory", reader->name);
	else
		reader->memory_left -= bytes;
	return memory;
}

void reader_free(struct reader *reader, void *memory, uint64_t count, size_t size)
{
	if (memory == NULL)
		return;
	pages_free(memory, count * size);
	reader->memory_left += count * size;
}

static int check_header(struct reader *reader, uint64_t file_bytes)
{
	const struct mt_header *header = &reader->header;

	if (memcmp(header->magic, MT_MAGIC, sizeof(header->magic)) != 0)
		return reader_refuse(reader, "not a memtrace file");
	if (header->endian == __builtin_bswap32(MT_ENDIAN_MARK))
		return reader_refuse(reader, "written on a machine of the other byte order");
	if (header->endian != MT_ENDIAN_MARK)
		return reader_refuse(reader, "damaged: byte order mark is %08" PRIx32,
				     header->endian);
	if (header->major != MT_MAJOR)
		return reader_refuse(reader, "format version %u.%u; this memtrace reads version %u",
				     header->major, header->minor, MT_MAJOR);
	if (header->kind != MT_KIND_LIVE && header->kind != MT_KIND_SNAPSHOT)
		return reader_refuse(reader, "damaged: unknown kind of file %u", header->kind);
	if (header->header_size < sizeof(*header) || header->header_size > HEADER_SIZE_MAX ||
	    header->header_size % 8 != 0)
		return reader_refuse(reader, "damaged: header of %" PRIu32 " bytes, expected %zu",
				     header->header_size, sizeof(*header));
	if (header->section_entry_size < sizeof(struct mt_section) ||
	    header->section_entry_size > SECTION_ENTRY_SIZE_MAX)
		return reader_refuse(reader,
				     "damaged: section table entries of %" PRIu32
				     " bytes, expected %zu",
				     header->section_entry_size, sizeof(struct mt_section));
	if (header->section_count > SECTION_COUNT_MAX)
		return reader_refuse(reader, "damaged: %" PRIu32 " sections, at most %u expected",
				     header->section_count, SECTION_COUNT_MAX);
	reader->data_start =
		header->header_size + (uint64_t)header->section_count * header->section_entry_size;
	if (header->file_bytes > file_bytes || reader->data_start > file_bytes)
		return reader_refuse(reader,
				     "truncated: %" PRIu64 " bytes expected, %" PRIu64 " found",
				     header->file_bytes > reader->data_start ? header->file_bytes
									     : reader->data_start,
				     file_bytes);
	return 0;
}

/* One line for a failed system call or a file that ended. */
static int read_failed(struct reader *reader, int status)
{
	if (status == -ENODATA)
		return reader_refuse(reader, "truncated while it was read");
	return error_set(reader->error, status, "%s: %s", reader->name, strerror(-status));
}

static int read_header(struct reader *reader)
{
	uint64_t file_bytes;
	size_t known;
	int result = input_size(reader->input, &file_bytes);

	if (result < 0)
		return read_failed(reader, result);
	if (file_bytes == 0)
		return reader_refuse(reader,
				     "empty, not a trace file or snapshot: a process killed "
				     "as it begins leaves such a file");
	known = file_bytes < sizeof(reader->header) ? file_bytes : sizeof(reader->header);
	result = input_read(reader->input, 0, &reader->header, known);
	if (result < 0)
		return read_failed(reader, result);
	if (known < sizeof(reader->header)) {
		if (memcmp(&reader->header, MT_MAGIC, known < 8 ? known : 8) != 0)
			return reader_refuse(reader, "not a memtrace file");
		return reader_refuse(reader,
				     "truncated: a header needs %zu bytes, %" PRIu64 " found",
				     sizeof(reader->header), file_bytes);
	}
	return check_header(reader, file_bytes);
}

/* Reads the section table, again for a live file. */
static int read_sections(struct reader *reader)
{
	const struct mt_header *header = &reader->header;
	size_t bytes = (size_t)header->section_count * header->section_entry_size;
	unsigned char *raw = malloc(bytes > 0 ? bytes : 1);
	int result;

	if (raw == NULL)
		return error_set(reader->error, -ENOMEM, "%s: out of memory", reader->name);
	result = input_read(reader->input, header->header_size, raw, bytes);
	if (result < 0)
		result = read_failed(reader, result);
	for (uint32_t i = 0; result == 0 && i < header->section_count; i++)
		memcpy(&reader->sections[i], raw + (size_t)i * header->section_entry_size,
		       sizeof(struct mt_section));
	free(raw);
	return result;
}

static int refuse_unknown(struct reader *reader)
{
	for (uint32_t i = 0; i < reader->header.section_count; i++) {
		const struct mt_section *section = &reader->sections[i];

		if (section->type >= MT_SECTION_TYPE_COUNT &&
		    (section->flags & MT_SECTION_REQUIRED) != 0)
			return reader_refuse(reader,
					     "needs a newer memtrace: unknown section type %u",
					     section->type);
	}
	return 0;
}

int reader_open(struct reader *reader, const struct input *input, const char *name,
		struct error *error)
{
	int result;

	*reader = (struct reader){.input = input,
				  .name = name,
				  .error = error,
				  .memory_left = READER_MEMORY_MAX};
	result = read_header(reader);
	if (result < 0)
		return result;
	reader->is_live = reader->header.kind == MT_KIND_LIVE;
	reader->sections = calloc(reader->header.section_count + 1, sizeof(*reader->sections));
	if (reader->sections == NULL)
		return error_set(error, -ENOMEM, "%s: out of memory", name);
	result = read_sections(reader);
	if (result == 0 && !reader->is_live)
		result = reader_check_snapshot(reader);
	if (result == 0)
		result = refuse_unknown(reader);
	if (result < 0)
		reader_close(reader);
	return result;
}

void reader_close(struct reader *reader)
{
	free(reader->sections);
	reader->sections = NULL;
}

int reader_layout(struct reader *reader, uint16_t type, size_t entry_size_min,
		  struct reader_layout *layout)
{
	int result = reader->is_live ? read_sections(reader) : 0;

	return result < 0 ? result : reader_find_runs(reader, type, entry_size_min, layout);
}

static int read_run(struct reader *reader, const struct reader_layout *layout,
		    const struct reader_run *run, uint64_t first, uint64_t count, unsigned char *to)
{
	uint64_t from = run->first > first ? run->first : first;
	uint64_t until = run->first + run->count;
	int result;

	if (until > first + count)
		until = first + count;
	if (from >= until)
		return 0;
	result = input_read(reader->input, run->offset + (from - run->first) * layout->entry_size,
			    to + (from - first) * layout->entry_size,
			    (until - from) * layout->entry_size);
	return result < 0 ? read_failed(reader, result) : 0;
}

/* Whether all of these entries lie in runs that follow each other. */
static bool covers(const struct reader_layout *layout, uint64_t first, uint64_t end)
{
	uint64_t next = first;

	for (uint32_t i = 0; i < layout->run_count; i++) {
		const struct reader_run *run = &layout->runs[i];

		if (run->first <= next && run->first + run->count > next)
			next = run->first + run->count;
	}
	return next >= end;
}

int reader_read(struct reader *reader, const struct reader_layout *layout, uint64_t first,
		uint64_t count, unsigned char *to)
{
	int result = 0;

	if (!covers(layout, first, first + count))
		memset(to, 0, count * layout->entry_size);
	for (uint32_t i = 0; result == 0 && i < layout->run_count; i++)
		result = read_run(reader, layout, &layout->runs[i], first, count, to);
	return result;
}

int reader_table(struct reader *reader, uint16_t type, size_t entry_size_min,
		 struct reader_table *table)
{
	struct reader_layout layout;
	int result = reader_layout(reader, type, entry_size_min, &layout);

	*table = (struct reader_table){NULL, layout.entry_size, 0};
	if (result < 0)
		return result;
	table->bytes = reader_alloc(reader, layout.count, layout.entry_size);
	if (table->bytes == NULL)
		return -EBADMSG;
	table->count = layout.count;
	result = reader_read(reader, &layout, 0, layout.count, table->bytes);
	if (result < 0)
		reader_table_free(reader, table);
	return result;
}

void reader_table_free(struct reader *reader, struct reader_table *table)
{
	reader_free(reader, table->bytes, table->count, table->entry_size);
	*table = (struct reader_table){0};
}

void reader_entry_short(const struct reader_table *table, size_t i, void *to, size_t bytes)
{
	memcpy(to, table->bytes + i * table->entry_size, table->entry_size);
	memset((unsigned char *)to + table->entry_size, 0, bytes - table->entry_size);
}
