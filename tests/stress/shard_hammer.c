/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shard_hammer.c - threads take and give back shards and count on them: an exclusive shard has one owner at a
 * time, and nothing is lost or counted twice.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "counters.h"
#include "memtrace/atomic.h"
#include "node_table.h"
#include "shard.h"
#include "site_peak.h"
#include "stress.h"
#include "trace_file.h"

#define THREADS 8u
#define STACKS 20000u
#define BUCKETS 65u

/* What should be in the file. */
struct sum {
	uint64_t alloc_count, alloc_bytes, free_count, freed_bytes;
	uint64_t sizes[BUCKETS];
};

static struct sum expected[STACKS];
static uint32_t nodes[STACKS], sites[STACKS];
static uint32_t owners[MT_SHARD_MAX];
static uint32_t exclusive_uses, shared_uses;

static void count(struct stress_thread *thread, struct shard *shard)
{
	/* all threads come to new stacks at about the same time */
	uint64_t round = thread->round_count;
	uint32_t stack =
		(uint32_t)stress_random(thread, 1 + (round < STACKS - 1 ? round : STACKS - 1));
	uint64_t size = stress_random(thread, UINT64_C(1) << stress_random(thread, 22));
	struct mt_counters *counters = shard_counters(shard, sites[stack], 1);

	STRESS_CHECK(counters != NULL);
	if (stress_random(thread, 2) == 0) {
		(void)mt_add_relaxed(&expected[stack].alloc_count, 1);
		(void)mt_add_relaxed(&expected[stack].alloc_bytes, size);
		(void)mt_add_relaxed(&expected[stack].sizes[mt_size_bucket(size)], 1);
		counters_add_alloc(shard, counters, size, false, NULL);
	} else {
		(void)mt_add_relaxed(&expected[stack].free_count, 1);
		(void)mt_add_relaxed(&expected[stack].freed_bytes, size);
		counters_add_free(shard, counters, size, false, false);
	}
}

static void use_shard(struct stress_thread *thread)
{
	struct shard *shard = shard_acquire((int)thread->number + 1);
	uint32_t nobody = 0, self = thread->number + 1, events;

	(void)mt_add_relaxed(shard->is_shared ? &shared_uses : &exclusive_uses, 1);
	if (!shard->is_shared)
		STRESS_CHECK(mt_cas_relaxed(&owners[shard->number], &nobody, self));
	for (events = (uint32_t)stress_random(thread, 60); events > 0; events--)
		count(thread, shard);
	if (!shard->is_shared)
		STRESS_CHECK(mt_cas_relaxed(&owners[shard->number], &self, 0));
	if (stress_random(thread, 4) == 0)
		site_peak_settle_all();
	if (stress_random(thread, 2) == 0)
		site_peak_settle(shard);
	shard_release(shard);
}

static void add_entry(const struct mt_counters *counters, struct sum *sum)
{
	uint64_t rest = counters->alloc_count;

	sum->alloc_count += counters->alloc_count;
	sum->alloc_bytes += counters->alloc_bytes;
	sum->free_count += counters->free_count;
	sum->freed_bytes += counters->freed_bytes;
	for (uint32_t id = counters->side; id != 0;) {
		const struct mt_side *side = trace_file_entry(TRACE_SIDE, id);

		STRESS_CHECK(side->kind == MT_SIDE_SIZE && (uint64_t)side->count <= rest);
		STRESS_CHECK(side->bucket != counters->size_bucket);
		sum->sizes[side->bucket] += (uint64_t)side->count;
		rest -= (uint64_t)side->count;
		id = side->next;
	}
	if (counters->size_bucket < BUCKETS)
		sum->sizes[counters->size_bucket] += rest;
	else
		STRESS_CHECK(rest == 0);
}

static void check_stack(uint32_t stack)
{
	const struct mt_site *site = trace_file_entry(TRACE_SITES, sites[stack]);
	struct sum sum = {0};
	uint32_t entries = 0;

	for (uint32_t id = site->counters; id != 0; entries++) {
		const struct mt_counters *counters = trace_file_entry(TRACE_COUNTERS, id);

		STRESS_CHECK(counters->node == nodes[stack]);
		/* every entry of several knows it: else the site is never told what it has */
		STRESS_CHECK((counters->flags & MT_COUNTERS_SEVERAL) != 0 ||
			     (counters->next == 0 && entries == 0));
		add_entry(counters, &sum);
		id = counters->next;
	}
	STRESS_CHECK(sum.alloc_count == expected[stack].alloc_count);
	STRESS_CHECK(sum.alloc_bytes == expected[stack].alloc_bytes);
	STRESS_CHECK(sum.free_count == expected[stack].free_count);
	STRESS_CHECK(sum.freed_bytes == expected[stack].freed_bytes);
	for (uint32_t bucket = 0; bucket < BUCKETS; bucket++)
		STRESS_CHECK(sum.sizes[bucket] == expected[stack].sizes[bucket]);
}

/* The shards' own sums say the same as the sites, and the process knows all but what each may hold back. */
static void check_shards(void)
{
	struct mt_process *process = trace_file.process;
	uint64_t counted = 0, bytes = 0;
	int64_t live = 0, told;

	for (uint32_t i = 0; i < process->shard_count; i++) {
		counted += trace_file.shards[i].alloc_count;
		bytes += trace_file.shards[i].alloc_bytes;
		live += trace_file.shards[i].live_bytes;
		told = trace_file.shards[i].live_bytes - trace_file.shards[i].published_bytes;
		/* twice: an event may come between what settle_all() tells and the owner's hearing of it */
		STRESS_CHECK(llabs(told) <= 2 * process->hold_bytes);
	}
	told = live - process->live_bytes;
	for (uint32_t stack = 0; stack < STACKS; stack++) {
		counted -= expected[stack].alloc_count;
		bytes -= expected[stack].alloc_bytes;
		live -= (int64_t)(expected[stack].alloc_bytes - expected[stack].freed_bytes);
	}
	STRESS_CHECK(counted == 0 && bytes == 0 && live == 0);
	STRESS_CHECK(llabs(told) <= 2 * process->hold_bytes * process->shard_count);
}

/* Few exclusive shards, as on a machine with one processor, so that threads have to share. */
static void init_shards(void)
{
	cpu_set_t all, one;
	size_t cpu = 0;

	sched_getaffinity(0, sizeof(all), &all);
	while (!CPU_ISSET(cpu, &all))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
	shard_init();
	sched_setaffinity(0, sizeof(all), &all);
}

int main(void)
{
	stress_make_trace_file();
	init_shards();
	for (uint32_t i = 0; i < STACKS; i++) {
		nodes[i] = node_intern(0, location_intern(0x1000 + i));
		sites[i] = node_site(nodes[i]);
	}
	stress_run(THREADS, use_shard);
	printf("# exclusive %u times, shared %u times\n", exclusive_uses, shared_uses);
	STRESS_CHECK(exclusive_uses > 0 && shared_uses > 0);
	for (uint32_t stack = 0; stack < STACKS; stack++)
		check_stack(stack);
	check_shards();
	for (uint32_t i = 0; i < MT_SHARD_MAX; i++)
		STRESS_CHECK(owners[i] == 0);
	return EXIT_SUCCESS;
}
