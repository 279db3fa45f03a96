/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracker_hammer.c - threads and their signal handlers book allocations, frees and reallocations: every event is
 * counted once, and the table of live blocks holds what the counters say.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "clock.h"
#include "live_table.h"
#include "look.h"
#include "memtrace/atomic.h"
#include "module_table.h"
#include "node_table.h"
#include "options.h"
#include "shard.h"
#include "state.h"
#include "stress.h"
#include "thread.h"
#include "trace_file.h"
#include "tracker.h"

#define THREADS 4u
#define BLOCKS 4096u

enum block_state { FREE, BUSY, LIVE };

static uint32_t states[BLOCKS];
static uint64_t sizes[BLOCKS];
static uint64_t alloc_count, free_count, alloc_bytes, freed_bytes, nested_count;
static struct options options = {.depth_max = 16, .unwinder = MT_UNWINDER_CFI};

static const void *address_of(uint32_t number)
{
	return (const void *)(uintptr_t)(UINT64_C(0x7e0000000000) + number * UINT64_C(32));
}

static void count_alloc(uint64_t size)
{
	(void)mt_add_relaxed(&alloc_count, 1);
	(void)mt_add_relaxed(&alloc_bytes, size);
}

static void count_free(uint64_t size)
{
	(void)mt_add_relaxed(&free_count, 1);
	(void)mt_add_relaxed(&freed_bytes, size);
}

static void allocate(uint32_t number, uint64_t size)
{
	uint32_t expected = FREE;

	if (!mt_cas_acq_rel(&states[number], &expected, BUSY))
		return;
	sizes[number] = size;
	tracker_alloc(address_of(number), size, UNWIND_FRAME_HERE());
	count_alloc(size);
	mt_store_release(&states[number], LIVE); /* partner: the CAS of who frees it */
}

static void release(uint32_t number)
{
	uint32_t expected = LIVE;

	if (!mt_cas_acq_rel(&states[number], &expected, BUSY))
		return;
	count_free(sizes[number]);
	tracker_free(address_of(number));
	mt_store_release(&states[number], FREE); /* partner: the CAS of who allocates it again */
}

/* In place, as allocators do where they can, or failing. */
static void reallocate(uint32_t number, uint64_t size)
{
	struct tracker_realloc state;
	uint32_t expected = LIVE;

	if (!mt_cas_acq_rel(&states[number], &expected, BUSY))
		return;
	tracker_realloc_begin(address_of(number), &state, UNWIND_FRAME_HERE());
	STRESS_CHECK(state.is_known && state.old.size == sizes[number]);
	if (size % 5 == 0 && size > 0) {
		tracker_realloc_end(NULL, size, &state, UNWIND_FRAME_HERE());
	} else {
		tracker_realloc_end(address_of(number), size, &state, UNWIND_FRAME_HERE());
		count_free(sizes[number]);
		count_alloc(size);
		sizes[number] = size;
	}
	mt_store_release(&states[number], LIVE);
}

static void step(struct stress_thread *thread)
{
	uint32_t number = (uint32_t)stress_random(thread, BLOCKS);
	uint64_t size = stress_random(thread, 5000);

	switch (stress_random(thread, 8)) {
	case 0:
		reallocate(number, size);
		break;
	case 1:
	case 2:
	case 3:
		release(number);
		break;
	default:
		allocate(number, size);
	}
}

/* Inside whatever the thread was doing. */
static void nested(void)
{
	static uint32_t next;
	uint32_t number = mt_add_relaxed(&next, 1) * 2654435761u % BLOCKS;
	int saved = errno;

	(void)mt_add_relaxed(&nested_count, 1);
	allocate(number, 100);
	release((number + 1) % BLOCKS);
	errno = saved;
}

/* A thread that lives for a few events only: its shard and its state go to the next one. */
static void *run_short(void *argument)
{
	for (uint32_t i = 0; i < 20; i++)
		step(argument);
	return NULL;
}

static void make_short_threads(struct stress_thread *thread)
{
	pthread_t handle;

	STRESS_CHECK(pthread_create(&handle, NULL, run_short, thread) == 0);
	pthread_join(handle, NULL);
}

static struct {
	uint64_t blocks, bytes;
} in_table[1 << 16]; /* by site */

static void visit(const struct mt_live_block *block, void *context)
{
	uint64_t number = (block->address - (uintptr_t)address_of(0)) / 32, *total = context;

	STRESS_CHECK(number < BLOCKS && states[number] == LIVE && block->size == sizes[number]);
	STRESS_CHECK(block->site < 1 << 16);
	in_table[block->site].blocks++;
	in_table[block->site].bytes += block->size;
	(*total)++;
}

static void check_sites(void)
{
	uint64_t counted[4] = {0};

	for (uint32_t id = 1; id < trace_file_count(TRACE_SITES); id++) {
		const struct mt_site *site = trace_file_entry(TRACE_SITES, id);
		struct mt_counters sum = {0};

		for (uint32_t entry = site->counters; entry != 0;) {
			const struct mt_counters *counters =
				trace_file_entry(TRACE_COUNTERS, entry);

			sum.alloc_count += counters->alloc_count;
			sum.alloc_bytes += counters->alloc_bytes;
			sum.free_count += counters->free_count;
			sum.freed_bytes += counters->freed_bytes;
			entry = counters->next;
		}
		if (site->counters == 0)
			continue; /* lost the race of two threads for this stack */
		STRESS_CHECK(sum.alloc_count - sum.free_count == in_table[id].blocks);
		STRESS_CHECK(sum.alloc_bytes - sum.freed_bytes == in_table[id].bytes);
		counted[0] += sum.alloc_count;
		counted[1] += sum.alloc_bytes;
		counted[2] += sum.free_count;
		counted[3] += sum.freed_bytes;
	}
	STRESS_CHECK(counted[0] == alloc_count && counted[1] == alloc_bytes);
	STRESS_CHECK(counted[2] == free_count && counted[3] == freed_bytes);
}

static void init(void)
{
	stress_make_trace_file();
	live_table_init();
	clock_init(false, false);
	shard_init();
	thread_init();
	module_table_init();
	unwind_init();
	capture_init(&options);
	look_init(&options);
	state_init();
	tracker_set_stopped(false);
}

int main(void)
{
	uint64_t total = 0, expected = 0;

	init();
	stress_in_handler(nested);
	stress_run_two(THREADS, step, make_short_threads);
	printf("# %lu allocations, %lu handlers\n", (unsigned long)alloc_count,
	       (unsigned long)nested_count);
	for (uint32_t drop = 0; drop < MT_DROP_COUNT; drop++)
		if (mt_drop_is_loss(drop) && trace_file.drops[drop] != 0) {
			printf("# %lu drops of kind %u\n", (unsigned long)trace_file.drops[drop],
			       drop);
			STRESS_CHECK(trace_file.drops[drop] == 0);
		}
	STRESS_CHECK(nested_count > 0);
	STRESS_CHECK(trace_file.process->foreign_free_count == 0);
	STRESS_CHECK(trace_file.process->unseen_free_count == 0);
	for (uint32_t i = 0; i < BLOCKS; i++)
		expected += states[i] == LIVE;
	live_table_each(visit, &total);
	STRESS_CHECK(total == expected);
	check_sites();
	return EXIT_SUCCESS;
}
