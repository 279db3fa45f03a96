/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_lookup.h - the rule for an address, compiled the first time it is asked for.
 */
#ifndef PRELOAD_UNWIND_LOOKUP_H
#define PRELOAD_UNWIND_LOOKUP_H

#include "unwind_rule.h"
#include "unwind_rules.h"

/* Compiles and remembers what rules_find() did not find. */
void unwind_learn(uint64_t pc, uint64_t key, struct rules_hit *hit);

/**
 * unwind_lookup() - what to do at an address.
 * @hit: entry is NULL when there is no room to remember it.
 */
static inline void unwind_lookup(uint64_t pc, uint16_t generation, struct rules_hit *hit)
{
	uint64_t key = rules_key(pc, generation);

	if (__builtin_expect(pc >> RULES_KEY_SHIFT != 0, 0))
		*hit = (struct rules_hit){.rule = RULE_NO_CODE};
	else if (__builtin_expect(!rules_find(key, hit), 0))
		unwind_learn(pc, key, hit);
}

#endif
