/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_eh_frame.c - searches .eh_frame_hdr and reads FDE and CIE as the LSB describes them.
 *
 * The tables are the program's and may be garbage: each read is bounded by the module's data range.
 */
#include "unwind_eh_frame.h"

#include "unwind_reader.h"

#define RETURN_ADDRESS_COLUMN 16
#define SCAN_RECORD_MAX 1000000u /* without a search table */

struct hdr_table {
	const uint8_t *entries;
	uint64_t count, eh_frame;
	unsigned field_bytes;
	uint8_t encoding;
	uint64_t base;
};

/* Head of a CIE or FDE: where it ends, and its CIE pointer or 0. */
struct record {
	struct byte_reader body; /* behind the id field */
	uint64_t id, id_address;
};

static struct byte_reader reader_at(const struct module_info *module, uint64_t address)
{
	struct byte_reader reader = {.is_bad = true};

	if (address < module->data_start || address >= module->data_end)
		return reader;
	reader.at = (const uint8_t *)(uintptr_t)address;
	reader.end = (const uint8_t *)(uintptr_t)module->data_end;
	reader.is_bad = false;
	return reader;
}

static unsigned format_bytes(uint8_t encoding)
{
	static const uint8_t bytes[16] = {
		[EH_ABSPTR] = 8, [EH_UDATA2] = 2, [EH_UDATA4] = 4, [EH_UDATA8] = 8,
		[EH_SDATA2] = 2, [EH_SDATA4] = 4, [EH_SDATA8] = 8,
	};

	return encoding == EH_OMIT ? 0 : bytes[encoding & 0x0f];
}

static bool read_hdr(const struct module_info *module, struct hdr_table *out)
{
	struct byte_reader reader = reader_at(module, module->eh_frame_hdr);
	uint8_t version = reader_byte(&reader), frame_encoding = reader_byte(&reader);
	uint8_t count_encoding = reader_byte(&reader), table_encoding = reader_byte(&reader);
	uint64_t base = module->eh_frame_hdr;

	out->eh_frame = reader_pointer(&reader, frame_encoding, base);
	out->count = 0;
	if (version != 1 || reader.is_bad)
		return false;
	out->field_bytes = format_bytes(table_encoding);
	if (count_encoding == EH_OMIT || out->field_bytes == 0)
		return true;
	out->count = reader_pointer(&reader, count_encoding, base);
	if (reader.is_bad || out->count > reader_left(&reader) / (2 * out->field_bytes))
		return false;
	out->entries = reader.at;
	out->encoding = table_encoding;
	out->base = base;
	return true;
}

static uint64_t hdr_field(const struct hdr_table *table, uint64_t row, unsigned column)
{
	struct byte_reader reader;

	reader.at = table->entries + (2 * row + column) * table->field_bytes;
	reader.end = reader.at + table->field_bytes;
	reader.is_bad = false;
	return reader_pointer(&reader, table->encoding, table->base);
}

/* Number of rows that start at or before pc, in the encoding that linkers use: halves without branches. */
static uint64_t hdr_count_compact(const struct hdr_table *table, uint64_t pc)
{
	const uint8_t *row = table->entries;
	uint64_t left = table->count;

	while (left > 0) {
		uint64_t half = left - left / 2;
		int32_t start;

		memcpy(&start, row + (half - 1) * 2 * sizeof(start), sizeof(start));
		if (table->base + (uint64_t)(int64_t)start <= pc)
			row += half * 2 * sizeof(start);
		left = left - half;
	}
	return (uint64_t)(row - table->entries) / (2 * sizeof(int32_t));
}

