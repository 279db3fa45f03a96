/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - private memory of the shim, cut from chunks by one atomic add.
 *
 * A thread that finds the chunk used up maps a new one and puts it in place by one CAS; who loses that race
 * gives its chunk back and takes from the winner's. Nobody waits.
 */
#include "arena.h"

#include "memtrace/atomic.h"
#include "os_region.h"

#define ARENA_ALIGN ((size_t)64)
#define ARENA_PAGE ((size_t)4096)
#define ARENA_CHUNK_BYTES ((size_t)256 << 10)

struct arena_chunk {
	char *memory; /* begins with this, or is wiped in children, who may be in the middle of all this */
	size_t used; /* may run past the end when the chunk is full */
	char pad[ARENA_ALIGN - sizeof(char *) - sizeof(size_t)];
};

static struct arena_chunk *arena_kept, *arena_own;

static void *arena_cut(struct arena_chunk *chunk, size_t bytes)
{
	size_t end;

	if (chunk == NULL || mt_load_relaxed(&chunk->used) + bytes > ARENA_CHUNK_BYTES)
		return NULL;
	end = mt_add_relaxed(&chunk->used, bytes);
	return end <= ARENA_CHUNK_BYTES ? chunk->memory + (end - bytes) : NULL;
}

static struct arena_chunk *arena_new_chunk(bool is_own)
{
	struct arena_chunk *fresh =
		is_own ? arena_alloc(sizeof(*fresh)) : os_region_map(ARENA_CHUNK_BYTES, NULL);
	bool is_wiped; /* whoever is not told so may still use what is there */

	if (fresh == NULL)
		return NULL;
	fresh->memory = is_own ? os_region_map(ARENA_CHUNK_BYTES, &is_wiped) : (char *)fresh;
	fresh->used = is_own ? 0 : sizeof(*fresh);
	return fresh->memory == NULL ? NULL : fresh;
}

/* Puts a fresh chunk in the place of that one. Returns what is there now; NULL = no memory. */
static struct arena_chunk *arena_renew(struct arena_chunk **current, struct arena_chunk *chunk)
{
	struct arena_chunk *fresh = arena_new_chunk(current == &arena_own);

	if (fresh == NULL)
		return NULL;
	if (mt_cas_acq_rel(current, &chunk, fresh))
		return fresh;
	os_region_give_back(fresh->memory, ARENA_CHUNK_BYTES);
	return chunk;
}

static void *arena_take(struct arena_chunk **current, size_t bytes)
{
	/* partner: the CAS in arena_renew() */
	struct arena_chunk *chunk = mt_load_acquire(current);
	void *p;

	bytes = (bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (bytes > ARENA_CHUNK_BYTES / 4)
		return os_region_map((bytes + ARENA_PAGE - 1) & ~(ARENA_PAGE - 1), NULL);
	while ((p = arena_cut(chunk, bytes)) == NULL) {
		chunk = arena_renew(current, chunk);
		if (chunk == NULL)
			return NULL;
	}
	return p;
}

void *arena_alloc(size_t bytes)
{
	return arena_take(&arena_kept, bytes);
}

void *arena_alloc_own(size_t bytes)
{
	return arena_take(&arena_own, bytes);
}

struct os_range arena_range(bool is_own)
{
	struct arena_chunk *chunk = mt_load_acquire(is_own ? &arena_own : &arena_kept);

	if (chunk == NULL)
		return (struct os_range){NULL, 0};
	return (struct os_range){chunk->memory, ARENA_CHUNK_BYTES};
}

static void arena_prepare_one(struct arena_chunk **current)
{
	struct arena_chunk *chunk = mt_load_acquire(current);

	if (chunk == NULL || mt_load_relaxed(&chunk->used) >= ARENA_CHUNK_BYTES / 2)
		(void)arena_renew(current, chunk);
}

void arena_prepare(void)
{
	arena_prepare_one(&arena_kept);
	arena_prepare_one(&arena_own);
}
