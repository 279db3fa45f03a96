/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place.h - the twenty places where this server allocates, any one of which can be told to leak.
 *
 * A leak is a release that does not happen now and then (every `leak_every`th time), as on a rare path that
 * forgets its free(). The place itself says where it is: file, line and function of its allocation.
 */
#ifndef KVSERVER_PLACE_H
#define KVSERVER_PLACE_H

#include <stdlib.h>

enum place_id {
	PLACE_NONE,
	PLACE_CONNECTION,
	PLACE_REQUEST_TARGET,
	PLACE_HEADER_LIST,
	PLACE_HEADER_NAME,
	PLACE_HEADER_VALUE,
	PLACE_BODY,
	PLACE_QUERY,
	PLACE_RESPONSE_HEAD,
	PLACE_RESPONSE_BODY,
	PLACE_ERROR_TEXT,
	PLACE_SESSION,
	PLACE_SESSION_USER,
	PLACE_SESSION_TOKEN,
	PLACE_TIMER,
	PLACE_ENTRY,
	PLACE_ENTRY_KEY,
	PLACE_ENTRY_VALUE,
	PLACE_KEY_LIST,
	PLACE_LOG_LINE,
	PLACE_LOG_RECORD,
	PLACE_COUNT
};

struct place {
	const char *file;
	const char *function;
	int line;
};

/*
 * Wraps the one allocation of a place; must stand on one line. The compiler lays the record down in a
 * section of its own, so that the place is known before it is reached.
 */
#define PLACE(id, allocation)                                                                      \
	(__extension__({                                                                           \
		static const struct place_record place_##id                                        \
			__attribute__((section("places"),                                          \
				       used)) = {id, {__FILE__, __func__, __LINE__}};              \
		(void)place_##id;                                                                  \
		allocation;                                                                        \
	}))

struct place_record {
	enum place_id id;
	struct place place;
};

/**
 * place_find() - where a place is; NULL for a number that is none.
 */
const struct place *place_find(enum place_id id);

/**
 * place_set_leak() - from now on every `every`th release of this place is forgotten.
 */
void place_set_leak(enum place_id id, unsigned every);

/**
 * place_release() - what the server calls where it means free(p). Threads: any.
 */
void place_release(enum place_id id, void *p);

/**
 * place_leaked() - blocks that were not released so far.
 */
unsigned long place_leaked(void);

#endif
