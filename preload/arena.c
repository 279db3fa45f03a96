/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arena.c - private memory of the shim, cut from chunks by one atomic add.
 *
 * A thread that finds the chunk used up maps a new one and puts it in place by one CAS; who loses that race
 * gives its chunk back and takes from the winner's. Nobody waits.
 */
#include "arena.h"

#include "memtrace/atomic.h"
#include "os.h"

#define ARENA_ALIGN ((size_t)64)
#define ARENA_PAGE ((size_t)4096)
#define ARENA_CHUNK_BYTES ((size_t)256 << 10)

/* First bytes of each chunk. */
struct arena_chunk {
	size_t used; /* header included; may run past the end when the chunk is full */
	char pad[ARENA_ALIGN - sizeof(size_t)];
};

static struct arena_chunk *arena_kept, *arena_own;

static void *arena_cut(struct arena_chunk *chunk, size_t bytes)
{
	size_t end;

	if (chunk == NULL || mt_load_relaxed(&chunk->used) + bytes > ARENA_CHUNK_BYTES)
		return NULL;
	end = mt_add_relaxed(&chunk->used, bytes);
	return end <= ARENA_CHUNK_BYTES ? (char *)chunk + (end - bytes) : NULL;
}

/* Puts a fresh chunk in the place of that one. Returns what is there now; NULL = no memory. */
static struct arena_chunk *arena_renew(struct arena_chunk **current, struct arena_chunk *chunk)
{
	struct arena_chunk *fresh = os_map(ARENA_CHUNK_BYTES);

	if (fresh == NULL)
		return NULL;
	fresh->used = sizeof(*fresh);
	/* all but the page that says how much is used: a child may be in the middle of all this */
	if (current == &arena_own) {
		fresh->used = ARENA_PAGE;
		(void)os_wipe_in_children((char *)fresh + ARENA_PAGE,
					  ARENA_CHUNK_BYTES - ARENA_PAGE);
	}
	if (mt_cas_acq_rel(current, &chunk, fresh))
		return fresh;
	os_unmap(fresh, ARENA_CHUNK_BYTES);
	return chunk;
}

static void *arena_take(struct arena_chunk **current, size_t bytes)
{
	struct arena_chunk *chunk =
		mt_load_acquire(current); /* partner: the CAS in arena_renew() */
	void *p;

	bytes = (bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (bytes > ARENA_CHUNK_BYTES / 4)
		return os_map((bytes + ARENA_PAGE - 1) & ~(ARENA_PAGE - 1));
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
	char *chunk = (char *)mt_load_acquire(is_own ? &arena_own : &arena_kept);

	return (struct os_range){chunk, chunk == NULL ? 0 : ARENA_CHUNK_BYTES};
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
