/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_text.c - spans of time and moments as people read and write them.
 */
#include "base/time_text.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)

static const struct {
	const char *name;
	double ns;
} units[] = {
	{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"m", 60e9}, {"h", 3600e9}, {"d", 86400e9},
};

struct time_text time_text_span(uint64_t ns)
{
	struct time_text out;
	unsigned long long s = ns / NS_PER_SECOND;

	if (ns == 0)
		(void)snprintf(out.text, sizeof(out.text), "0 s");
	else if (ns < NS_PER_MS)
		(void)snprintf(out.text, sizeof(out.text), "%.1f us", (double)ns / 1e3);
	else if (s == 0)
		(void)snprintf(out.text, sizeof(out.text), "%.1f ms", (double)ns / 1e6);
	else if (s < 10)
		(void)snprintf(out.text, sizeof(out.text), "%.2f s", (double)ns / 1e9);
	else if (s < 60)
		(void)snprintf(out.text, sizeof(out.text), "%.1f s", (double)ns / 1e9);
	else if (s < 3600)
		(void)snprintf(out.text, sizeof(out.text), "%llum %02llus", s / 60, s % 60);
	else if (s < 86400)
		(void)snprintf(out.text, sizeof(out.text), "%lluh %02llum", s / 3600, s / 60 % 60);
	else
		(void)snprintf(out.text, sizeof(out.text), "%llud %02lluh", s / 86400,
			       s / 3600 % 24);
	return out;
}

struct time_text time_text_moment(uint64_t realtime_ns)
{
	struct time_text out = {"?"};
	time_t seconds = (time_t)(realtime_ns / NS_PER_SECOND);
	struct tm local;

	if (localtime_r(&seconds, &local) != NULL)
		(void)strftime(out.text, sizeof(out.text), "%Y-%m-%d %H:%M:%S", &local);
	return out;
}

int time_text_parse_span(const char *text, uint64_t *ns)
{
	size_t number_bytes = strspn(text, "0123456789.");
	double amount;
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return -EINVAL;
	amount = strtod(text, &end);
	if (end != text + number_bytes)
		return -EINVAL;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].name) != 0)
			continue;
		if (amount * units[i].ns >= 0x1p63)
			return -ERANGE;
		*ns = (uint64_t)(amount * units[i].ns);
		return 0;
	}
	return -EINVAL;
}
