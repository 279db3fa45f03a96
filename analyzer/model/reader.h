/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reader.h - the container: header, section table and tables of entries, checked but not yet understood.
 *
 * The file is input from a stranger: every offset, length and count is checked against the file before it
 * is used, and all memory for its contents comes out of one allowance. A live file changes under the
 * reader, so its section table is read again for every table.
 */
#ifndef MODEL_READER_H
#define MODEL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/error.h"
#include "memtrace/format.h"
#include "model/input.h"

/* What loading one file may allocate altogether, so that the whole stays below 1 GiB. */
#define READER_MEMORY_MAX ((size_t)900 << 20)

struct reader {
	const struct input *input;
	const char *name; /* of the file, for messages */
	struct error *error;
	struct mt_header header;
	struct mt_section *sections;
	uint64_t data_start; /* end of the section table */
	size_t memory_left;
	bool is_live; /* MT_KIND_LIVE */
};

/* Consecutive entries that lie together in the file. */
struct reader_run {
	uint64_t first, count; /* ids */
	uint64_t offset;       /* bytes */
};

/* Where the entries of one type lie. Ids are 0..count-1; those of a run not there yet read as zero. */
struct reader_layout {
	uint16_t type;
	size_t entry_size;
	uint64_t count;
	uint32_t run_count;
	struct reader_run runs[MT_RUN_MAX];
};

/* All entries of one type, copied. */
struct reader_table {
	unsigned char *bytes;
	size_t entry_size;
	size_t count;
};

/**
 * reader_open() - check the header and the section table, of a snapshot also every byte of the rest.
 * @input: stays the caller's and must outlive the reader.
 *
 * Return: 0; -EBADMSG damaged, truncated or not ours; another negative errno. error says it in one line.
 */
int reader_open(struct reader *reader, const struct input *input, const char *name,
		struct error *error);
void reader_close(struct reader *reader);

/* Part of reader_open() for snapshots: checksums, and no byte outside header, table and sections. */
int reader_check_snapshot(struct reader *reader);

/* Part of reader_layout(): the same, without reading the section table again. */
int reader_find_runs(struct reader *reader, uint16_t type, size_t entry_size_min,
		     struct reader_layout *layout);

/**
 * reader_refuse() - set the error line "NAME: ...".
 *
 * Return: -EBADMSG.
 */
int reader_refuse(struct reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * reader_alloc() - zeroed memory out of the allowance; NULL after setting the error line.
 */
void *reader_alloc(struct reader *reader, uint64_t count, size_t size);

/* Give back memory of reader_alloc(), with the same numbers. */
void reader_free(struct reader *reader, void *memory, uint64_t count, size_t size);

/**
 * reader_layout() - find the entries of a type. A type that is not there has 0 entries.
 * @entry_size_min: smaller entries are refused.
 */
int reader_layout(struct reader *reader, uint16_t type, size_t entry_size_min,
		  struct reader_layout *layout);

/**
 * reader_read() - copy entries [first, first + count) of a layout.
 */
int reader_read(struct reader *reader, const struct reader_layout *layout, uint64_t first,
		uint64_t count, unsigned char *to);

/**
 * reader_table() - all entries of a type, at least those in use. Free with reader_table_free().
 */
int reader_table(struct reader *reader, uint16_t type, size_t entry_size_min,
		 struct reader_table *table);
void reader_table_free(struct reader *reader, struct reader_table *table);

/* Part of reader_entry(): an entry of fewer bytes. */
void reader_entry_short(const struct reader_table *table, size_t i, void *to, size_t bytes);

/**
 * reader_entry() - copy what is known of entry i: the first `bytes` bytes, zeros where it has fewer.
 */
static inline void reader_entry(const struct reader_table *table, size_t i, void *to, size_t bytes)
{
	if (table->entry_size < bytes)
		reader_entry_short(table, i, to, bytes);
	else
		memcpy(to, table->bytes + i * table->entry_size, bytes);
}

#endif
