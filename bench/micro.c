/* SPDX-License-Identifier: Apache-2.0 */
/*
 * micro.c - measures one pair of malloc and free: at a depth of calls, with live blocks, threads and sites.
 *
 * Knows nothing of who may be tracing it: the same program runs alone and under each tool, and says what a
 * pair took, as one line of JSON. Blocks have 16 to 272 bytes.
 */
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "micro.h"

enum { THREAD_MAX = 1024 };

static struct micro_options options = {
	.depth = 10,
	.live = 1000,
	.threads = 1,
	.sites = 1,
	.batches = 1,
	.warmup = 200000,
	.run_ms = 400,
};
static pthread_barrier_t start_barrier;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

void micro_start(struct micro_work *work)
{
	if (options.threads > 1)
		pthread_barrier_wait(&start_barrier);
	work->wall_ns = clock_ns(CLOCK_MONOTONIC);
	work->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

bool micro_is_done(struct micro_work *work, uint64_t pairs)
{
	uint64_t passed_ns = clock_ns(CLOCK_MONOTONIC) - work->wall_ns;

	work->pairs += pairs;
	return options.pairs != 0 ? work->pairs >= options.pairs
				  : passed_ns >= options.run_ms * UINT64_C(1000000);
}

void micro_pause(struct micro_work *work)
{
	work->cpu_ns -= clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void micro_resume(struct micro_work *work)
{
	work->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void micro_finish(struct micro_work *work)
{
	work->wall_ns = clock_ns(CLOCK_MONOTONIC) - work->wall_ns;
	work->cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - work->cpu_ns;
	work->all_pairs += work->pairs;
}

/* Not from malloc(), which is what is measured. */
static void **work_blocks(uint32_t count)
{
	void *blocks = mmap(NULL, count * sizeof(void *), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (blocks == MAP_FAILED)
		abort();
	return blocks;
}

static void *work_run(void *context)
{
	struct micro_work *work = context;

	micro_descend(work, options.depth);
	return NULL;
}

static void work_init(struct micro_work *work, uint32_t number)
{
	*work = (struct micro_work){.options = &options, .loop = micro_replace};
	work->random = 88172645463325252u + number;
	if (options.is_handover && options.threads == 1)
		work->loop = micro_exchange;
	else if (options.is_handover)
		work->loop = number == 0 ? micro_produce : micro_consume;
	work->blocks = options.is_handover ? NULL : work_blocks(options.live);
}

/* A thread on a processor of its own, as far as there are enough. */
static pthread_t thread_begin(struct micro_work *work, uint32_t number)
{
	pthread_attr_t attributes;
	pthread_t thread;
	cpu_set_t cpus;

	pthread_attr_init(&attributes);
	if (options.is_pinned) {
		CPU_ZERO(&cpus);
		CPU_SET(number % (uint32_t)sysconf(_SC_NPROCESSORS_ONLN), &cpus);
		pthread_attr_setaffinity_np(&attributes, sizeof(cpus), &cpus);
	}
	if (pthread_create(&thread, &attributes, work_run, work) != 0)
		abort();
	pthread_attr_destroy(&attributes);
	return thread;
}

static void threads_run(struct micro_work *works)
{
	pthread_t threads[THREAD_MAX];

	pthread_barrier_init(&start_barrier, NULL, options.threads);
	for (uint32_t i = 0; i < options.threads; i++)
		threads[i] = thread_begin(&works[i], i);
	for (uint32_t i = 0; i < options.threads; i++)
		pthread_join(threads[i], NULL);
}

/* Of a pair that was handed over each thread did a half, at the same time as the other. */
static void result_print(const struct micro_work *works)
{
	uint32_t share = options.is_handover ? options.threads : 1;
	double pairs = 0, all_pairs = 0, wall_ns = 0, cpu_ns = 0;

	for (uint32_t i = 0; i < options.threads; i++) {
		pairs += (double)works[i].pairs;
		all_pairs += (double)works[i].all_pairs;
		wall_ns += (double)works[i].wall_ns;
		cpu_ns += (double)works[i].cpu_ns;
	}
	printf("{\"pairs\": %.0f, \"all_pairs\": %.0f, \"wall_ns_per_pair\": %.3f, "
	       "\"cpu_ns_per_pair\": %.3f}\n",
	       pairs / share, all_pairs / share, wall_ns / pairs, cpu_ns * share / pairs);
}

static const struct option long_options[] = {
	{"depth", required_argument, NULL, 'd'},
	{"live", required_argument, NULL, 'l'},
	{"threads", required_argument, NULL, 't'},
	{"sites", required_argument, NULL, 's'},
	{"batches", required_argument, NULL, 'b'},
	{"warmup", required_argument, NULL, 'w'},
	{"pairs", required_argument, NULL, 'n'},
	{"ms", required_argument, NULL, 'm'},
	{"pin", no_argument, NULL, 'p'},
	{"handover", no_argument, NULL, 'o'},
	{NULL, 0, NULL, 0},
};

static void options_set(int letter, uint64_t value)
{
	uint32_t *const numbers[] = {
		['d'] = &options.depth, ['l'] = &options.live,	  ['t'] = &options.threads,
		['s'] = &options.sites, ['b'] = &options.batches, ['m'] = &options.run_ms,
	};

	if (letter == 'n')
		options.pairs = value;
	else if (letter == 'w')
		options.warmup = value;
	else if (letter == 'p')
		options.is_pinned = true;
	else if (letter == 'o')
		options.is_handover = true;
	else if ((size_t)letter < sizeof(numbers) / sizeof(numbers[0]) && numbers[letter] != NULL)
		*numbers[letter] = (uint32_t)value;
	else
		exit(2);
}

static bool is_within(uint32_t value, uint32_t most)
{
	return value >= 1 && value <= most;
}

static bool options_are_valid(void)
{
	return is_within(options.threads, options.is_handover ? 2 : THREAD_MAX) &&
	       is_within(options.sites, MICRO_SITE_MAX) &&
	       is_within(options.batches, MICRO_RING_SIZE) && is_within(options.live, UINT32_MAX);
}

int main(int argc, char **argv)
{
	static struct micro_work works[THREAD_MAX];
	int letter;

	while ((letter = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		options_set(letter, optarg != NULL ? strtoull(optarg, NULL, 10) : 0);
	if (!options_are_valid()) {
		fprintf(stderr,
			"micro: at most %d threads (2 hand over), %d sites, %d batches; live: at "
			"least 1\n",
			THREAD_MAX, MICRO_SITE_MAX, MICRO_RING_SIZE);
		return 2;
	}
	for (uint32_t i = 0; i < options.threads; i++)
		work_init(&works[i], i);
	if (options.threads == 1)
		work_run(&works[0]);
	else
		threads_run(works);
	result_print(works);
	return 0;
}
