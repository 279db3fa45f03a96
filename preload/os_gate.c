/* SPDX-License-Identifier: Apache-2.0 */
/*
 * os_gate.c - shuts kinds of system calls, and opens them again where that was too early.
 */
#include "os_gate.h"

uint64_t os_shut;

uint64_t os_shut_also(uint64_t kinds)
{
	uint64_t old = mt_load_relaxed(&os_shut);

	while (!mt_cas_acq_rel(&os_shut, &old, (old + OS_SHUT_COUNT) | kinds))
		;
	return old;
}

void os_shut_back(uint64_t old, uint64_t kinds)
{
	uint64_t ours = (old + OS_SHUT_COUNT) | kinds;

	(void)mt_cas_acq_rel(&os_shut, &ours, old);
}
