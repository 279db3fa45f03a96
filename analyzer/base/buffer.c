/* SPDX-License-Identifier: Apache-2.0 */
/*
 * buffer.c - bytes that grow at their end.
 */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

static bool make_room(struct buffer *buffer, size_t bytes)
{
	size_t room = buffer->room > 0 ? buffer->room : 256, needed;
	unsigned char *grown;

	if (__builtin_add_overflow(buffer->used, bytes, &needed) || needed > (size_t)1 << 40)
		return false;
	if (needed <= buffer->room)
		return true;
	while (room < needed)
		room *= 2;
	grown = realloc(buffer->bytes, room);
	if (grown == NULL)
		return false;
	buffer->bytes = grown;
	buffer->room = room;
	return true;
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
	free(buffer->bytes);
	*buffer = (struct buffer){0};
}
