/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader_runs.c - finds the runs of one section type in the section table and checks them against the file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "model/reader.h"

#define ENTRY_SIZE_MAX 4096u

static bool is_growing(uint16_t type)
{
	switch (type) {
#define GROWING_CASE(name, size, log2, runs) case MT_SECTION_##name:
		MT_GROWING_TYPES(GROWING_CASE)
#undef GROWING_CASE
		return true;
	default:
		return false;
	}
}

static int check_run(struct reader *reader, const struct mt_section *section, uint64_t file_bytes)
{
	uint64_t end;

	if (__builtin_add_overflow(section->offset, section->length, &end) || end > file_bytes)
		return reader_refuse(reader,
				     "truncated: section %u ends at %" PRIu64 "+%" PRIu64
				     ", the file at %" PRIu64,
				     section->type, section->offset, section->length, file_bytes);
	if (section->offset < reader->data_start)
		return reader_refuse(reader,
				     "damaged: section %u lies at %" PRIu64
				     ", inside the section table",
				     section->type, section->offset);
	if (__builtin_add_overflow(section->first, section->length, &end))
		return reader_refuse(reader, "damaged: section %u starts with entry %" PRIu64,
				     section->type, section->first);
	return 0;
}

static int check_entry_size(struct reader *reader, const struct mt_section *section,
			    size_t entry_size_min, const struct reader_layout *layout)
{
	if (section->entry_size < entry_size_min || section->entry_size > ENTRY_SIZE_MAX)
		return reader_refuse(reader,
				     "damaged: section %u has entries of %" PRIu32
				     " bytes, at least %zu expected",
				     section->type, section->entry_size, entry_size_min);
	if (layout->run_count > 0 && section->entry_size != layout->entry_size)
		return reader_refuse(reader, "damaged: section %u has entries of two sizes",
				     section->type);
	return 0;
}

static int add_run(struct reader *reader, const struct mt_section *section, uint64_t file_bytes,
		   size_t entry_size_min, struct reader_layout *layout)
{
	struct reader_run *run = &layout->runs[layout->run_count];
	int result = check_entry_size(reader, section, entry_size_min, layout);

	if (result == 0)
		result = check_run(reader, section, file_bytes);
	if (result < 0)
		return result;
	if (layout->run_count == MT_RUN_MAX)
		return reader_refuse(reader, "damaged: section %u has more than %u parts",
				     section->type, MT_RUN_MAX);
	layout->run_count++;
	layout->entry_size = section->entry_size;
	*run = (struct reader_run){section->first, section->length / section->entry_size,
				   section->offset};
	return 0;
}

/* Room for how many entries: up to the end of the last run. */
static uint64_t room_of(const struct reader_layout *layout, uint64_t *there)
{
	uint64_t room = 0;

	*there = 0;
	for (uint32_t i = 0; i < layout->run_count; i++) {
		uint64_t end = layout->runs[i].first + layout->runs[i].count;

		room = end > room ? end : room;
		*there += layout->runs[i].count;
	}
	return room;
}

/*
 * A live file has room for more entries than are in use; only growing types say how many are. A run that is
 * not there yet is at most a quarter of what is, so larger holes are made up, and would cost memory.
 */
static int count_entries(struct reader *reader, uint64_t in_use, struct reader_layout *layout)
{
	uint64_t there, room = room_of(layout, &there);

	if (room > 2 * there)
		return reader_refuse(reader,
				     "damaged: section %u has room for %" PRIu64
				     " entries, %" PRIu64 " are there",
				     layout->type, room, there);
	layout->count = reader->is_live && in_use < room ? in_use : room;
	return 0;
}

int reader_find_runs(struct reader *reader, uint16_t type, size_t entry_size_min,
		     struct reader_layout *layout)
{
	uint64_t file_bytes, in_use = is_growing(type) ? 0 : UINT64_MAX;
	int result = input_size(reader->input, &file_bytes);

	*layout = (struct reader_layout){.type = type, .entry_size = entry_size_min};
	if (result < 0)
		return reader_refuse(reader, "its size cannot be read");
	for (uint32_t i = 0; i < reader->header.section_count; i++) {
		const struct mt_section *section = &reader->sections[i];

		if (section->type != type)
			continue;
		if (section->first == 0 && is_growing(type))
			in_use = section->count;
		if (section->offset == 0)
			continue;
		result = add_run(reader, section, file_bytes, entry_size_min, layout);
		if (result < 0)
			return result;
	}
	return count_entries(reader, in_use, layout);
}
