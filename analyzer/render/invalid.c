/* SPDX-License-Identifier: Apache-2.0 */
/*
 * invalid.c - what all formats say alike of invalid frees.
 */
#include "render/invalid.h"

int64_t invalid_total(const struct invalid_view *view)
{
	int64_t total = 0;

	for (size_t i = 0; i < view->snapshot_count; i++)
		for (size_t j = 0; j < view->snapshots[i]->invalid_count; j++)
			if (__builtin_add_overflow(total, view->snapshots[i]->invalid[j].count,
						   &total))
				return INT64_MAX;
	return total;
}

const char *invalid_kind_word(enum mt_invalid_kind kind)
{
	static const char *const words[] = {
		[MT_INVALID_FREED] = "freed",
		[MT_INVALID_INSIDE] = "inside",
		[MT_INVALID_INSIDE_FREED] = "inside_freed",
		[MT_INVALID_FOREIGN] = "foreign",
	};

	return words[kind];
}

const char *invalid_call_word(enum mt_invalid_call call)
{
	return call == MT_INVALID_REALLOC ? "realloc" : "free";
}

enum mt_invalid_reporting invalid_reporting(const struct invalid_view *view)
{
	enum mt_invalid_reporting least = MT_INVALID_REPORTED;

	for (size_t i = 0; i < view->snapshot_count; i++) {
		uint32_t one = view->snapshots[i]->process.invalid_reporting;

		if (one == MT_INVALID_NOT_REPORTED)
			return MT_INVALID_NOT_REPORTED;
		if (one != MT_INVALID_REPORTED)
			least = MT_INVALID_NOT_KNOWN;
	}
	return least;
}
