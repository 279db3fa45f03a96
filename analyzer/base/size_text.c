/* SPDX-License-Identifier: Apache-2.0 */
/*
 * size_text.c - numbers of bytes as people read and write them.
 */
#include "base/size_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

#define UNIT_COUNT (sizeof(units) / sizeof(units[0]))

static struct size_text format(int64_t bytes, const char *sign)
{
	struct size_text out;
	double amount = (double)bytes;
	size_t unit = 0;

	while (fabs(amount) >= 10.0 * 1024 && unit + 1 < UNIT_COUNT) {
		amount /= 1024;
		unit++;
	}
	if (unit > 0 && fabs(amount) < 100)
		(void)snprintf(out.text, sizeof(out.text), "%s%.1f %s", sign, amount, units[unit]);
	else
		(void)snprintf(out.text, sizeof(out.text), "%s%.0f %s", sign, amount, units[unit]);
	return out;
}

struct size_text size_text(int64_t bytes)
{
	return format(bytes, "");
}

struct size_text size_text_signed(int64_t bytes)
{
	return format(bytes, bytes < 0 ? "" : "+");
}

/* 1 for "" and "B", 1,024 for "K", "KB" and "KiB", ...; 0 for anything else. */
static double unit_bytes(const char *name)
{
	double bytes = 1;

	if (name[0] == '\0' || strcasecmp(name, "b") == 0)
		return 1;
	for (size_t i = 1; i < UNIT_COUNT; i++) {
		const char *rest = name + 1;

		bytes *= 1024;
		if (tolower((unsigned char)name[0]) != tolower((unsigned char)units[i][0]))
			continue;
		if (rest[0] == '\0' || strcasecmp(rest, "b") == 0 || strcasecmp(rest, "ib") == 0)
			return bytes;
	}
	return 0;
}

int size_text_parse(const char *text, uint64_t *bytes)
{
	size_t number_bytes = strspn(text, "0123456789.");
	double amount, unit;
	uint64_t whole;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	unit = unit_bytes(text + number_bytes + strspn(text + number_bytes, " "));
	if (unit == 0)
		return -EINVAL;
	if (memchr(text, '.', number_bytes) == NULL && unit == 1) {
		errno = 0;
		whole = strtoull(text, &end, 10);
		if (errno == ERANGE || whole > INT64_MAX)
			return -ERANGE;
		*bytes = whole;
		return 0;
	}
	amount = strtod(text, &end);
	if (end != text + number_bytes)
		return -EINVAL;
	if (amount * unit >= 0x1p63)
		return -ERANGE;
	*bytes = (uint64_t)(amount * unit);
	return 0;
}
