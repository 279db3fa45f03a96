/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - building and reading short texts without libc's stdio or locale.
 */
#include "text.h"

#include <string.h>

void text_init(struct text *text, char *data, size_t capacity)
{
	text->data = data;
	text->used = 0;
	text->capacity = capacity;
	text->is_cut = false;
	data[0] = '\0';
}

void text_add_bytes(struct text *text, const char *s, size_t bytes)
{
	size_t room = text->capacity - 1 - text->used;

	if (bytes > room) {
		bytes = room;
		text->is_cut = true;
	}
	memcpy(text->data + text->used, s, bytes);
	text->used += bytes;
	text->data[text->used] = '\0';
}

void text_add(struct text *text, const char *s)
{
	text_add_bytes(text, s, strlen(s));
}

void text_add_shown(struct text *text, const char *s, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		text_add_bytes(text, (unsigned char)s[i] < ' ' || s[i] == 0x7f ? "?" : s + i, 1);
}

void text_add_number(struct text *text, uint64_t value)
{
	char digits[20];
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % 10);
		value /= 10;
	} while (value > 0);
	text_add_bytes(text, digits + first, sizeof(digits) - first);
}

/* Digits at the start of s; returns the first byte behind them, NULL without digits or on overflow. */
static const char *text_digits(const char *s, uint64_t *out)
{
	uint64_t value = 0;
	const char *p = s;

	for (; *p >= '0' && *p <= '9'; p++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*p - '0'), &value))
			return NULL;
	*out = value;
	return p == s ? NULL : p;
}

/* Number followed by exactly one of the letters, or by nothing when `bare` is not 0. */
static bool text_with_unit(const char *s, const char *letters, const uint64_t *factors,
			   uint64_t bare, uint64_t *out)
{
	uint64_t value, factor = bare;
	const char *p = text_digits(s, &value);
	const char *letter;

	if (p == NULL)
		return false;
	if (*p != '\0') {
		letter = strchr(letters, *p);
		if (letter == NULL || p[1] != '\0')
			return false;
		factor = factors[letter - letters];
	}
	return factor != 0 && !__builtin_mul_overflow(value, factor, out);
}

void text_add_hex(struct text *text, uint64_t value)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		if (value >> shift != 0 || shift == 0)
			text_add_bytes(text, &"0123456789abcdef"[value >> shift & 15], 1);
}

bool text_to_number(const char *s, uint64_t *out)
{
	return text_with_unit(s, "", NULL, 1, out);
}

bool text_to_bytes(const char *s, uint64_t *out)
{
	static const uint64_t factors[] = {1 << 10, 1 << 10, 1 << 20,		1 << 20,
					   1 << 30, 1 << 30, UINT64_C(1) << 40, UINT64_C(1) << 40};

	return text_with_unit(s, "KkMmGgTt", factors, 1, out);
}

bool text_to_seconds(const char *s, uint64_t *out)
{
	static const uint64_t factors[] = {1, 60, 3600, 86400};

	return text_with_unit(s, "smhd", factors, 0, out);
}

bool text_equal(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

const char *text_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash == NULL ? path : slash + 1;
}
