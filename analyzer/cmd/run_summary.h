/* SPDX-License-Identifier: Apache-2.0 */
/*
 * run_summary.h - the few lines that `run` ends with.
 */
#ifndef CMD_RUN_SUMMARY_H
#define CMD_RUN_SUMMARY_H

#include <stdbool.h>

#include "base/launch.h"

/**
 * run_summary_finish() - find the file that the program left, keep its exit status there, say on standard
 * error what is in it.
 * @output: value of --output, "" if it was not given.
 * @live: value of --live, "" if it was not given.
 */
void run_summary_finish(const char *output, const char *live, const struct launch *launch,
			bool is_quiet);

#endif
