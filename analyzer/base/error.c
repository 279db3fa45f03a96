/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.c - one line that says what went wrong.
 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *error, int status, const char *format, ...)
{
	va_list args;

	if (error == NULL)
		return status;
	va_start(args, format);
	(void)vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	return status;
}
