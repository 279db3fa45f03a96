/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal.c - a ring of the last requests.
 */
#include "journal.h"

#include "place.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define JOURNAL_MAX 64

struct record {
	time_t when;
	char *line;
};

static struct record *ring[JOURNAL_MAX];
static unsigned long position;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static char *format_line(const char *method, const char *target)
{
	size_t bytes = strlen(method) + strlen(target) + 2;
	char *line = PLACE(PLACE_LOG_LINE, malloc(bytes));

	if (!line)
		return NULL;
	snprintf(line, bytes, "%s %s", method, target);
	return line;
}

static struct record *create(const char *method, const char *target)
{
	struct record *record = PLACE(PLACE_LOG_RECORD, malloc(sizeof(*record)));

	if (!record)
		return NULL;
	record->when = time(NULL);
	record->line = format_line(method, target);
	return record;
}

static void destroy(struct record *record)
{
	if (!record)
		return;
	place_release(PLACE_LOG_LINE, record->line);
	place_release(PLACE_LOG_RECORD, record);
}

void journal_add(const char *method, const char *target)
{
	struct record *record = create(method, target), *old;

	pthread_mutex_lock(&mutex);
	old = ring[position % JOURNAL_MAX];
	ring[position++ % JOURNAL_MAX] = record;
	pthread_mutex_unlock(&mutex);
	destroy(old);
}
