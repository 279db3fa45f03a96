/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - misuse NAME runs a case, misuse --list names all of them.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "misuse.h"

static const struct misuse_case *const families[] = {
	double_free_cases, bad_pointer_cases, overflow_cases, after_free_cases, size_cases,
	aligned_cases,	   library_cases,     process_cases,  setting_cases,
};

#define FAMILIES (sizeof(families) / sizeof(families[0]))

void *hide(const void *pointer)
{
	void *volatile hidden = (void *)(size_t)pointer;

	return hidden;
}

char *filled(size_t bytes, char letter)
{
	char *block = hide(malloc(bytes));

	if (block != NULL)
		memset(block, letter, bytes);
	return block;
}

void say(const char *format, ...)
{
	char line[512];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line) - 1, format, arguments);
	va_end(arguments);
	line[length] = '\n';
	if (write(1, line, (size_t)length + 1) < 0)
		_exit(99);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	for (size_t i = 0; i < FAMILIES; i++)
		for (const struct misuse_case *at = families[i]; at->name != NULL; at++) {
			if (strcmp(argv[1], "--list") == 0) {
				say("%s", at->name);
			} else if (strcmp(argv[1], at->name) == 0) {
				errno = 0;
				at->run();
				say("survived, errno %d", errno);
				return 0;
			}
		}
	return strcmp(argv[1], "--list") == 0 ? 0 : 2;
}
