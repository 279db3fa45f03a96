/* SPDX-License-Identifier: Apache-2.0 */
/*
 * terminal.h - what the place that output goes to can show.
 */
#ifndef BASE_TERMINAL_H
#define BASE_TERMINAL_H

#include <stdbool.h>

/**
 * terminal_columns() - width of the terminal behind a descriptor; COLUMNS overrides it.
 *
 * Return: 0 where it is not a terminal: output is then never cut.
 */
unsigned int terminal_columns(int fd);

/**
 * terminal_has_color() - a terminal, not a dumb one, and NO_COLOR is not set.
 */
bool terminal_has_color(int fd);

#endif
