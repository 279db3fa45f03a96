/* SPDX-License-Identifier: Apache-2.0 */
/*
 * calls.h - names of the system calls that the shim makes.
 */
#ifndef FAULT_CALLS_H
#define FAULT_CALLS_H

#include <stddef.h>

struct call {
	const char *name;
	int number;
};

extern const struct call calls[];
extern const size_t call_count;

/* NULL where the number is of none of them. */
const struct call *call_find(int number);

#endif
