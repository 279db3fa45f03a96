/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocks_handed_over.c - four pairs of threads: one allocates, the other frees seven of eight blocks.
 */
#include "truth.h"

#include <pthread.h>

#define PAIRS 4
#define BLOCKS 20000
#define SLOTS 64

struct channel {
	void *slots[SLOTS];
	unsigned long sent, received;
};

static struct channel channels[PAIRS];

static size_t block_bytes(unsigned long i)
{
	return 16 + i % 241;
}

static SITE void *site_handed_over(unsigned long i)
{
	void *p = malloc(block_bytes(i));

	KEEP_FRAME();
	return p;
}

static void *produce(void *argument)
{
	struct channel *c = argument;

	for (unsigned long i = 0; i < BLOCKS; i++) {
		while (i - __atomic_load_n(&c->received, __ATOMIC_ACQUIRE) >= SLOTS)
			sched_yield();
		c->slots[i % SLOTS] = site_handed_over(i);
		__atomic_store_n(&c->sent, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *consume(void *argument)
{
	struct channel *c = argument;

	for (unsigned long i = 0; i < BLOCKS; i++) {
		while (__atomic_load_n(&c->sent, __ATOMIC_ACQUIRE) <= i)
			sched_yield();
		if (i % 8 != 0)
			free(c->slots[i % SLOTS]);
		__atomic_store_n(&c->received, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

int main(void)
{
	struct truth t = {.function = "site_handed_over"};
	pthread_t threads[2 * PAIRS];

	for (int i = 0; i < PAIRS; i++) {
		truth_require(!pthread_create(&threads[2 * i], NULL, produce, &channels[i]),
			      "thread");
		truth_require(!pthread_create(&threads[2 * i + 1], NULL, consume, &channels[i]),
			      "thread");
	}
	for (int i = 0; i < 2 * PAIRS; i++)
		pthread_join(threads[i], NULL);
	for (int pair = 0; pair < PAIRS; pair++) {
		for (unsigned long i = 0; i < BLOCKS; i++) {
			truth_alloc(&t, block_bytes(i));
			if (i % 8 != 0)
				truth_free(&t, block_bytes(i));
		}
	}
	truth_tell(&t);
	return 0;
}
