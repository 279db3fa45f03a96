/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail.c - how every subcommand says that something went wrong.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cmd/cmd.h"

void cmd_say(const char *command, const char *format, va_list args)
{
	char text[1024];

	(void)vsnprintf(text, sizeof(text), format, args);
	/* names of files may hold anything, also what a terminal obeys */
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	(void)fflush(stdout);
	(void)fprintf(stderr, "memtrace%s%s: %s\n", command[0] != '\0' ? " " : "", command, text);
}

int cmd_fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	cmd_say("", format, args);
	va_end(args);
	return code;
}