/* Address of the last FDE that starts at or before pc; 0 = all start behind it. */
static uint64_t hdr_search(const struct hdr_table *table, uint64_t pc)
{
	uint64_t low = 0, high = table->count;

	if (table->encoding == (EH_DATAREL | EH_SDATA4))
		low = high = hdr_count_compact(table, pc);
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (hdr_field(table, middle, 0) <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low == 0 ? 0 : hdr_field(table, low - 1, 1);
}

static bool read_record(const struct module_info *module, uint64_t address, struct record *out)
{
	struct byte_reader reader = reader_at(module, address);
	uint64_t length = reader_unsigned(&reader, 4);
	bool is_wide = length == 0xffffffff;

	if (is_wide)
		length = reader_unsigned(&reader, 8);
	if (reader.is_bad || length == 0 || length > reader_left(&reader))
		return false;
	reader.end = reader.at + length;
	out->id_address = (uint64_t)(uintptr_t)reader.at;
	out->id = reader_unsigned(&reader, is_wide ? 8 : 4);
	out->body = reader;
	return !reader.is_bad;
}

/* What an augmentation string says; a letter that we do not know makes the frame unreadable. */
static bool read_augmentation(struct byte_reader *reader, const uint8_t *letters,
			      struct eh_frame *out, uint8_t *encoding)
{
	uint64_t bytes = reader_uleb128(reader);
	const uint8_t *behind;

	if (bytes > reader_left(reader))
		return false;
	behind = reader->at + bytes;
	for (; *letters != 0; letters++) {
		uint8_t skipped;

		switch (*letters) {
		case 'R':
			*encoding = reader_byte(reader);
			break;
		case 'L':
			(void)reader_byte(reader);
			break;
		case 'P':
			skipped = reader_byte(reader);
			(void)reader_pointer(reader, skipped & 0x0f, 0);
			break;
		case 'S':
			out->is_signal = true;
			break;
		case 'B':
		case 'G':
			break;
		default:
			return false;
		}
	}
	if (reader->is_bad || reader->at > behind)
		return false;
	reader->at = behind;
	return true;
}

static bool read_cie(const struct module_info *module, uint64_t address, struct eh_frame *out,
		     uint8_t *encoding, bool *has_augmentation)
{
	struct record cie;
	struct byte_reader *reader = &cie.body;
	const uint8_t *letters;
	uint8_t version;
	uint64_t column;

	if (!read_record(module, address, &cie) || cie.id != 0)
		return false;
	version = reader_byte(reader);
	if (version != 1 && version != 3 && version != 4)
		return false;
	letters = reader->at;
	while (reader_byte(reader) != 0)
		continue;
	if (version == 4)
		reader_skip(reader, 2);
	out->code_align = reader_uleb128(reader);
	out->data_align = reader_sleb128(reader);
	column = version == 1 ? reader_byte(reader) : reader_uleb128(reader);
	if (reader->is_bad || column != RETURN_ADDRESS_COLUMN)
		return false;

	*encoding = EH_ABSPTR;
	out->is_signal = false;
	*has_augmentation = *letters == 'z';
	if (*has_augmentation ? !read_augmentation(reader, letters + 1, out, encoding)
			      : *letters != 0)
		return false;
	out->initial = reader->at;
	out->initial_end = reader->end;
	return true;
}

/* Reads the FDE at an address; false also when it does not cover pc. */
static bool read_fde(const struct module_info *module, uint64_t address, uint64_t pc,
		     struct eh_frame *out)
{
	struct record fde;
	uint8_t encoding;
	bool has_augmentation;

	if (!read_record(module, address, &fde) || fde.id == 0)
		return false;
	if (!read_cie(module, fde.id_address - fde.id, out, &encoding, &has_augmentation))
		return false;
	if (encoding == EH_OMIT || (encoding & EH_INDIRECT) != 0)
		return false;
	out->pc_start = reader_pointer(&fde.body, encoding, 0);
	out->pc_end = out->pc_start + reader_pointer(&fde.body, encoding & 0x0f, 0);
	if (has_augmentation)
		reader_skip(&fde.body, reader_uleb128(&fde.body));
	out->program = fde.body.at;
	out->program_end = fde.body.end;
	return !fde.body.is_bad && pc >= out->pc_start && pc < out->pc_end;
}

static bool scan_records(const struct module_info *module, uint64_t address, uint64_t pc,
			 struct eh_frame *out)
{
	struct record record;
	unsigned i;

	for (i = 0; i < SCAN_RECORD_MAX && read_record(module, address, &record); i++) {
		if (record.id != 0 && read_fde(module, address, pc, out))
			return true;
		address = (uint64_t)(uintptr_t)record.body.end;
	}
	return false;
}

bool eh_frame_find(const struct module_info *module, uint64_t pc, struct eh_frame *out)
{
	struct hdr_table table;
	uint64_t address;

	if (!read_hdr(module, &table))
		return false;
	if (table.count == 0)
		return scan_records(module, table.eh_frame, pc, out);
	address = hdr_search(&table, pc);
	return address != 0 && read_fde(module, address, pc, out);
}
