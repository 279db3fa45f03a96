/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wandering_fibers.c - fibers that each of several threads goes on with in turn: every fiber allocates on its own
 * stack, on whichever thread it is at the time, and frees what it allocated on another one.
 */
#include "truth.h"

#include <pthread.h>
#include <ucontext.h>

#define THREADS 4
#define FIBERS 16
#define ROUNDS 150
#define STACK_BYTES ((size_t)64 << 10)

struct fiber {
	ucontext_t context;
	ucontext_t *back; /* of the thread that it is on */
	void *block;
	int events;
};

static struct fiber fibers[FIBERS];
static pthread_barrier_t all_are_done;

static SITE void *site_in_fiber(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void go_deeper(struct fiber *fiber, int depth)
{
	if (depth > 0) {
		go_deeper(fiber, depth - 1);
		KEEP_FRAME();
		return;
	}
	free(fiber->block);
	fiber->block = site_in_fiber(128);
	fiber->events++;
	swapcontext(&fiber->context, fiber->back);
}

static void run_fiber(unsigned number)
{
	for (int depth = 0;; depth++)
		go_deeper(&fibers[number], depth % 7);
}

/* In each round a thread has fibers that another one had before. */
static void *run_thread(void *argument)
{
	unsigned self = (unsigned)(size_t)argument;
	ucontext_t here;

	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < FIBERS / THREADS; i++) {
			struct fiber *fiber =
				&fibers[(self + round) % THREADS * (FIBERS / THREADS) + i];

			fiber->back = &here;
			swapcontext(&here, &fiber->context);
		}
		pthread_barrier_wait(&all_are_done);
	}
	return NULL;
}

int main(void)
{
	static char stacks[FIBERS][STACK_BYTES] __attribute__((aligned(4096)));
	struct truth t = {.function = "site_in_fiber"};
	pthread_t threads[THREADS];

	pthread_barrier_init(&all_are_done, NULL, THREADS);
	for (unsigned i = 0; i < FIBERS; i++) {
		getcontext(&fibers[i].context);
		fibers[i].context.uc_stack.ss_sp = stacks[i];
		fibers[i].context.uc_stack.ss_size = STACK_BYTES;
		makecontext(&fibers[i].context, (void (*)(void))run_fiber, 1, i);
	}
	for (size_t i = 0; i < THREADS; i++)
		truth_require(!pthread_create(&threads[i], NULL, run_thread, (void *)i), "thread");
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < FIBERS; i++)
		for (int j = 0; j < fibers[i].events; j++) {
			truth_alloc(&t, 128);
			if (j > 0)
				truth_free(&t, 128);
		}
	truth_tell(&t);
	return 0;
}
