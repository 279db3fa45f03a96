/* SPDX-License-Identifier: Apache-2.0 */
/*
 * columns.h - reads an entry of COUNTERS by the names of its columns, so that a later file with more
 * columns or larger entries loads as well.
 */
#ifndef MODEL_COLUMNS_H
#define MODEL_COLUMNS_H

#include "model/reader.h"

#define COLUMN_ID_COUNT (MT_COLUMN_FLAGS + 1)

struct column_place {
	uint16_t offset;
	uint16_t width; /* 0 = the file does not have it: reads as 0 */
	bool is_signed;
};

struct columns {
	struct column_place places[COLUMN_ID_COUNT]; /* by enum mt_column_id */
	size_t entry_size_min; /* an entry must have at least this many bytes */
	bool is_current;       /* an entry starts like struct mt_counters of this version */
};

/**
 * columns_load() - read the COLUMNS section and check it.
 */
int columns_load(struct reader *reader, struct columns *columns);

/**
 * columns_decode() - one entry in the layout of this version.
 * @raw: columns->entry_size_min bytes.
 */
void columns_decode(const struct columns *columns, const unsigned char *raw,
		    struct mt_counters *out);

/* The columns of struct mt_counters as this version writes them. */
extern const struct mt_column columns_current[];
extern const size_t columns_current_count;

#endif
