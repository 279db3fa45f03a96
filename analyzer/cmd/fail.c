/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail.c - how every subcommand says that something went wrong.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cmd/cmd.h"

int cmd_fail(int code, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)fflush(stdout);
	(void)fprintf(stderr, "memtrace: %s\n", text);
	return code;
}
