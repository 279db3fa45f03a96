/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.h - part of format.h: how a controller leaves requests for a traced process.
 *
 * A request is a word: bits 0-7 the command, bits 8-31 its number, one above that of the request before it.
 * It stands at its place in mt_header.requests first, then in mt_header.control. The process carries out all
 * between control_done and control in their order, each once, and stores the last one as control_done.
 */
#ifndef MEMTRACE_CONTROL_H
#define MEMTRACE_CONTROL_H

#include <stdint.h>

enum mt_command {
	MT_COMMAND_NONE = 0,
	MT_COMMAND_SNAPSHOT = 1,
	MT_COMMAND_START = 2,
	MT_COMMAND_STOP = 3,
	MT_COMMAND_RESET_PEAK = 4,
};

#define MT_REQUEST_MAX 8u /* that may wait at a time */

static inline enum mt_command mt_request_command(uint32_t request)
{
	return (enum mt_command)(request & 0xff);
}

static inline uint32_t mt_request_number(uint32_t request)
{
	return request >> 8;
}

static inline uint32_t mt_request_make(uint32_t number, enum mt_command command)
{
	return number << 8 | (uint32_t)command;
}

/* Index into mt_header.requests. */
static inline uint32_t mt_request_place(uint32_t number)
{
	return number % MT_REQUEST_MAX;
}

/* How many numbers later one request came than another; negative if it came before. Numbers begin anew. */
static inline int32_t mt_request_distance(uint32_t from, uint32_t to)
{
	return (int32_t)((mt_request_number(to) - mt_request_number(from)) << 8) / 256;
}

#endif
