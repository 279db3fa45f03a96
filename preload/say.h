/* SPDX-License-Identifier: Apache-2.0 */
/*
 * say.h - one line to standard error: at start-up, and at the first invalid free if those are reported.
 *
 * Layer 1.
 */
#ifndef PRELOAD_SAY_H
#define PRELOAD_SAY_H

#include <stddef.h>

/**
 * say_line() - write a line, or nothing where that could wait or raise a signal.
 *
 * A closed or full pipe and a file at its size limit are the program's affair: nothing is said there.
 * errno may change.
 */
void say_line(const char *line, size_t bytes);

#endif
