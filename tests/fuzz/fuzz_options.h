/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_options.h - the two sides of the options that the fuzzer puts together: one of them includes the shim's
 * headers, the other one the analyzer's.
 */
#ifndef FUZZ_OPTIONS_H
#define FUZZ_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			(void)dprintf(2, "%s:%d: %s\n", __FILE__, __LINE__, #condition);           \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* Texts of an input, each ended by NUL, in a block of exact size. */
struct texts {
	char *block;
	char *list[64];
	int count;
};

/* The variable that an option of `run` sets to this text; NULL: it is refused, or there is no such option. */
const char *command_setting(size_t option, const char *text, bool *is_option);

/* The texts as the command line of a report and of its like. */
void command_read(const struct texts *texts);

/* Each text as what files and options hold: sizes, times, patterns, suppressions. */
void command_read_values(const struct texts *texts);

/* Nothing goes to standard error but what went wrong. */
void command_be_quiet(void);

#endif
