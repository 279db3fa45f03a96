/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - building and reading short texts without libc's stdio or locale.
 *
 * Layer 0. Pure functions of their arguments.
 */
#ifndef PRELOAD_TEXT_H
#define PRELOAD_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Text under construction; what does not fit is cut and is_cut set. Always NUL-terminated. */
struct text {
	char *data;
	size_t used, capacity;
	bool is_cut;
};

void text_init(struct text *text, char *data, size_t capacity);
void text_add(struct text *text, const char *s);
void text_add_bytes(struct text *text, const char *s, size_t bytes);
/* The same with '?' in place of what a terminal obeys and of line ends. */
void text_add_shown(struct text *text, const char *s, size_t bytes);
void text_add_number(struct text *text, uint64_t value);
void text_add_hex(struct text *text, uint64_t value);

/* Whole unsigned decimal number; false when s is anything else. */
bool text_to_number(const char *s, uint64_t *out);
/* Number with an optional K, M, G or T (times 1024). */
bool text_to_bytes(const char *s, uint64_t *out);
/* Number with s, m, h or d. */
bool text_to_seconds(const char *s, uint64_t *out);
bool text_equal(const char *a, const char *b);
/* The part of a path behind its last slash. */
const char *text_base_name(const char *path);

#endif
