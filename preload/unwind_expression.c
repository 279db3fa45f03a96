/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_expression.c - a stack machine for DW_OP_*, bounded in steps and depth.
 */
#include "unwind_expression.h"

#include "unwind_reader.h"

#define DEPTH_MAX 16
#define STEP_MAX 1000

enum operation {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_PICK = 0x15,
	OP_SWAP = 0x16,
	OP_ROT = 0x17,
	OP_ABS = 0x19,
	OP_AND = 0x1a,
	OP_DIV = 0x1b,
	OP_MINUS = 0x1c,
	OP_MOD = 0x1d,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_SHRA = 0x26,
	OP_XOR = 0x27,
	OP_BRA = 0x28,
	OP_EQ = 0x29,
	OP_GE = 0x2a,
	OP_GT = 0x2b,
	OP_LE = 0x2c,
	OP_LT = 0x2d,
	OP_NE = 0x2e,
	OP_SKIP = 0x2f,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_REG0 = 0x50,
	OP_REG31 = 0x6f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_REGX = 0x90,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

struct machine {
	const struct expression_source *source;
	const uint8_t *start;
	struct byte_reader reader;
	unsigned depth;
	bool is_bad, is_deref;
	uint8_t bases[DEPTH_MAX];
	uint64_t numbers[DEPTH_MAX];
};

static void push(struct machine *m, uint64_t number, uint8_t base)
{
	if (m->depth == DEPTH_MAX) {
		m->is_bad = true;
		return;
	}
	m->numbers[m->depth] = number;
	m->bases[m->depth++] = base;
}

/* Puts the operand that lies `below` under the top on top. */
static void pick(struct machine *m, unsigned below)
{
	if (below >= m->depth)
		m->is_bad = true;
	else
		push(m, m->numbers[m->depth - 1 - below], m->bases[m->depth - 1 - below]);
}

static uint64_t pop(struct machine *m, uint8_t *base)
{
	if (m->depth == 0) {
		m->is_bad = true;
		*base = EXPRESSION_NUMBER;
		return 0;
	}
	*base = m->bases[--m->depth];
	return m->numbers[m->depth];
}

/* Top of the stack, which must not depend on a register left open. */
static uint64_t pop_number(struct machine *m)
{
	uint8_t base;
	uint64_t number = pop(m, &base);

	m->is_bad |= base != EXPRESSION_NUMBER;
	return number;
}

static void push_register(struct machine *m, uint64_t column, int64_t offset)
{
	struct expression_value value = {0};

	if (!m->source->read_register(m->source->context, column, &value))
		m->is_bad = true;
	push(m, value.number + (uint64_t)offset, value.base);
}

static void dereference(struct machine *m, unsigned bytes)
{
	uint8_t base;
	uint64_t address = pop(m, &base), word = 0;

	if (base != EXPRESSION_NUMBER) {
		/* a rule can say this much only as the last thing */
		m->is_deref = bytes == 8 && reader_left(&m->reader) == 0;
		m->is_bad |= !m->is_deref;
		push(m, address, base);
		return;
	}
	if (bytes == 0 || bytes > 8 || !m->source->read_memory ||
	    !m->source->read_memory(m->source->context, address, &word))
		m->is_bad = true;
	else if (bytes < 8)
		word &= (UINT64_C(1) << 8 * bytes) - 1;
	push(m, word, EXPRESSION_NUMBER);
}

static void swap(struct machine *m)
{
	uint8_t upper_base, lower_base;
	uint64_t upper = pop(m, &upper_base), lower = pop(m, &lower_base);

	push(m, upper, upper_base);
	push(m, lower, lower_base);
}

static void rotate(struct machine *m)
{
	uint8_t bases[3];
	uint64_t first = pop(m, &bases[0]), second = pop(m, &bases[1]), third = pop(m, &bases[2]);

	push(m, first, bases[0]);
	push(m, third, bases[2]);
	push(m, second, bases[1]);
}

static void add(struct machine *m)
{
	uint8_t right_base, left_base;
	uint64_t right = pop(m, &right_base), left = pop(m, &left_base);

	if (right_base != EXPRESSION_NUMBER && left_base != EXPRESSION_NUMBER)
		m->is_bad = true;
	push(m, left + right, left_base | right_base);
}

static void subtract(struct machine *m)
{
	uint64_t right = pop_number(m);
	uint8_t base;
	uint64_t left = pop(m, &base);

	push(m, left - right, base);
}

static uint64_t shift_right_signed(uint64_t left, uint64_t right)
{
	return (uint64_t)((int64_t)left >> (right < 64 ? right : 63));
}

/* Operations on two numbers; false = not one of them, or division by zero. */
static bool compute(uint8_t operation, uint64_t left, uint64_t right, uint64_t *out)
{
	int64_t a = (int64_t)left, b = (int64_t)right;

	switch (operation) {
	case OP_AND:
		*out = left & right;
		return true;
	case OP_OR:
		*out = left | right;
		return true;
	case OP_XOR:
		*out = left ^ right;
		return true;
	case OP_MUL:
		*out = left * right;
		return true;
	case OP_SHL:
		*out = right < 64 ? left << right : 0;
		return true;
	case OP_SHR:
		*out = right < 64 ? left >> right : 0;
		return true;
	case OP_SHRA:
		*out = shift_right_signed(left, right);
		return true;
	case OP_EQ:
		*out = a == b;
		return true;
	case OP_NE:
		*out = a != b;
		return true;
	case OP_GE:
		*out = a >= b;
		return true;
	case OP_GT:
		*out = a > b;
		return true;
	case OP_LE:
		*out = a <= b;
		return true;
	case OP_LT:
		*out = a < b;
		return true;
	case OP_MOD:
		*out = right ? left % right : 0;
		return right != 0;
	case OP_DIV:
		/* the one quotient that does not fit is left as it is */
		*out = b == -1 ? 0 - left : b ? (uint64_t)(a / b) : 0;
		return right != 0;
	default:
		return false;
	}
}

static void compute_unary(struct machine *m, uint8_t operation)
{
	uint64_t number = pop_number(m);

	if (operation == OP_NOT)
		number = ~number;
	else if (operation == OP_NEG || (int64_t)number < 0)
		number = 0 - number;
	push(m, number, EXPRESSION_NUMBER);
}

static void jump(struct machine *m, bool is_taken)
{
	int64_t distance = reader_signed(&m->reader, 2);
	int64_t place = m->reader.at - m->start + distance;

	if (!is_taken)
		return;
	if (place < 0 || place > m->reader.end - m->start)
		m->is_bad = true;
	else
		m->reader.at = m->start + place;
}

static void push_constant(struct machine *m, uint8_t operation)
{
	unsigned bytes = 1u << ((operation - OP_CONST1U) >> 1);

	push(m,
	     (operation & 1) ? (uint64_t)reader_signed(&m->reader, bytes)
			     : reader_unsigned(&m->reader, bytes),
	     EXPRESSION_NUMBER);
}

/* Operations that come in ranges of numbers; false = it is none of those. */
static bool step_range(struct machine *m, uint8_t operation)
{
	if (operation >= OP_LIT0 && operation <= OP_LIT31)
		push(m, operation - OP_LIT0, EXPRESSION_NUMBER);
	else if (operation >= OP_REG0 && operation <= OP_REG31)
		push_register(m, operation - OP_REG0, 0);
	else if (operation >= OP_BREG0 && operation <= OP_BREG31)
		push_register(m, operation - OP_BREG0, reader_sleb128(&m->reader));
	else if (operation >= OP_CONST1U && operation <= OP_CONST8S)
		push_constant(m, operation);
	else
		return false;
	return true;
}

static void step_binary(struct machine *m, uint8_t operation)
{
	uint64_t right = pop_number(m), left = pop_number(m), result = 0;

	m->is_bad |= !compute(operation, left, right, &result);
	push(m, result, EXPRESSION_NUMBER);
}

static void step(struct machine *m, uint8_t operation)
{
	struct byte_reader *reader = &m->reader;
	uint64_t column;
	uint8_t base;

	switch (operation) {
	case OP_ADDR:
		push(m, reader_unsigned(reader, 8), EXPRESSION_NUMBER);
		break;
	case OP_CONSTU:
		push(m, reader_uleb128(reader), EXPRESSION_NUMBER);
		break;
	case OP_CONSTS:
		push(m, (uint64_t)reader_sleb128(reader), EXPRESSION_NUMBER);
		break;
	case OP_DEREF:
		dereference(m, 8);
		break;
	case OP_DEREF_SIZE:
		dereference(m, reader_byte(reader));
		break;
	case OP_DUP:
		pick(m, 0);
		break;
	case OP_OVER:
		pick(m, 1);
		break;
	case OP_PICK:
		pick(m, reader_byte(reader));
		break;
	case OP_DROP:
		(void)pop(m, &base);
		break;
	case OP_SWAP:
		swap(m);
		break;
	case OP_ROT:
		rotate(m);
		break;
	case OP_PLUS:
		add(m);
		break;
	case OP_MINUS:
		subtract(m);
		break;
	case OP_PLUS_UCONST:
		push(m, reader_uleb128(reader), EXPRESSION_NUMBER);
		add(m);
		break;
	case OP_ABS:
	case OP_NEG:
	case OP_NOT:
		compute_unary(m, operation);
		break;
	case OP_SKIP:
		jump(m, true);
		break;
	case OP_BRA:
		jump(m, pop_number(m) != 0);
		break;
	case OP_REGX:
		push_register(m, reader_uleb128(reader), 0);
		break;
	case OP_BREGX:
		column = reader_uleb128(reader);
		push_register(m, column, reader_sleb128(reader));
		break;
	case OP_NOP:
		break;
	default:
		step_binary(m, operation);
		break;
	}
}

bool expression_evaluate(const struct expression_source *source, const uint8_t *start,
			 const uint8_t *end, const uint64_t *initial, struct expression_value *out)
{
	struct machine m;
	unsigned steps;

	m.source = source;
	m.start = start;
	m.reader = (struct byte_reader){.at = start, .end = end};
	m.depth = 0;
	m.is_bad = m.is_deref = false;
	if (initial)
		push(&m, *initial, EXPRESSION_NUMBER);
	for (steps = 0; steps < STEP_MAX && reader_left(&m.reader) > 0; steps++) {
		uint8_t operation = reader_byte(&m.reader);

		if (!step_range(&m, operation))
			step(&m, operation);
		if (m.is_bad || m.reader.is_bad)
			return false;
	}
	if (reader_left(&m.reader) > 0 || m.depth == 0)
		return false;
	out->number = m.numbers[m.depth - 1];
	out->base = m.bases[m.depth - 1];
	out->is_deref = m.is_deref;
	return true;
}
