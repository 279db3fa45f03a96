/* SPDX-License-Identifier: Apache-2.0 */
/*
 * counting_table.h - the oracle's own table of live blocks: address -> size, open addressing, under the
 * caller's lock. Deliberately nothing like the one it checks.
 */
#ifndef COUNTING_TABLE_H
#define COUNTING_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#define TABLE_FREE 0u
#define TABLE_GONE 1u /* no block stands at address 1 */

struct table_entry {
	uintptr_t address;
	size_t bytes;
};

struct table {
	struct table_entry *entries;
	size_t capacity; /* a power of two */
	size_t used;	 /* entries that are not TABLE_FREE */
};

static inline size_t table_start(const struct table *t, uintptr_t address)
{
	return (address * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (t->capacity - 1);
}

static inline void table_insert(struct table *t, uintptr_t address, size_t bytes);

static inline void table_grow(struct table *t)
{
	struct table old = *t;
	size_t live = 0;

	for (size_t i = 0; i < old.capacity; i++)
		live += old.entries[i].address > TABLE_GONE;
	t->capacity = 65536;
	while (t->capacity < live * 4)
		t->capacity *= 2;
	t->used = 0;
	t->entries = mmap(NULL, t->capacity * sizeof(*t->entries), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (t->entries == MAP_FAILED)
		__builtin_trap();
	for (size_t i = 0; i < old.capacity; i++)
		if (old.entries[i].address > TABLE_GONE)
			table_insert(t, old.entries[i].address, old.entries[i].bytes);
	if (old.entries)
		munmap(old.entries, old.capacity * sizeof(*old.entries));
}

/* The address must not be in the table. */
static inline void table_insert(struct table *t, uintptr_t address, size_t bytes)
{
	size_t i;

	if (t->used * 2 >= t->capacity)
		table_grow(t);
	i = table_start(t, address);
	/* else a block that comes and goes would leave a longer way behind it each time */
	while (t->entries[i].address > TABLE_GONE)
		i = (i + 1) & (t->capacity - 1);
	t->used += t->entries[i].address == TABLE_FREE;
	t->entries[i] = (struct table_entry){address, bytes};
}

static inline bool table_remove(struct table *t, uintptr_t address, size_t *bytes)
{
	size_t i;

	if (t->capacity == 0)
		return false;
	for (i = table_start(t, address); t->entries[i].address != TABLE_FREE;
	     i = (i + 1) & (t->capacity - 1)) {
		if (t->entries[i].address != address)
			continue;
		*bytes = t->entries[i].bytes;
		t->entries[i].address = TABLE_GONE;
		return true;
	}
	return false;
}

/* Number of blocks; *bytes: their sum. */
static inline size_t table_sum(const struct table *t, size_t *bytes)
{
	size_t blocks = 0;

	for (size_t i = 0; i < t->capacity; i++) {
		if (t->entries[i].address <= TABLE_GONE)
			continue;
		blocks++;
		*bytes += t->entries[i].bytes;
	}
	return blocks;
}

#endif
