/* SPDX-License-Identifier: Apache-2.0 */
/*
 * misuse.h - small programs that use malloc as it must not be used, each a function. What they print must not
 * depend on where memory lies.
 */
#ifndef MISUSE_H
#define MISUSE_H

#include <stddef.h>

struct misuse_case {
	const char *name;
	void (*run)(void);
};

#define CASE(name)                                                                                 \
	{                                                                                          \
#name, name                                                                        \
	}
#define END                                                                                        \
	{                                                                                          \
		NULL, NULL                                                                         \
	}

extern const struct misuse_case double_free_cases[], bad_pointer_cases[], overflow_cases[],
	after_free_cases[], size_cases[], aligned_cases[], library_cases[], process_cases[],
	setting_cases[];

/* The same pointer, of which the compiler knows nothing any more. */
void *hide(const void *pointer);

/* A block filled with a letter. */
char *filled(size_t bytes, char letter);

/* One line on standard output, by one write(2). */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
