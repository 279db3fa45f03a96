/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inject.h - what a program and inject.c have agreed on.
 */
#ifndef FAULT_INJECT_H
#define FAULT_INJECT_H

#include <stdbool.h>

/* First argument of a prctl() that no kernel knows: from here on calls are counted. */
#define INJECT_MARK 0x4d454d54u

#endif
