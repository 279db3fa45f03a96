/* SPDX-License-Identifier: Apache-2.0 */
/*
 * thread_per_moment.c - starts ARG threads one after the other; each allocates, frees what its predecessor
 * left and ends. Every third is detached.
 */
#include "truth.h"

#include <pthread.h>
#include <semaphore.h>

static void *left_behind;
static sem_t done;

static SITE void *site_of_short_thread(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static void *live_shortly(void *argument)
{
	(void)argument;
	free(left_behind);
	free(site_of_short_thread(33));
	left_behind = site_of_short_thread(55);
	sem_post(&done);
	return NULL;
}

int main(int argc, char **argv)
{
	struct truth t = {.function = "site_of_short_thread"};
	int threads = argc > 1 ? atoi(argv[1]) : 300;

	sem_init(&done, 0, 0);
	for (int i = 0; i < threads; i++) {
		pthread_t thread;

		truth_require(!pthread_create(&thread, NULL, live_shortly, NULL), "thread");
		while (sem_wait(&done))
			;
		if (i % 3)
			pthread_join(thread, NULL);
		else
			pthread_detach(thread);
		truth_alloc(&t, 33);
		truth_free(&t, 33);
		truth_alloc(&t, 55);
		if (i + 1 < threads)
			truth_free(&t, 55);
	}
	truth_tell(&t);
	return 0;
}
