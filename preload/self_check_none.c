/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check_none.c - libmemtrace.so does not check itself.
 */
#include "self_check.h"

void self_check_init(bool second_is_open)
{
	(void)second_is_open;
}

bool self_check_wants_second(void)
{
	return false;
}

void self_check_stack(const struct unwind_regs *regs, struct unwind_bounds *bounds, uint32_t node)
{
	(void)node;
	(void)regs;
	(void)bounds;
}

void self_check_at_exit(void)
{
}
