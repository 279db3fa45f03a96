/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_reader.h - reads the number formats of .eh_frame from bytes that nobody has checked.
 *
 * Whoever reads past the end gets zeros and is_bad is set for good: check it once, after a group of reads.
 */
#ifndef PRELOAD_UNWIND_READER_H
#define PRELOAD_UNWIND_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Pointer encodings of the LSB: format in the low four bits, what it is relative to above them. */
enum eh_encoding {
	EH_ABSPTR = 0x00,
	EH_ULEB128 = 0x01,
	EH_UDATA2 = 0x02,
	EH_UDATA4 = 0x03,
	EH_UDATA8 = 0x04,
	EH_SLEB128 = 0x09,
	EH_SDATA2 = 0x0a,
	EH_SDATA4 = 0x0b,
	EH_SDATA8 = 0x0c,
	EH_PCREL = 0x10,
	EH_DATAREL = 0x30,
	EH_INDIRECT = 0x80,
	EH_OMIT = 0xff,
};

struct byte_reader {
	const uint8_t *at, *end;
	bool is_bad;
};

static inline uint64_t reader_left(const struct byte_reader *reader)
{
	return (uint64_t)(reader->end - reader->at);
}

static inline void reader_fail(struct byte_reader *reader)
{
	reader->is_bad = true;
	reader->at = reader->end;
}

static inline void reader_skip(struct byte_reader *reader, uint64_t bytes)
{
	if (bytes > reader_left(reader))
		reader_fail(reader);
	else
		reader->at += bytes;
}

/* Little-endian number of 1, 2, 4 or 8 bytes. */
static inline uint64_t reader_unsigned(struct byte_reader *reader, unsigned bytes)
{
	uint64_t value = 0;

	if (bytes > reader_left(reader)) {
		reader_fail(reader);
		return 0;
	}
	memcpy(&value, reader->at, bytes);
	reader->at += bytes;
	return value;
}

static inline int64_t reader_signed(struct byte_reader *reader, unsigned bytes)
{
	unsigned unused_bits = 64 - 8 * bytes;

	return (int64_t)(reader_unsigned(reader, bytes) << unused_bits) >> unused_bits;
}

static inline uint8_t reader_byte(struct byte_reader *reader)
{
	return (uint8_t)reader_unsigned(reader, 1);
}

uint64_t reader_uleb128_long(struct byte_reader *reader);

/* Nearly all are one byte long. */
static inline uint64_t reader_uleb128(struct byte_reader *reader)
{
	if (__builtin_expect(reader->at < reader->end && *reader->at < 0x80, 1))
		return *reader->at++;
	return reader_uleb128_long(reader);
}

int64_t reader_sleb128(struct byte_reader *reader);

/**
 * reader_pointer() - a pointer in one of the encodings above.
 * @data_base: what EH_DATAREL counts from; 0 = that encoding is refused.
 */
uint64_t reader_pointer(struct byte_reader *reader, uint8_t encoding, uint64_t data_base);

#endif
