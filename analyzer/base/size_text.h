/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size_text.h - numbers of bytes as people read and write them. A unit is 1,024 of the one before.
 */
#ifndef BASE_SIZE_TEXT_H
#define BASE_SIZE_TEXT_H

#include <stdint.h>

struct size_text {
	char text[32];
};

/**
 * size_text() - "512 B", "98.4 KiB", "480 KiB", "10239 KiB", "10.0 MiB": one decimal below 100 of a unit, and
 * a unit is left at 10 * 1,024 of it. Bytes have no decimals.
 */
struct size_text size_text(int64_t bytes);

/**
 * size_text_signed() - the same with a sign in front, "+0 B" for nothing.
 */
struct size_text size_text_signed(int64_t bytes);

/**
 * size_text_parse() - "512", "512K", "1.5M", "2 GiB", "2gb": units of 1,024, never of 1,000.
 *
 * Return: 0; -EINVAL not a size; -ERANGE more than 2^63 - 1 bytes. *bytes is set only on success.
 */
int size_text_parse(const char *text, uint64_t *bytes);

#endif
