/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.h - bytes that grow at their end. A failed allocation is remembered and checked once, at the end.
 */
#ifndef BASE_BUFFER_H
#define BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

struct buffer {
	unsigned char *bytes;
	size_t used, room;
	bool has_failed; /* out of memory: contents are not to be used */
};

/**
 * buffer_add() - append a copy of data, zeros when data is NULL.
 *
 * Return: where it lies, valid until the next call; NULL when out of memory.
 */
void *buffer_add(struct buffer *buffer, const void *data, size_t bytes);

/**
 * buffer_reserve() - room for so many bytes more, where one knows; growing copies what is there.
 */
void buffer_reserve(struct buffer *buffer, size_t bytes);

void buffer_fini(struct buffer *buffer);

#endif
