/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_cfi.c - interprets DW_CFA_* instructions into one row.
 */
#include "unwind_cfi.h"

#include "unwind_reader.h"

#define REMEMBER_MAX 3 /* compilers need 1 */

enum instruction {
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
	CFA_ADVANCE_LOC = 0x40, /* in the upper two bits: operand below */
	CFA_OFFSET = 0x80,
	CFA_RESTORE = 0xc0,
};

struct interpreter {
	const struct eh_frame *frame;
	struct byte_reader reader;
	uint64_t location, pc;
	struct cfi_row *row;
	const struct cfi_row *initial; /* NULL while the CIE runs */
	bool is_bad;
	unsigned remembered_count;
	struct cfi_row remembered[REMEMBER_MAX];
};

enum cfi_column cfi_column_of(uint64_t dwarf_register)
{
	/* plus 1: 0 = not followed */
	static const uint8_t columns[DWARF_RA + 1] = {
		[DWARF_BX] = CFI_BX + 1,   [DWARF_BP] = CFI_BP + 1,   [DWARF_SP] = CFI_SP + 1,
		[DWARF_R12] = CFI_R12 + 1, [DWARF_R13] = CFI_R13 + 1, [DWARF_R14] = CFI_R14 + 1,
		[DWARF_R15] = CFI_R15 + 1, [DWARF_RA] = CFI_RA + 1,
	};

	if (dwarf_register > DWARF_RA || columns[dwarf_register] == 0)
		return CFI_COLUMN_NONE;
	return (enum cfi_column)(columns[dwarf_register] - 1);
}

static void set_column(struct interpreter *in, uint64_t dwarf_register, enum cfi_kind kind,
		       int64_t value)
{
	enum cfi_column column = cfi_column_of(dwarf_register);

	if (column == CFI_COLUMN_NONE)
		return;
	in->is_bad |= value != (int32_t)value;
	in->row->kinds[column] = (uint8_t)kind;
	in->row->values[column] = (int32_t)value;
}

static void restore_column(struct interpreter *in, uint64_t dwarf_register)
{
	enum cfi_column column = cfi_column_of(dwarf_register);

	if (!in->initial || column == CFI_COLUMN_NONE)
		return;
	in->row->kinds[column] = in->initial->kinds[column];
	in->row->values[column] = in->initial->values[column];
}

static void set_cfa_offset(struct interpreter *in, int64_t offset)
{
	in->is_bad |= offset != (int32_t)offset;
	in->row->cfa_offset = (int32_t)offset;
}

static void set_cfa(struct interpreter *in, uint64_t dwarf_register, int64_t offset)
{
	in->is_bad |= dwarf_register > DWARF_RA;
	in->row->cfa_register = (uint8_t)dwarf_register;
	set_cfa_offset(in, offset);
	in->row->is_cfa_expression = false;
}

/* Passes over an expression and gives it a name. */
static int64_t name_expression(struct interpreter *in)
{
	int64_t name = in->reader.at - in->frame->program;

	reader_skip(&in->reader, reader_uleb128(&in->reader));
	return name;
}

struct cfi_expression cfi_row_expression(const struct eh_frame *frame, int64_t value)
{
	struct cfi_expression expression;
	struct byte_reader reader = {.at = frame->program + value};
	bool is_in_fde = value >= 0 && value < frame->program_end - frame->program;
	uint64_t bytes;

	reader.end = is_in_fde ? frame->program_end : frame->initial_end;
	bytes = reader_uleb128(&reader);
	expression.start = reader.at;
	expression.end = reader.at + (bytes <= reader_left(&reader) ? bytes : 0);
	return expression;
}

static void remember(struct interpreter *in)
{
	if (in->remembered_count == REMEMBER_MAX)
		in->is_bad = true;
	else
		in->remembered[in->remembered_count++] = *in->row;
}

static void restore(struct interpreter *in)
{
	if (in->remembered_count == 0)
		in->is_bad = true;
	else
		*in->row = in->remembered[--in->remembered_count];
}

static void advance(struct interpreter *in, uint64_t delta)
{
	in->location += delta * in->frame->code_align;
}

