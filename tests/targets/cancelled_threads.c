/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cancelled_threads.c - cancels threads: while they wait, or with "anywhere" in the middle of recording; detached
 * threads and ones that exit deep in their calls come in between.
 */
#include "truth.h"

#include "memtrace/memtrace.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>

#define ROUNDS 300
#define BYTES 50
#define DEPTH 40

static struct truth waiting_truth = {.function = "site_waiting"};
static struct truth deep_truth = {.function = "site_deep"};
static sem_t is_ready, is_done;

static SITE void *site_waiting(void)
{
	void *p = malloc(BYTES);

	KEEP_FRAME();
	return p;
}

static SITE void *site_deep(void)
{
	void *p = malloc(BYTES);

	KEEP_FRAME();
	return p;
}

static SITE void *site_afterwards(void)
{
	void *p = malloc(BYTES);

	KEEP_FRAME();
	return p;
}

static void clean_up(void *block)
{
	free(block);
	free(site_waiting());
}

static void *wait_for_ever(void *argument)
{
	(void)argument;
	pthread_cleanup_push(clean_up, site_waiting());
	sem_post(&is_ready);
	for (;;)
		pause();
	pthread_cleanup_pop(0);
	return NULL;
}

static void (*volatile end_thread)(void *result) = pthread_exit;

static SITE void exit_deep(int depth)
{
	if (depth > 0) {
		exit_deep(depth - 1);
	} else {
		free(site_deep());
		sem_post(&is_done);
		end_thread(NULL);
	}
	KEEP_FRAME();
}

static void *run_deep(void *argument)
{
	(void)argument;
	exit_deep(DEPTH);
	return NULL;
}

/* Of calls that may be cut short at any point only these are allowed to: they take no lock of libc. */
static void *report_for_ever(void *argument)
{
	uintptr_t address = 0x100000000u + ((uintptr_t)argument << 32);
	int old;

	sem_post(&is_ready);
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	for (;; address += 16) {
		memtrace_report_alloc((void *)address, BYTES);
		memtrace_report_free((void *)address);
	}
	return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), int number)
{
	truth_require(!pthread_create(thread, NULL, run, (void *)(intptr_t)number), "thread");
}

static void cancel(pthread_t thread)
{
	void *result;

	while (sem_wait(&is_ready))
		;
	truth_require(!pthread_cancel(thread) && !pthread_join(thread, &result) &&
			      result == PTHREAD_CANCELED,
		      "cancel");
}

static void run_waiting(void)
{
	pthread_t waiting, deep;

	start(&waiting, wait_for_ever, 0);
	start(&deep, run_deep, 0);
	pthread_detach(deep);
	while (sem_wait(&is_done))
		;
	cancel(waiting);
	truth_alloc(&deep_truth, BYTES);
	truth_free(&deep_truth, BYTES);
	for (int i = 0; i < 2; i++) {
		truth_alloc(&waiting_truth, BYTES);
		truth_free(&waiting_truth, BYTES);
	}
}

int main(int argc, char **argv)
{
	struct truth afterwards = {.function = "site_afterwards"};
	int is_anywhere = argc > 1 && !strcmp(argv[1], "anywhere");
	pthread_t thread;

	sem_init(&is_ready, 0, 0);
	sem_init(&is_done, 0, 0);
	for (int i = 0; i < ROUNDS; i++) {
		if (!is_anywhere) {
			run_waiting();
		} else {
			start(&thread, report_for_ever, i);
			cancel(thread);
		}
		(void)!site_afterwards();
		truth_alloc(&afterwards, BYTES);
	}
	truth_tell(&waiting_truth);
	truth_tell(&deep_truth);
	truth_tell(&afterwards);
	return 0;
}
