/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.c - what the place that output goes to can show.
 */
#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80u
#define COLUMNS_LEAST 20u

unsigned int terminal_columns(int fd)
{
	const char *columns_text = getenv("COLUMNS");
	struct winsize size;
	unsigned long columns;

	if (!isatty(fd))
		return 0;
	if (columns_text != NULL) {
		columns = strtoul(columns_text, NULL, 10);
		if (columns >= COLUMNS_LEAST && columns <= 10000)
			return (unsigned int)columns;
	}
	if (ioctl(fd, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return COLUMNS_DEFAULT;
	return size.ws_col < COLUMNS_LEAST ? COLUMNS_LEAST : size.ws_col;
}

bool terminal_has_color(int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}
