/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_reader.c - variable-length numbers and encoded pointers of .eh_frame.
 */
#include "unwind_reader.h"

/* Groups of seven bits, lowest first; *shift is set to the number of bits read. */
static uint64_t read_leb128(struct byte_reader *reader, unsigned *shift, uint8_t *last)
{
	uint64_t value = 0;
	uint8_t byte;

	*shift = 0;
	do {
		byte = reader_byte(reader);
		if (*shift < 64)
			value |= (uint64_t)(byte & 0x7f) << *shift;
		*shift += 7;
	} while ((byte & 0x80) != 0 && !reader->is_bad);
	*last = byte;
	return value;
}

uint64_t reader_uleb128_long(struct byte_reader *reader)
{
	unsigned shift;
	uint8_t last;

	return read_leb128(reader, &shift, &last);
}

int64_t reader_sleb128(struct byte_reader *reader)
{
	unsigned shift;
	uint8_t last;
	uint64_t value = read_leb128(reader, &shift, &last);

	if ((last & 0x40) != 0 && shift < 64)
		value |= ~UINT64_C(0) << shift;
	return (int64_t)value;
}

static uint64_t read_format(struct byte_reader *reader, uint8_t format)
{
	switch (format) {
	case EH_ABSPTR:
	case EH_UDATA8:
	case EH_SDATA8:
		return reader_unsigned(reader, 8);
	case EH_UDATA2:
		return reader_unsigned(reader, 2);
	case EH_UDATA4:
		return reader_unsigned(reader, 4);
	case EH_SDATA2:
		return (uint64_t)reader_signed(reader, 2);
	case EH_SDATA4:
		return (uint64_t)reader_signed(reader, 4);
	case EH_ULEB128:
		return reader_uleb128(reader);
	case EH_SLEB128:
		return (uint64_t)reader_sleb128(reader);
	default:
		reader_fail(reader);
		return 0;
	}
}

uint64_t reader_pointer(struct byte_reader *reader, uint8_t encoding, uint64_t data_base)
{
	uint64_t here = (uint64_t)(uintptr_t)reader->at;
	uint64_t value = read_format(reader, encoding & 0x0f);

	switch (encoding & 0xf0) {
	case 0:
		return value;
	case EH_PCREL:
		return here + value;
	case EH_DATAREL:
		if (data_base != 0)
			return data_base + value;
		break;
	}
	reader_fail(reader);
	return 0;
}
