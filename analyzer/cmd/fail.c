/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fail.c - how every subcommand says that something went wrong.
 */
#include <stdarg.h>
#include <stdio.h>

#include "cmd/cmd.h"

int cmd_fail(int code, const char *format, ...)
{
	va_list args;

	(void)fflush(stdout);
	(void)fputs("memtrace: ", stderr);
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fputc('\n', stderr);
	return code;
}
