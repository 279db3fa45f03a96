/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fork_with_threads.c - forks while three threads allocate; the child frees inherited blocks, starts
 * threads of its own and leaves by exit(); with "raw" it forks by _Fork(), which runs no handlers.
 */
#include "truth.h"

#include <pthread.h>
#include <sys/wait.h>

#define THREADS 3
#define BLOCKS 200
#define CHILDREN 5

static void *kept[BLOCKS];
static int must_stop;

static SITE void *site_before_fork(void)
{
	void *p = malloc(48);

	KEEP_FRAME();
	return p;
}

static SITE void *site_noise(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_in_child(void)
{
	void *p = malloc(80);

	KEEP_FRAME();
	return p;
}

static SITE void *site_in_child_thread(void)
{
	void *p = malloc(160);

	KEEP_FRAME();
	return p;
}

static void *make_noise(void *argument)
{
	size_t bytes = 16;

	(void)argument;
	while (!__atomic_load_n(&must_stop, __ATOMIC_RELAXED)) {
		free(site_noise(bytes));
		bytes = bytes % 4096 + 16;
	}
	return NULL;
}

static void *allocate_in_child(void *argument)
{
	(void)argument;
	for (int i = 0; i < BLOCKS; i++) {
		void *p = site_in_child_thread();

		if (i % 2)
			free(p);
	}
	return NULL;
}

/* After _Fork() of a threaded process only async-signal-safe calls are allowed: no new threads then. */
static void run_child(struct truth *before, int is_raw)
{
	struct truth own = {.function = "site_in_child"};
	struct truth threaded = {.function = "site_in_child_thread"};
	pthread_t threads[2];

	truth_inherit(before);
	for (int i = 0; i < BLOCKS; i++) {
		if (i % 4 == 0) {
			free(kept[i]);
			truth_free(before, 48);
		}
		(void)!site_in_child();
		truth_alloc(&own, 80);
	}
	truth_tell(before);
	truth_tell(&own);
	if (is_raw)
		_exit(0);
	for (int i = 0; i < 2; i++)
		truth_require(!pthread_create(&threads[i], NULL, allocate_in_child, NULL),
			      "thread");
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < 2 * BLOCKS; i++) {
		truth_alloc(&threaded, 160);
		if (i % 2)
			truth_free(&threaded, 160);
	}
	truth_tell(&threaded);
	exit(0);
}

int main(int argc, char **argv)
{
	int is_raw = argc > 1 && !strcmp(argv[1], "raw");
	struct truth before = {.function = "site_before_fork"};
	pthread_t threads[THREADS];

	for (int i = 0; i < BLOCKS; i++) {
		kept[i] = site_before_fork();
		truth_alloc(&before, 48);
	}
	/* Raw: another thread may hold the allocator's own lock at _Fork(), so there is none. */
	for (int i = 0; i < THREADS && !is_raw; i++)
		truth_require(!pthread_create(&threads[i], NULL, make_noise, NULL), "thread");
	for (int i = 0; i < CHILDREN; i++) {
		int status;
		pid_t child = is_raw ? _Fork() : fork();

		truth_require(child >= 0, "fork");
		if (child == 0)
			run_child(&before, is_raw);
		truth_require(waitpid(child, &status, 0) == child && status == 0, "child");
	}
	__atomic_store_n(&must_stop, 1, __ATOMIC_RELAXED);
	for (int i = 0; i < THREADS && !is_raw; i++)
		pthread_join(threads[i], NULL);
	truth_tell(&before);
	truth_number("children", CHILDREN);
	return 0;
}
