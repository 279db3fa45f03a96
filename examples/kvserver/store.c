/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.c - a hash table of keys and values under one lock.
 */
#include "store.h"

#include "place.h"

#include <pthread.h>
#include <string.h>

#define BUCKETS 64
#define BUCKET_MAX 12 /* entries of one bucket */

struct entry {
	char *key;
	char *value;
	unsigned long version;
	struct entry *next;
};

static struct entry *buckets[BUCKETS];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static struct entry **bucket_of(const char *key)
{
	unsigned hash = 2166136261u;

	while (*key)
		hash = (hash ^ (unsigned char)*key++) * 16777619u;
	return &buckets[hash % BUCKETS];
}

static struct entry **find(const char *key)
{
	struct entry **link = bucket_of(key);

	while (*link && strcmp((*link)->key, key) != 0)
		link = &(*link)->next;
	return link;
}

static void destroy(struct entry *e)
{
	place_release(PLACE_ENTRY_KEY, e->key);
	place_release(PLACE_ENTRY_VALUE, e->value);
	place_release(PLACE_ENTRY, e);
}

static void remove_at(struct entry **link)
{
	struct entry *e = *link;

	*link = e->next;
	destroy(e);
}

static int replace_value(struct entry *e, const char *value)
{
	char *copy = PLACE(PLACE_ENTRY_VALUE, malloc(strlen(value) + 1));

	if (!copy)
		return -1;
	strcpy(copy, value);
	place_release(PLACE_ENTRY_VALUE, e->value);
	e->value = copy;
	e->version++;
	return 0;
}

static struct entry *create(const char *key)
{
	struct entry *e = PLACE(PLACE_ENTRY, calloc(1, sizeof(*e)));

	if (!e)
		return NULL;
	e->key = PLACE(PLACE_ENTRY_KEY, strdup(key));
	if (e->key)
		return e;
	destroy(e);
	return NULL;
}

static void make_room(struct entry **bucket)
{
	struct entry **link = bucket;

	for (int i = 0; *link && i < BUCKET_MAX - 1; i++)
		link = &(*link)->next;
	if (*link)
		remove_at(link);
}

static struct entry *find_or_create(const char *key)
{
	struct entry *e = *find(key), **bucket = bucket_of(key);

	if (e)
		return e;
	e = create(key);
	if (!e)
		return NULL;
	make_room(bucket);
	e->next = *bucket;
	*bucket = e;
	return e;
}

int store_put(const char *key, const char *value)
{
	struct entry *e;
	int result;

	pthread_mutex_lock(&mutex);
	e = find_or_create(key);
	result = e ? replace_value(e, value) : -1;
	pthread_mutex_unlock(&mutex);
	return result;
}

char *store_get(const char *key)
{
	struct entry *e;
	char *copy = NULL;

	pthread_mutex_lock(&mutex);
	e = *find(key);
	if (e && e->value) {
		copy = PLACE(PLACE_RESPONSE_BODY, malloc(strlen(e->value) + 1));
		if (copy)
			strcpy(copy, e->value);
	}
	pthread_mutex_unlock(&mutex);
	return copy;
}

void store_release_copy(char *copy)
{
	place_release(PLACE_RESPONSE_BODY, copy);
}

int store_delete(const char *key)
{
	struct entry **link;
	int is_found;

	pthread_mutex_lock(&mutex);
	link = find(key);
	is_found = *link != NULL;
	if (is_found)
		remove_at(link);
	pthread_mutex_unlock(&mutex);
	return is_found ? 0 : -1;
}

static char *list_matching(const char *text)
{
	size_t bytes = 1, used = 0;
	char *list;

	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct entry *e = buckets[i]; e; e = e->next)
			if (strstr(e->key, text))
				bytes += strlen(e->key) + 1;
	list = PLACE(PLACE_KEY_LIST, malloc(bytes));
	if (!list)
		return NULL;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (const struct entry *e = buckets[i]; e; e = e->next) {
			if (!strstr(e->key, text))
				continue;
			strcpy(list + used, e->key);
			used += strlen(e->key);
			list[used++] = '\n';
		}
	}
	list[used] = '\0';
	return list;
}

char *store_list(const char *text)
{
	char *list;

	pthread_mutex_lock(&mutex);
	list = list_matching(text);
	pthread_mutex_unlock(&mutex);
	return list;
}

void store_release_list(char *list)
{
	place_release(PLACE_KEY_LIST, list);
}
