/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store.h - the keys and values: a hash table of bounded size; the oldest entry of a bucket makes room.
 */
#ifndef KVSERVER_STORE_H
#define KVSERVER_STORE_H

/**
 * store_put() - set a key, replacing its value. Return: 0, or -1 without memory. Threads: any.
 */
int store_put(const char *key, const char *value);

/**
 * store_get() - a copy of a value; NULL if there is no such key. Release with store_release_copy().
 */
char *store_get(const char *key);
void store_release_copy(char *copy);

/**
 * store_delete() - forget a key. Return: 0, or -1 if there is none.
 */
int store_delete(const char *key);

/**
 * store_list() - all keys that contain a text, one a line. Release with store_release_list().
 */
char *store_list(const char *text);
void store_release_list(char *list);

#endif
