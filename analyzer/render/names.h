/* SPDX-License-Identifier: Apache-2.0 */
/*
 * names.h - which names a row carries beside its figures, by what rows are grouped.
 */
#ifndef RENDER_NAMES_H
#define RENDER_NAMES_H

#include "model/group.h"

enum name {
	NAME_SITE = 1, /* digest of the stack, the same in every run of the same build */
	NAME_THREAD = 2,
	NAME_FUNCTION = 4,
	NAME_FILE = 8,
	NAME_LINE = 16,
	NAME_MODULE = 32,
	NAME_OFFSET = 64,
};

static inline enum name group_columns(enum group_by by)
{
	static const int names[GROUP_COUNT] = {
		[GROUP_SITE] = NAME_SITE | NAME_FUNCTION | NAME_FILE | NAME_LINE | NAME_MODULE |
			       NAME_OFFSET,
		[GROUP_FUNCTION] = NAME_FUNCTION | NAME_FILE | NAME_MODULE | NAME_OFFSET,
		[GROUP_LINE] = NAME_FUNCTION | NAME_FILE | NAME_LINE | NAME_MODULE | NAME_OFFSET,
		[GROUP_FILE] = NAME_FILE | NAME_MODULE,
		[GROUP_MODULE] = NAME_MODULE,
		[GROUP_THREAD] = NAME_THREAD,
	};

	return (enum name)names[by];
}

#endif
