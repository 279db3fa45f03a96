/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.c - reads an entry of COUNTERS by the names of its columns.
 */
#include "model/columns.h"

#include <errno.h>
#include <string.h>

#include "memtrace/counter_columns.h"

const struct mt_column columns_current[] = {MT_COUNTER_COLUMNS(MT_COUNTER_COLUMN)};

const size_t columns_current_count = sizeof(columns_current) / sizeof(columns_current[0]);

/* What lies behind the last column is of no use to a reader. */
#define COLUMNS_END offsetof(struct mt_counters, reserved)

/* Without these there is nothing to report. */
static const uint16_t required[] = {
	MT_COLUMN_NODE,	      MT_COLUMN_ALLOC_COUNT, MT_COLUMN_ALLOC_BYTES,
	MT_COLUMN_FREE_COUNT, MT_COLUMN_FREED_BYTES,
};

static int add_column(struct reader *reader, const struct mt_column *column,
		      struct columns *columns)
{
	uint16_t width = column->width;
	size_t end = (size_t)column->offset + width;

	if (column->id == 0 || column->id >= COLUMN_ID_COUNT)
		return 0;
	if (width != 1 && width != 2 && width != 4 && width != 8)
		return reader_refuse(reader, "damaged: counter column %u is %u bytes wide",
				     column->id, width);
	if (columns->places[column->id].width != 0)
		return reader_refuse(reader, "damaged: counter column %u occurs twice", column->id);
	columns->places[column->id] =
		(struct column_place){column->offset, width,
				      (column->flags & MT_COLUMN_SIGNED) != 0};
	if (end > columns->entry_size_min)
		columns->entry_size_min = end;
	return 0;
}

/* Whether every column lies where this program's own structure has it. */
static bool is_current(const struct columns *columns)
{
	for (size_t i = 0; i < columns_current_count; i++) {
		const struct mt_column *column = &columns_current[i];
		const struct column_place *place = &columns->places[column->id];

		if (place->offset != column->offset || place->width != column->width ||
		    place->is_signed != ((column->flags & MT_COLUMN_SIGNED) != 0))
			return false;
	}
	return columns->entry_size_min == COLUMNS_END;
}

int columns_load(struct reader *reader, struct columns *columns)
{
	struct reader_table table;
	int result = reader_table(reader, MT_SECTION_COLUMNS, sizeof(struct mt_column), &table);

	*columns = (struct columns){.entry_size_min = 1};
	for (size_t i = 0; result == 0 && i < table.count; i++) {
		struct mt_column column;

		reader_entry(&table, i, &column, sizeof(column));
		result = add_column(reader, &column, columns);
	}
	reader_table_free(reader, &table);
	columns->is_current = is_current(columns);
	for (size_t i = 0; result == 0 && i < sizeof(required) / sizeof(required[0]); i++) {
		if (columns->places[required[i]].width == 0)
			result = reader_refuse(reader, "damaged: counter column %u is missing",
					       required[i]);
	}
	return result;
}

static uint64_t get(const struct columns *columns, const unsigned char *raw, enum mt_column_id id)
{
	const struct column_place *place = &columns->places[id];
	unsigned int unused_bits = 64 - 8 * (unsigned int)place->width;
	uint64_t value = 0;

	if (place->width == 0)
		return 0;
	memcpy(&value, raw + place->offset, place->width); /* little-endian, as the file is */
	if (place->is_signed)
		value = (uint64_t)((int64_t)(value << unused_bits) >> unused_bits);
	return value;
}

void columns_decode(const struct columns *columns, const unsigned char *raw,
		    struct mt_counters *out)
{
	if (columns->is_current) {
		memcpy(out, raw, COLUMNS_END);
		memset((unsigned char *)out + COLUMNS_END, 0, sizeof(*out) - COLUMNS_END);
		out->base_bytes = 0; /* no column */
		return;
	}
	*out = (struct mt_counters){
		.version = (uint32_t)get(columns, raw, MT_COLUMN_VERSION),
		.node = (uint32_t)get(columns, raw, MT_COLUMN_NODE),
		.alloc_count = get(columns, raw, MT_COLUMN_ALLOC_COUNT),
		.alloc_bytes = get(columns, raw, MT_COLUMN_ALLOC_BYTES),
		.free_count = get(columns, raw, MT_COLUMN_FREE_COUNT),
		.freed_bytes = get(columns, raw, MT_COLUMN_FREED_BYTES),
		.realloc_count = get(columns, raw, MT_COLUMN_REALLOC_COUNT),
		.temporary_count = get(columns, raw, MT_COLUMN_TEMPORARY_COUNT),
		.at_peak_bytes = (int64_t)get(columns, raw, MT_COLUMN_AT_PEAK_BYTES),
		.peak_number = get(columns, raw, MT_COLUMN_PEAK_NUMBER),
		.peak_bytes = (int64_t)get(columns, raw, MT_COLUMN_PEAK_BYTES),
		.published_bytes = (int64_t)get(columns, raw, MT_COLUMN_PUBLISHED_BYTES),
		.site = (uint32_t)get(columns, raw, MT_COLUMN_SITE),
		.next = (uint32_t)get(columns, raw, MT_COLUMN_NEXT),
		.side = (uint32_t)get(columns, raw, MT_COLUMN_SIDE),
		.size_bucket = (uint8_t)get(columns, raw, MT_COLUMN_SIZE_BUCKET),
		.flags = (uint8_t)get(columns, raw, MT_COLUMN_FLAGS),
		.shard = (uint16_t)get(columns, raw, MT_COLUMN_SHARD),
	};
}
