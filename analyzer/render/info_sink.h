/* SPDX-License-Identifier: Apache-2.0 */
/*
 * info_sink.h - where the facts about a process go: one implementation per output format.
 */
#ifndef RENDER_INFO_SINK_H
#define RENDER_INFO_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum info_kind {
	INFO_TEXT,
	INFO_NUMBER, /* of something, not how many: a process id */
	INFO_COUNT,
	INFO_BYTES,
	INFO_SPAN,   /* nanoseconds */
	INFO_MOMENT, /* nanoseconds since 1970 */
	INFO_ADDRESS,
	INFO_BOOL,
};

struct info_value {
	enum info_kind kind;
	const char *text; /* INFO_TEXT; "" = not known */
	const char *word; /* INFO_TEXT: what JSON has instead; NULL = the same */
	int64_t number;	  /* all others */
};

/* One column of a list, or one fact. */
struct info_name {
	const char *name;  /* in JSON */
	const char *label; /* in text */
	enum info_kind kind;
	bool is_rare; /* says something only when it is not 0: then not in text */
};

struct info_sink {
	/* Facts that belong together. */
	void (*group)(void *context, const char *name, const char *title);
	void (*fact)(void *context, const struct info_name *name, const struct info_value *value);
	void (*group_end)(void *context);
	/* Things of one kind, count of them; item() once for each, values in the order of the columns. */
	void (*list)(void *context, const char *name, const char *title,
		     const struct info_name *columns, size_t column_count);
	void (*item)(void *context, const struct info_value *values);
	void (*list_end)(void *context);
};

#endif