static int64_t factored(const struct interpreter *in, uint64_t offset)
{
	return (int64_t)(offset * (uint64_t)in->frame->data_align);
}

static void run_location(struct interpreter *in, uint8_t instruction)
{
	struct byte_reader *reader = &in->reader;

	if (instruction == CFA_SET_LOC) /* the encoding of every compiler for this machine */
		in->location = reader_pointer(reader, EH_PCREL | EH_SDATA4, 0);
	else
		advance(in, reader_unsigned(reader, 1u << (instruction - CFA_ADVANCE_LOC1)));
}

static void run_cfa(struct interpreter *in, uint8_t instruction)
{
	struct byte_reader *reader = &in->reader;
	struct cfi_row *row = in->row;
	uint64_t number;

	switch (instruction) {
	case CFA_DEF_CFA:
		number = reader_uleb128(reader);
		set_cfa(in, number, (int64_t)reader_uleb128(reader));
		break;
	case CFA_DEF_CFA_SF:
		number = reader_uleb128(reader);
		set_cfa(in, number, factored(in, (uint64_t)reader_sleb128(reader)));
		break;
	case CFA_DEF_CFA_REGISTER:
		in->is_bad |= row->is_cfa_expression;
		set_cfa(in, reader_uleb128(reader), row->cfa_offset);
		break;
	case CFA_DEF_CFA_OFFSET:
		in->is_bad |= row->is_cfa_expression;
		set_cfa_offset(in, (int64_t)reader_uleb128(reader));
		break;
	case CFA_DEF_CFA_OFFSET_SF:
		in->is_bad |= row->is_cfa_expression;
		set_cfa_offset(in, factored(in, (uint64_t)reader_sleb128(reader)));
		break;
	default:
		row->is_cfa_expression = true;
		set_cfa_offset(in, name_expression(in));
		break;
	}
}

/* Instructions whose first operand is a register. */
static void run_column(struct interpreter *in, uint8_t instruction)
{
	struct byte_reader *reader = &in->reader;
	uint64_t number = reader_uleb128(reader);

	switch (instruction) {
	case CFA_OFFSET_EXTENDED:
		set_column(in, number, CFI_OFFSET, factored(in, reader_uleb128(reader)));
		break;
	case CFA_OFFSET_EXTENDED_SF:
		set_column(in, number, CFI_OFFSET, factored(in, (uint64_t)reader_sleb128(reader)));
		break;
	case CFA_GNU_NEGATIVE_OFFSET_EXTENDED:
		set_column(in, number, CFI_OFFSET, factored(in, 0 - reader_uleb128(reader)));
		break;
	case CFA_VAL_OFFSET:
		set_column(in, number, CFI_VALUE_OFFSET, factored(in, reader_uleb128(reader)));
		break;
	case CFA_VAL_OFFSET_SF:
		set_column(in, number, CFI_VALUE_OFFSET,
			   factored(in, (uint64_t)reader_sleb128(reader)));
		break;
	case CFA_REGISTER:
		set_column(in, number, CFI_REGISTER, (int64_t)reader_uleb128(reader));
		break;
	case CFA_EXPRESSION:
		set_column(in, number, CFI_EXPRESSION, name_expression(in));
		break;
	case CFA_VAL_EXPRESSION:
		set_column(in, number, CFI_VALUE_EXPRESSION, name_expression(in));
		break;
	case CFA_UNDEFINED:
		set_column(in, number, CFI_UNDEFINED, 0);
		break;
	case CFA_SAME_VALUE:
		set_column(in, number, CFI_SAME, 0);
		break;
	case CFA_RESTORE_EXTENDED:
		restore_column(in, number);
		break;
	default:
		in->is_bad = true;
	}
}

static void run_extended(struct interpreter *in, uint8_t instruction)
{
	switch (instruction) {
	case CFA_NOP:
		break;
	case CFA_SET_LOC ... CFA_ADVANCE_LOC4:
		run_location(in, instruction);
		break;
	case CFA_REMEMBER_STATE:
		remember(in);
		break;
	case CFA_RESTORE_STATE:
		restore(in);
		break;
	case CFA_DEF_CFA ... CFA_DEF_CFA_EXPRESSION:
	case CFA_DEF_CFA_SF:
	case CFA_DEF_CFA_OFFSET_SF:
		run_cfa(in, instruction);
		break;
	case CFA_GNU_ARGS_SIZE:
		(void)reader_uleb128(&in->reader);
		break;
	default:
		run_column(in, instruction);
		break;
	}
}

