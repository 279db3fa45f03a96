/* SPDX-License-Identifier: Apache-2.0 */
/*
 * micro.h - what the parts of the micro benchmark share: the run that was asked for and one thread's share.
 */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MICRO_SITE_MAX = 16,
	MICRO_BATCH = 256,    /* blocks that one thread hands to the other at a time */
	MICRO_RING_SIZE = 64, /* batches that can be on their way */
};

/* As asked for on the command line. */
struct micro_options {
	uint32_t depth;	  /* frames of ours between the thread's function and malloc() */
	uint32_t live;	  /* blocks that each thread keeps alive */
	uint32_t threads; /* that do the same, each with its own blocks */
	uint32_t sites;	  /* call sites that take turns, each at another depth */
	uint32_t batches; /* on their way to the other thread at most; 1 = the two take turns */
	uint64_t
		warmup; /* pairs before the clocks start: a tool starts up, addresses become random */
	uint64_t pairs; /* of malloc and free for each thread; 0 = as many as fit into run_ms */
	uint32_t run_ms;
	bool is_pinned;
	bool is_handover; /* one thread allocates, the other frees; with one thread it does both */
};

/* One thread's share and what it measured. */
struct micro_work {
	const struct micro_options *options;
	void (*loop)(struct micro_work *work); /* called at the depth */
	void **blocks;
	uint64_t random;
	uint64_t pairs;	    /* done in the measured part */
	uint64_t all_pairs; /* before it too */
	uint64_t wall_ns;
	uint64_t cpu_ns;
};

/* Calls work->loop() below so many frames, of four different shapes in turn. */
void micro_descend(struct micro_work *work, uint32_t depth);

/* malloc() from the call site of that number, below as many further frames. */
void *micro_alloc_at(uint32_t site, size_t size);

/* Starts the clocks of the calling thread. */
void micro_start(struct micro_work *work);

/* Whether the thread has done its share; counts the pairs since the last call. */
bool micro_is_done(struct micro_work *work, uint64_t pairs);

/* Around what is not to be counted as CPU time. */
void micro_pause(struct micro_work *work);
void micro_resume(struct micro_work *work);

/* Stops the clocks. */
void micro_finish(struct micro_work *work);

/* The next size, 16 to 272 bytes. */
static inline size_t micro_size(struct micro_work *work)
{
	work->random = work->random * 6364136223846793005u + 1442695040888963407u;
	return 16 + (size_t)(work->random >> 56);
}

/* The next number below a bound. */
static inline uint32_t micro_index(struct micro_work *work, uint32_t bound)
{
	return (uint32_t)((work->random >> 24 & 0xffffffffu) * bound >> 32);
}

/* The loops. */
void micro_replace(struct micro_work *work);  /* random ones among the live blocks */
void micro_exchange(struct micro_work *work); /* batches, allocated and freed by this thread */
void micro_produce(struct micro_work *work);  /* batches, for the other thread */
void micro_consume(struct micro_work *work);  /* the other thread's batches */

#endif
