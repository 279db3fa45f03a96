/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_rule.h - what to do at one address to get to the caller, in 32 bits.
 *
 *   bits 0-3    enum rule_kind, never 0
 *   bits 4-12   SP, BP: rbp was saved this many words below the CFA; 0 = not saved
 *   bits 13-31  SP, BP: words from the register to the CFA
 *   bits 4-17   DEREF: signed words from rbp to the word that holds the CFA
 *   bits 18-31  DEREF: signed words from rbp to where rbp was saved
 *   bit 4       END, SIGNAL: the frame belongs to the function that begins behind the address
 */
#ifndef PRELOAD_UNWIND_RULE_H
#define PRELOAD_UNWIND_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "module_table.h"

enum rule_kind {
	RULE_SP = 1,	   /* CFA = rsp + offset; the return address lies below it */
	RULE_BP = 2,	   /* CFA = rbp + offset; likewise */
	RULE_DEREF = 3,	   /* CFA = word at rbp + offset: a realigned frame */
	RULE_END = 4,	   /* there is no caller */
	RULE_SIGNAL = 5,   /* the frame that the kernel made: registers from the ucontext at rsp */
	RULE_SLOW = 6,	   /* look the frame description up each time */
	RULE_CHAIN = 7,	   /* none in a known module: by the chain of saved frame pointers */
	RULE_STUB = 8,	   /* none, but a stub without a frame of its own: CFA = rsp + 8 */
	RULE_STRANGE = 9,  /* as RULE_CHAIN, in memory of no known module */
	RULE_NO_CODE = 10, /* nothing is mapped there: the address was wrong */
};

static inline enum rule_kind rule_kind(uint32_t rule)
{
	return (enum rule_kind)(rule & 15);
}

static inline uint64_t rule_bp_below(uint32_t rule)
{
	return (uint64_t)(rule >> 4 & 511) * 8;
}

static inline uint64_t rule_cfa_offset(uint32_t rule)
{
	return (uint64_t)(rule >> 13) * 8;
}

static inline int64_t rule_deref_cfa(uint32_t rule)
{
	return (int64_t)((int32_t)(rule << 14) >> 18) * 8;
}

static inline int64_t rule_deref_bp(uint32_t rule)
{
	return (int64_t)((int32_t)rule >> 18) * 8;
}

/*
 * A return address that nobody's call left, but that was written to the stack as the start of a function,
 * is the frame's address itself.
 */
#define RULE_BEHIND (1u << 4)

static inline uint64_t rule_frame_address(uint32_t rule, uint64_t pc)
{
	bool has_flag = rule_kind(rule) == RULE_END || rule_kind(rule) == RULE_SIGNAL;

	return pc + (has_flag && (rule & RULE_BEHIND) != 0);
}

/* Whether code of a known module stands there. */
static inline bool rule_is_known_code(uint32_t rule)
{
	return rule_kind(rule) < RULE_STRANGE;
}

/**
 * rule_compile() - the rule for an address in a module.
 */
uint32_t rule_compile(const struct module_info *module, uint64_t pc);

/**
 * rule_compile_unknown() - the rule for an address outside of all modules.
 */
uint32_t rule_compile_unknown(uint64_t pc);

#endif
