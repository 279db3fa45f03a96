/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_top.h - the few call stacks that held most, one line each.
 */
#ifndef CMD_RUN_TOP_H
#define CMD_RUN_TOP_H

#include <stdio.h>

#include "model/snapshot.h"

/**
 * run_top_print() - the sites that held most when the process was at its peak.
 *
 * Only these few are symbolized, so that it takes no time even after a program with many call stacks.
 */
void run_top_print(const struct snapshot *snapshot, FILE *out);

#endif
