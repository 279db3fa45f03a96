/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unwind_lookup.c - brings the module table, the compiler of rules and the cache of rules together.
 */
#include "unwind_lookup.h"

#include "module_table.h"

void unwind_learn(uint64_t pc, uint64_t key, struct rules_hit *hit)
{
	struct module_info module;
	bool is_known = module_table_find(pc, &module);

	hit->rule = is_known ? rule_compile(&module, pc) : rule_compile_unknown(pc);
	hit->location = 0;
	hit->entry = rules_add(key, hit->rule);
}
