/* SPDX-License-Identifier: Apache-2.0 */
/*
 * micro_loops.c - what the micro benchmark measures: loops of malloc and free, alone or between two threads.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "micro.h"

enum { CHUNK = 4096 }; /* pairs between two looks at the clock */

/* A function of its own, so that bench/budget can count its instructions and those of what it calls. */
#define COUNTED __attribute__((noinline))

static void *loop_alloc(struct micro_work *work, uint64_t turn)
{
	uint32_t sites = work->options->sites;
	size_t size = micro_size(work);
	uint64_t *block =
		sites == 1 ? malloc(size) : micro_alloc_at((uint32_t)(turn % sites), size);

	if (block == NULL)
		abort();
	*block = turn;
	return block;
}

static COUNTED void loop_replace(struct micro_work *work, uint64_t pairs)
{
	for (uint64_t i = 0; i < pairs; i++) {
		uint32_t index = micro_index(work, work->options->live);

		free(work->blocks[index]);
		work->blocks[index] = loop_alloc(work, i);
	}
}

static uint64_t chunk_pairs(const struct micro_work *work)
{
	uint64_t asked = work->options->pairs;

	return asked != 0 && asked - work->pairs < CHUNK ? asked - work->pairs : CHUNK;
}

void micro_replace(struct micro_work *work)
{
	uint64_t pairs;

	work->all_pairs = work->options->live + work->options->warmup;
	for (uint32_t i = 0; i < work->options->live; i++)
		work->blocks[i] = loop_alloc(work, i);
	loop_replace(work, work->options->warmup);
	micro_start(work);
	do {
		pairs = chunk_pairs(work);
		loop_replace(work, pairs);
	} while (!micro_is_done(work, pairs));
	micro_finish(work);
	for (uint32_t i = 0; i < work->options->live; i++)
		free(work->blocks[i]);
}

static COUNTED void batch_alloc(struct micro_work *work, void **batch)
{
	for (uint32_t i = 0; i < MICRO_BATCH; i++)
		batch[i] = loop_alloc(work, i);
}

static COUNTED void batch_free(void **batch)
{
	for (uint32_t i = 0; i < MICRO_BATCH; i++)
		free(batch[i]);
}

static void batches_warm_up(struct micro_work *work, void **batch)
{
	for (; work->all_pairs < work->options->warmup; work->all_pairs += MICRO_BATCH) {
		batch_alloc(work, batch);
		batch_free(batch);
	}
}

void micro_exchange(struct micro_work *work)
{
	void *batch[MICRO_BATCH];

	batches_warm_up(work, batch);
	micro_start(work);
	do {
		batch_alloc(work, batch);
		batch_free(batch);
	} while (!micro_is_done(work, MICRO_BATCH));
	micro_finish(work);
}

/*
 * Batches from one thread to the other through a ring with one writer of each index. A wait spins: to sleep and
 * be woken takes far longer than a batch on some machines. What is spent waiting is not counted.
 */
static struct {
	void *batches[MICRO_RING_SIZE][MICRO_BATCH];
	_Atomic uint32_t filled __attribute__((aligned(128)));	/* written by who allocates */
	_Atomic uint32_t emptied __attribute__((aligned(128))); /* written by who frees */
	_Atomic bool is_complete;
} ring;

static bool ring_has(const _Atomic uint32_t *counter, uint32_t needed)
{
	return (int32_t)(atomic_load_explicit(counter, memory_order_acquire) - needed) >= 0;
}

/* Until the other thread has got so far, or will get no farther. */
static void ring_wait(struct micro_work *work, const _Atomic uint32_t *counter, uint32_t needed)
{
	if (ring_has(counter, needed))
		return;
	micro_pause(work);
	while (!ring_has(counter, needed) && !atomic_load(&ring.is_complete))
		sched_yield();
	micro_resume(work);
}

void micro_produce(struct micro_work *work)
{
	uint32_t turn = 0;

	batches_warm_up(work, ring.batches[0]);
	micro_start(work);
	do {
		ring_wait(work, &ring.emptied, turn + 1 - work->options->batches);
		batch_alloc(work, ring.batches[turn % MICRO_RING_SIZE]);
		atomic_store_explicit(&ring.filled, ++turn, memory_order_release);
	} while (!micro_is_done(work, MICRO_BATCH));
	atomic_store(&ring.is_complete, true);
	micro_finish(work);
}

void micro_consume(struct micro_work *work)
{
	micro_start(work);
	for (uint32_t turn = 0;; turn++) {
		ring_wait(work, &ring.filled, turn + 1);
		if (!ring_has(&ring.filled, turn + 1))
			break;
		batch_free(ring.batches[turn % MICRO_RING_SIZE]);
		(void)micro_is_done(work, MICRO_BATCH);
		atomic_store_explicit(&ring.emptied, turn + 1, memory_order_release);
	}
	micro_finish(work);
}
