/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.c - commas, indentation and escapes of JSON.
 */
#include "base/json_writer.h"

#include <inttypes.h>
#include <string.h>

void json_begin(struct json_writer *writer, FILE *out)
{
	*writer = (struct json_writer){.out = out};
}

static void put_newline(struct json_writer *writer)
{
	unsigned int i;

	if (writer->flat)
		return;
	(void)fputc('\n', writer->out);
	for (i = 0; i < writer->depth; i++)
		(void)fputs("  ", writer->out);
}

/*
 * Bytes of the UTF-8 sequence that begins here, 0 if none does: no surrogates, no overlong forms,
 * nothing beyond U+10FFFF.
 */
static size_t sequence_bytes(const unsigned char *at)
{
	static const struct {
		unsigned char first, last; /* lead byte */
		unsigned char second_min, second_max;
		unsigned char bytes;
	} forms[] = {
		{0x20, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};
	size_t i, k;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (at[0] < forms[i].first || at[0] > forms[i].last)
			continue;
		if (forms[i].bytes > 1 &&
		    (at[1] < forms[i].second_min || at[1] > forms[i].second_max))
			return 0;
		for (k = 2; k < forms[i].bytes; k++)
			if ((at[k] & 0xc0) != 0x80)
				return 0;
		return forms[i].bytes;
	}
	return 0;
}

/* Bytes that stand for themselves; most texts are nothing else. */
static size_t plain_bytes(const unsigned char *at)
{
	size_t bytes = 0;

	while (at[bytes] >= 0x20 && at[bytes] < 0x7f && at[bytes] != '"' && at[bytes] != '\\')
		bytes++;
	return bytes;
}

static size_t put_special(FILE *out, const unsigned char *at)
{
	size_t bytes = sequence_bytes(at);

	if (*at == '"' || *at == '\\')
		(void)fprintf(out, "\\%c", *at);
	else if (bytes > 0)
		(void)fwrite(at, 1, bytes, out);
	else if (*at < 0x20)
		(void)fprintf(out, "\\u%04x", *at);
	else
		(void)fputs("\xef\xbf\xbd", out);
	return bytes > 0 ? bytes : 1;
}

static void put_text(FILE *out, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	(void)fputc('"', out);
	while (*at) {
		size_t bytes = plain_bytes(at);

		(void)fwrite(at, 1, bytes, out);
		at += bytes;
		if (*at)
			at += put_special(out, at);
	}
	(void)fputc('"', out);
}

/* What stands in front of every item. */
static void put_item(struct json_writer *writer, const char *name)
{
	if (writer->has_items)
		(void)fputs(writer->flat ? ", " : ",", writer->out);
	if (writer->depth > 0)
		put_newline(writer);
	writer->has_items = true;
	if (name) {
		put_text(writer->out, name);
		(void)fputs(": ", writer->out);
	}
}

static void open_container(struct json_writer *writer, const char *name, char bracket)
{
	put_item(writer, name);
	(void)fputc(bracket, writer->out);
	writer->depth++;
	writer->has_items = false;
}

static void close_container(struct json_writer *writer, char bracket)
{
	writer->depth--;
	if (writer->has_items)
		put_newline(writer);
	(void)fputc(bracket, writer->out);
	writer->has_items = true;
	if (writer->depth < writer->flat)
		writer->flat = 0;
}

void json_object(struct json_writer *writer, const char *name)
{
	open_container(writer, name, '{');
}

void json_object_end(struct json_writer *writer)
{
	close_container(writer, '}');
}

void json_array(struct json_writer *writer, const char *name)
{
	open_container(writer, name, '[');
}

void json_array_end(struct json_writer *writer)
{
	close_container(writer, ']');
}

void json_flat_object(struct json_writer *writer, const char *name)
{
	json_object(writer, name);
	if (!writer->flat)
		writer->flat = writer->depth;
}

void json_text(struct json_writer *writer, const char *name, const char *text)
{
	put_item(writer, name);
	if (text)
		put_text(writer->out, text);
	else
		(void)fputs("null", writer->out);
}

void json_integer(struct json_writer *writer, const char *name, int64_t value)
{
	put_item(writer, name);
	(void)fprintf(writer->out, "%" PRId64, value);
}

void json_unsigned(struct json_writer *writer, const char *name, uint64_t value)
{
	put_item(writer, name);
	(void)fprintf(writer->out, "%" PRIu64, value);
}

void json_bool(struct json_writer *writer, const char *name, bool value)
{
	put_item(writer, name);
	(void)fputs(value ? "true" : "false", writer->out);
}

void json_decimal(struct json_writer *writer, const char *name, int64_t value, int64_t scale)
{
	int64_t whole = value / scale, part = value % scale;
	int decimals = 0;

	while (scale > 1) {
		scale /= 10;
		decimals++;
	}
	put_item(writer, name);
	(void)fprintf(writer->out, "%s%" PRId64 ".%0*" PRId64, value < 0 && whole == 0 ? "-" : "",
		      whole, decimals, part < 0 ? -part : part);
}

void json_end(struct json_writer *writer)
{
	(void)fputc('\n', writer->out);
}
