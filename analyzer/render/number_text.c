/* SPDX-License-Identifier: Apache-2.0 */
/*
 * number_text.c - numbers and columns as people read them.
 */
#include "render/number_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/size_text.h"

struct number_text number_text(int64_t number)
{
	struct number_text out;
	char digits[24];
	size_t i, length, at = 0;

	(void)snprintf(digits, sizeof(digits), "%" PRIu64,
		       number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
	length = strlen(digits);
	if (number < 0)
		out.text[at++] = '-';
	for (i = 0; i < length; i++) {
		if (i > 0 && (length - i) % 3 == 0)
			out.text[at++] = ',';
		out.text[at++] = digits[i];
	}
	out.text[at] = '\0';
	return out;
}

static struct number_text format(const struct field *field, int64_t value, bool is_change)
{
	struct number_text out;

	switch (field->unit) {
	case FIELD_BYTES:
		(void)snprintf(out.text, sizeof(out.text), "%s",
			       is_change ? size_text_signed(value).text : size_text(value).text);
		break;
	case FIELD_COUNT:
		(void)snprintf(out.text, sizeof(out.text), is_change ? "%+" PRId64 : "%" PRId64,
			       value);
		break;
	case FIELD_RATIO:
		(void)snprintf(out.text, sizeof(out.text), is_change ? "%+.1f%%" : "%.1f%%",
			       (double)value * 100 / (double)FIELD_RATIO_ONE);
		break;
	}
	return out;
}

struct number_text number_text_field(const struct field *field, int64_t value)
{
	return format(field, value, false);
}

struct number_text number_text_change(const struct field *field, int64_t value)
{
	return format(field, value, true);
}
