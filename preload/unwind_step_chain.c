/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_step_chain.c - steps over code that has no frame description, by saved frame pointers.
 *
 * rbp may hold anything in such code. A link of the chain counts only if its return address stands behind
 * a call instruction of a known module, or if the chain leads through memory that might be code (that of
 * a JIT compiler) to such a link.
 */
#include "os.h"
#include "unwind_lookup.h"
#include "unwind_stack.h"
#include "unwind_step.h"

#define LINK_MAX 1000
#define CALL_BYTES_MAX 7

/* Bytes of a call instruction that begins with FF /2, by what follows. */
static unsigned indirect_call_bytes(const uint8_t *code)
{
	uint8_t mode = code[1] >> 6, operand = code[1] & 7;

	if (code[0] != 0xff || (code[1] >> 3 & 7) != 2)
		return 0;
	switch (mode) {
	case 0:
		if (operand == 5)
			return 6;
		return operand != 4 ? 2 : (code[2] & 7) == 5 ? 7 : 3;
	case 1:
		return operand == 4 ? 4 : 3;
	case 2:
		return operand == 4 ? 7 : 6;
	default:
		return 2;
	}
}

static bool is_behind_call(uint64_t address)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)address;
	unsigned bytes;

	if (address % MT_PAGE_SIZE < CALL_BYTES_MAX && !os_is_readable(code - CALL_BYTES_MAX, 1))
		return false;
	if (code[-5] == 0xe8)
		return true;
	for (bytes = 2; bytes <= CALL_BYTES_MAX; bytes++) {
		if (indirect_call_bytes(code - bytes) == bytes)
			return true;
	}
	return false;
}

static bool read_link(struct unwind_cursor *cursor, uint64_t bp, uint64_t *next, uint64_t *ip)
{
	return bp % 8 == 0 && unwind_stack_read(cursor, bp, next) &&
	       unwind_stack_read(cursor, bp + 8, ip);
}

/* Whether the chain from a link on leads to known code; remembers how far it was looked at. */
static bool check_chain(struct unwind_cursor *cursor, uint64_t bp)
{
	uint64_t next, ip;
	unsigned i;

	for (i = 0; i < LINK_MAX; i++) {
		struct rules_hit hit;

		if (!read_link(cursor, bp, &next, &ip))
			return false;
		unwind_lookup(ip - 1, cursor->generation, &hit);
		if (rule_kind(hit.rule) == RULE_NO_CODE)
			return false;
		if (rule_is_known_code(hit.rule)) {
			cursor->frame_chain_high = bp;
			return is_behind_call(ip);
		}
		if (next <= bp)
			return false;
		bp = next;
	}
	return false;
}

enum unwind_status unwind_step_chain(struct unwind_cursor *cursor)
{
	uint64_t bp = cursor->bp, next, ip;

	cursor->step.used = UNWIND_USED_BP;
	if (bp == 0)
		return UNWIND_END;
	if (bp < cursor->sp || !read_link(cursor, bp, &next, &ip))
		return UNWIND_BROKEN;
	if (ip == 0) {
		cursor->step.ra_slot = bp + 8;
		return UNWIND_END;
	}
	if (bp > cursor->frame_chain_high && !check_chain(cursor, bp))
		return UNWIND_BROKEN;
	cursor->step = (struct unwind_step){
		.cfa = bp + 16,
		.ra_slot = bp + 8,
		.bp_slot = bp,
		.used = UNWIND_USED_BP,
	};
	return unwind_step_set(cursor, ip, bp + 16, next);
}