/*
 * Pushes and pops move the address and the CFA's offset in turn: nearly all of a long function's instructions are
 * these two, in their shortest forms. Stops in front of any other.
 */
static void run_pushes(struct interpreter *in)
{
	const uint8_t *at = in->reader.at, *last = in->reader.end - 1;
	uint64_t location = in->location, align = in->frame->code_align;
	int32_t offset = in->row->cfa_offset;

	for (; at < last && location <= in->pc; at++) {
		if ((*at & 0xc0) == CFA_ADVANCE_LOC)
			location += (*at & 0x3f) * align;
		else if (*at == CFA_DEF_CFA_OFFSET && at[1] < 0x80)
			offset = *++at;
		else
			break;
	}
	in->reader.at = at;
	in->location = location;
	in->row->cfa_offset = offset;
}

/* Runs until the end of the instructions or until a row behind pc would start. */
static bool run(struct interpreter *in, const uint8_t *start, const uint8_t *end)
{
	in->reader = (struct byte_reader){.at = start, .end = end};
	while (reader_left(&in->reader) > 0) {
		uint8_t instruction, operand;

		if (!in->row->is_cfa_expression)
			run_pushes(in);
		if (in->location > in->pc || reader_left(&in->reader) == 0)
			break;
		instruction = reader_byte(&in->reader);
		operand = instruction & 0x3f;
		switch (instruction & 0xc0) {
		case CFA_ADVANCE_LOC:
			advance(in, operand);
			break;
		case CFA_OFFSET:
			set_column(in, operand, CFI_OFFSET,
				   factored(in, reader_uleb128(&in->reader)));
			break;
		case CFA_RESTORE:
			restore_column(in, operand);
			break;
		default:
			run_extended(in, instruction);
			break;
		}
		if (in->is_bad || in->reader.is_bad)
			return false;
	}
	return true;
}

/* The rows with which the function begins. */
static bool run_initial(struct interpreter *in, struct cfi_row *initial)
{
	struct cfi_row *row = in->row;

	in->location = in->pc;
	in->initial = NULL;
	memset(row, 0, sizeof(*row));
	row->cfa_register = DWARF_RA;
	if (!run(in, in->frame->initial, in->frame->initial_end))
		return false;
	*initial = *row;
	in->location = in->frame->pc_start;
	in->remembered_count = 0;
	return true;
}

static bool run_on(struct interpreter *in, const struct cfi_row *initial, const uint8_t *at)
{
	in->initial = initial;
	return run(in, at, in->frame->program_end) &&
	       (in->row->is_cfa_expression || in->row->cfa_register != DWARF_RA);
}

/* remembered[] is large and rarely used: not cleared */
static void begin(struct interpreter *in, const struct eh_frame *frame, uint64_t pc,
		  struct cfi_row *row)
{
	in->frame = frame;
	in->pc = pc;
	in->row = row;
	in->is_bad = false;
	in->remembered_count = 0;
}

bool cfi_row_find(const struct eh_frame *frame, uint64_t pc, struct cfi_row *row)
{
	struct cfi_row initial;
	struct interpreter in;

	begin(&in, frame, pc, row);
	return run_initial(&in, &initial) && run_on(&in, &initial, frame->program);
}

bool cfi_place_move(const struct eh_frame *frame, uint64_t pc, struct cfi_place *place)
{
	const uint8_t *at = place->at;
	struct interpreter in;
	bool is_known;

	begin(&in, frame, pc, &place->row);
	in.location = place->location;
	place->at = NULL;
	if (at == NULL || pc < place->pc) {
		if (!run_initial(&in, &place->initial))
			return false;
		at = frame->program;
	}
	is_known = run_on(&in, &place->initial, at);
	/* a row that a later instruction goes back to is not kept */
	if (is_known && in.remembered_count == 0) {
		place->at = in.reader.at;
		place->pc = pc;
		place->location = in.location;
	}
	return is_known;
}
