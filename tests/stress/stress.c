/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stress.c - runs threads against each other and disturbs them.
 */
#define _GNU_SOURCE
#include "stress.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memtrace/atomic.h"
#include "trace_file.h"

#define RUN_NS UINT64_C(1500000000)
#define DISTURB_NS 20000

static struct stress_thread threads[STRESS_THREAD_MAX];
static pthread_t handles[STRESS_THREAD_MAX];
static void (*steps[STRESS_THREAD_MAX])(struct stress_thread *thread);
static void (*in_handler)(void);
static uint32_t is_over;

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t stress_seed(void)
{
	static uint64_t seed;
	uint64_t known = __atomic_load_n(&seed, __ATOMIC_RELAXED), chosen;
	const char *text;

	if (known != 0)
		return known;
	text = getenv("STRESS_SEED");
	chosen = (text != NULL ? strtoull(text, NULL, 10) : now_ns()) | 1;
	return __atomic_compare_exchange_n(&seed, &known, chosen, false, __ATOMIC_RELAXED,
					   __ATOMIC_RELAXED)
		       ? chosen
		       : known;
}

uint64_t stress_random(struct stress_thread *thread, uint64_t limit)
{
	uint64_t x = thread->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	thread->random = x;
	return (x >> 16) % limit;
}

void stress_in_handler(void (*function)(void))
{
	in_handler = function;
}

static void on_signal(int signal)
{
	(void)signal;
	if (in_handler != NULL)
		in_handler();
	sched_yield();
}

static void *run_thread(void *argument)
{
	struct stress_thread *thread = argument;

	while (mt_load_relaxed(&is_over) == 0) {
		steps[thread->number](thread);
		thread->round_count++;
	}
	return NULL;
}

static void disturb(uint32_t thread_count)
{
	struct stress_thread self = {.random = stress_seed()};
	const struct timespec pause = {.tv_nsec = DISTURB_NS};
	uint64_t end = now_ns() + RUN_NS;

	while (now_ns() < end) {
		pthread_kill(handles[stress_random(&self, thread_count)], SIGUSR1);
		nanosleep(&pause, NULL);
	}
	mt_store_relaxed(&is_over, 1);
}

void stress_run_two(uint32_t thread_count, void (*step)(struct stress_thread *thread),
		    void (*last)(struct stress_thread *thread))
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	printf("# seed %llu\n", (unsigned long long)stress_seed());
	(void)fflush(stdout);
	sigaction(SIGUSR1, &action, NULL);
	mt_store_relaxed(&is_over, 0);
	for (uint32_t i = 0; i < thread_count; i++) {
		threads[i] =
			(struct stress_thread){i, stress_seed() * (2 * i + 3) * 0x9e3779b97f4a7c15u,
					       0};
		steps[i] = i + 1 == thread_count ? last : step;
		STRESS_CHECK(pthread_create(&handles[i], NULL, run_thread, &threads[i]) == 0);
	}
	disturb(thread_count);
	for (uint32_t i = 0; i < thread_count; i++) {
		pthread_join(handles[i], NULL);
		/* a program that did nothing has shown nothing */
		STRESS_CHECK(threads[i].round_count > 0);
		printf("# thread %u: %lu rounds\n", i, (unsigned long)threads[i].round_count);
	}
}

void stress_run(uint32_t thread_count, void (*step)(struct stress_thread *thread))
{
	stress_run_two(thread_count, step, step);
}

void stress_make_trace_file(void)
{
	char directory[] = "/tmp/memtrace-stress.XXXXXX", path[sizeof(directory) + 16];

	STRESS_CHECK(mkdtemp(directory) != NULL);
	snprintf(path, sizeof(path), "%s/trace.snap", directory);
	STRESS_CHECK(trace_file_create(path, false) == 0);
	STRESS_CHECK(unlink(path) == 0 && rmdir(directory) == 0);
}

void stress_fail(const char *file, int line, const char *claim)
{
	fprintf(stderr, "%s:%d: not so: %s\n", file, line, claim);
	abort();
}
