/* SPDX-License-Identifier: Apache-2.0 */
/*
 * self_check_none.c - libmemtrace.so does not check itself.
 */
#include "self_check.h"

bool self_check_is_on = false;

void self_check_init(bool second_is_open)
{
	(void)second_is_open;
}

bool self_check_wants_second(void)
{
	return false;
}

void self_check_event(const struct unwind_frame *frame, struct thread *thread, uint32_t site)
{
	(void)frame;
	(void)thread;
	(void)site;
}

void self_check_at_exit(void)
{
}
