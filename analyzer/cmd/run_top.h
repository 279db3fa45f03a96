/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_top.h - the few places that held most, one line each.
 */
#ifndef CMD_RUN_TOP_H
#define CMD_RUN_TOP_H

#include <stdio.h>

#include "model/snapshot.h"

/**
 * run_top_print() - the places in the program that held most when it was at its peak.
 *
 * Only the largest call stacks are symbolized, so that it takes no time even after a program with many.
 */
void run_top_print(const struct snapshot *snapshot, FILE *out);

#endif
