/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer_storm.c - threads allocate without a pause while a timer of 10 kHz interrupts each of them, also in the middle
 * of malloc; its handler allocates and frees, and now and then jumps out for good.
 *
 * Needs an allocator that may be interrupted anywhere.
 *
 * usage: timer_storm THREADS
 */
#include "truth.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

#define TIMER_NS 100000
#define HANDLER_RUNS 1500
#define JUMP_EVERY 7
#define THREADS_MAX 8

struct worker {
	struct truth plain, handler;
	long started, completed, jumps, runs;
	volatile sig_atomic_t may_jump;
	sigjmp_buf out;
};

static struct worker workers[THREADS_MAX];
static __thread struct worker *own __attribute__((tls_model("initial-exec")));

static SITE void *site_plain(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_in_handler(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static SITE void *site_jumped(size_t bytes)
{
	void *p = malloc(bytes);

	KEEP_FRAME();
	return p;
}

static void handle(int signal)
{
	struct worker *worker = own;
	void *p;

	(void)signal;
	if (worker == NULL || worker->runs >= HANDLER_RUNS)
		return;
	p = site_in_handler(100);
	truth_alloc(&worker->handler, 100);
	if (worker->runs % 3 != 0) {
		free(p);
		truth_free(&worker->handler, 100);
	}
	worker->runs++;
	if (worker->may_jump && worker->runs % JUMP_EVERY == 0) {
		worker->may_jump = 0;
		worker->jumps++;
		siglongjmp(worker->out, 1);
	}
}

static timer_t start_timer(void)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};
	struct itimerspec times = {{0, TIMER_NS}, {0, TIMER_NS}};
	timer_t timer;

	event.sigev_notify_thread_id = (int)syscall(SYS_gettid);
	truth_require(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 &&
			      timer_settime(timer, 0, &times, NULL) == 0,
		      "timer");
	return timer;
}

/* Calls that a handler may never return to: those that have begun and those that have come to their end are told. */
static void be_jumped_out_of(struct worker *worker)
{
	if (sigsetjmp(worker->out, 1) != 0)
		return;
	worker->may_jump = 1;
	for (int i = 0; i < 8; i++) {
		__atomic_fetch_add(&worker->started, 1, __ATOMIC_SEQ_CST);
		free(site_jumped(8));
		__atomic_fetch_add(&worker->completed, 1, __ATOMIC_SEQ_CST);
	}
	worker->may_jump = 0;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	void *kept[64] = {NULL};
	timer_t timer;

	own = worker;
	timer = start_timer();
	for (unsigned i = 0; worker->runs < HANDLER_RUNS; i++) {
		if (i % 4 == 0) {
			be_jumped_out_of(worker);

			continue;
		}
		if (kept[i % 64] != NULL) {
			free(kept[i % 64]);
			truth_free(&worker->plain, 50);
		}
		kept[i % 64] = site_plain(50);
		truth_require(kept[i % 64] != NULL, "memory");
		truth_alloc(&worker->plain, 50);
	}
	timer_delete(timer);
	return NULL;
}

static void add(struct truth *to, const struct truth *from)
{
	to->alloc_count += from->alloc_count;
	to->alloc_bytes += from->alloc_bytes;
	to->free_count += from->free_count;
	to->freed_bytes += from->freed_bytes;
	to->live_blocks += from->live_blocks;
	to->live_bytes += from->live_bytes;
}

int main(int argc, char **argv)
{
	struct truth plain = {.function = "site_plain"}, handler = {.function = "site_in_handler"};
	struct sigaction action = {.sa_handler = handle};
	int threads = argc > 1 ? atoi(argv[1]) : 1;
	long started = 0, completed = 0, jumps = 0;
	pthread_t handles[THREADS_MAX];

	truth_require(threads <= THREADS_MAX && sigaction(SIGRTMIN, &action, NULL) == 0, "start");
	for (int i = 1; i < threads; i++)
		truth_require(pthread_create(&handles[i], NULL, work, &workers[i]) == 0, "thread");
	work(&workers[0]);
	for (int i = 1; i < threads; i++)
		pthread_join(handles[i], NULL);
	for (int i = 0; i < threads; i++) {
		add(&plain, &workers[i].plain);
		add(&handler, &workers[i].handler);
		started += workers[i].started;
		completed += workers[i].completed;
		jumps += workers[i].jumps;
	}
	truth_tell(&plain);
	truth_tell(&handler);
	truth_number("started", started);
	truth_number("completed", completed);
	truth_number("jumps", jumps);
	return 0;
}
