/* SPDX-License-Identifier: Apache-2.0 */
/*
 * error.h - one line that says what went wrong, carried from where it was found to where it is printed.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

struct error {
	char text[512]; /* "" = none; no newline, no program name */
};

/**
 * error_set() - fill in the line, cutting what does not fit.
 * @error: may be NULL.
 * @status: handed through, so that `return error_set(e, -EBADMSG, ...)` can be written.
 *
 * Return: status.
 */
int error_set(struct error *error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
