/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time_text.h - spans of time and moments as people read and write them.
 */
#ifndef BASE_TIME_TEXT_H
#define BASE_TIME_TEXT_H

#include <stdint.h>

struct time_text {
	char text[40];
};

/**
 * time_text_span() - "12.3 us", "420.0 ms", "1.23 s", "12.3 s", "4m 07s", "3h 12m", "2d 05h".
 */
struct time_text time_text_span(uint64_t ns);

/**
 * time_text_moment() - "2026-01-31 23:59:58" in the local time zone.
 * @realtime_ns: since 1970.
 */
struct time_text time_text_moment(uint64_t realtime_ns);

/**
 * time_text_parse_span() - "30s", "5m", "1h", "2d", "250ms", "1.5h"; a bare number is seconds.
 *
 * Return: 0; -EINVAL not a span; -ERANGE longer than 2^63 - 1 ns. *ns is set only on success.
 */
int time_text_parse_span(const char *text, uint64_t *ns);

#endif
