/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.c - bytes that grow at their end.
 */
#include "base/buffer.h"

#include <string.h>

#include "base/pages.h"

#define BUFFER_BYTES_MAX ((size_t)1 << 40)

static bool grow(struct buffer *buffer, size_t room)
{
	unsigned char *grown = pages_grow(buffer->bytes, buffer->room, room);

	if (grown == NULL)
		return false;
	buffer->bytes = grown;
	buffer->room = room;
	return true;
}

static bool make_room(struct buffer *buffer, size_t bytes)
{
	size_t room = buffer->room > 0 ? buffer->room : 256, needed;

	if (__builtin_add_overflow(buffer->used, bytes, &needed) || needed > BUFFER_BYTES_MAX)
		return false;
	if (needed <= buffer->room)
		return true;
	while (room < needed)
		room *= 2;
	return grow(buffer, room);
}

void buffer_reserve(struct buffer *buffer, size_t bytes)
{
	size_t needed;

	if (__builtin_add_overflow(buffer->used, bytes, &needed) || needed > BUFFER_BYTES_MAX ||
	    (needed > buffer->room && !grow(buffer, needed)))
		buffer->has_failed = true;
}

void *buffer_add(struct buffer *buffer, const void *data, size_t bytes)
{
	unsigned char *at;

	if (buffer->has_failed || !make_room(buffer, bytes)) {
		buffer->has_failed = true;
		return NULL;
	}
	at = buffer->bytes + buffer->used;
	buffer->used += bytes;
	if (data != NULL)
		memcpy(at, data, bytes);
	else
		memset(at, 0, bytes);
	return at;
}

void buffer_fini(struct buffer *buffer)
{
	pages_free(buffer->bytes, buffer->room);
	*buffer = (struct buffer){0};
}
