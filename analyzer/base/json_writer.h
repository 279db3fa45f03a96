/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.h - writes JSON as it goes, so that a report of any size needs no memory.
 *
 * Bytes that are not UTF-8 (file names may hold any) are written as U+FFFD. Errors stay in the
 * stream: look at ferror() once, at the end.
 */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json_writer {
	FILE *out;
	unsigned int depth; /* open objects and arrays */
	bool has_items;	    /* the innermost one has an item already */
	unsigned int flat;  /* depth of the object that is written on one line, 0 = none */
};

void json_begin(struct json_writer *writer, FILE *out);

/* Containers; @name is NULL inside an array and outermost. */
void json_object(struct json_writer *writer, const char *name);
void json_object_end(struct json_writer *writer);
void json_array(struct json_writer *writer, const char *name);
void json_array_end(struct json_writer *writer);

/* An object on one line. */
void json_flat_object(struct json_writer *writer, const char *name);

/* Values; text NULL is written as null. */
void json_text(struct json_writer *writer, const char *name, const char *text);
void json_integer(struct json_writer *writer, const char *name, int64_t value);
void json_unsigned(struct json_writer *writer, const char *name, uint64_t value);
void json_bool(struct json_writer *writer, const char *name, bool value);
/* value / scale, with as many decimals as scale has zeros. */
void json_decimal(struct json_writer *writer, const char *name, int64_t value, int64_t scale);

/* Ends the document with a newline. */
void json_end(struct json_writer *writer);

#endif
