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
#define ARENA_CHUNK_BYTES ((size_t)256 << 10)

/* First bytes of each chunk. */
struct arena_chunk {
	size_t used; /* header included; may run past the end when the chunk is full */
	char pad[ARENA_ALIGN - sizeof(size_t)];
};

static struct arena_chunk *arena_current;

static void *arena_cut(struct arena_chunk *chunk, size_t bytes)
{
	size_t end;

	if (chunk == NULL || mt_load_relaxed(&chunk->used) + bytes > ARENA_CHUNK_BYTES)
		return NULL;
	end = mt_add_relaxed(&chunk->used, bytes);
	return end <= ARENA_CHUNK_BYTES ? (char *)chunk + (end - bytes) : NULL;
}

struct os_range arena_range(void)
{
	char *chunk = (char *)mt_load_acquire(&arena_current);

	return (struct os_range){chunk, chunk == NULL ? 0 : ARENA_CHUNK_BYTES};
}

void arena_prepare(void)
{
	struct arena_chunk *chunk = mt_load_acquire(&arena_current), *fresh;

	if (chunk != NULL && mt_load_relaxed(&chunk->used) < ARENA_CHUNK_BYTES / 2)
		return;
	fresh = os_map(ARENA_CHUNK_BYTES);
	if (fresh == NULL)
		return;
	fresh->used = sizeof(*fresh);
	if (!mt_cas_acq_rel(&arena_current, &chunk, fresh))
		os_unmap(fresh, ARENA_CHUNK_BYTES);
}

void *arena_alloc(size_t bytes)
{
	struct arena_chunk *chunk = mt_load_acquire(&arena_current); /* partner: the CAS below */

	bytes = (bytes + ARENA_ALIGN - 1) & ~(ARENA_ALIGN - 1);
	if (bytes > ARENA_CHUNK_BYTES / 4)
		return os_map((bytes + 4095) & ~(size_t)4095);
	for (;;) {
		void *p = arena_cut(chunk, bytes);
		struct arena_chunk *fresh;

		if (p != NULL)
			return p;
		fresh = os_map(ARENA_CHUNK_BYTES);
		if (fresh == NULL)
			return NULL;
		fresh->used = sizeof(*fresh);
		if (mt_cas_acq_rel(&arena_current, &chunk, fresh))
			chunk = fresh;
		else
			os_unmap(fresh, ARENA_CHUNK_BYTES);
	}
}
