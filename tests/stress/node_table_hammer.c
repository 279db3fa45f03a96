/* SPDX-License-Identifier: Apache-2.0 */
/*
 * node_table_hammer.c - eight threads intern the same stacks at once: every id names its stack, and all ids of
 * one stack are the same once equal nodes are put together.
 */
#include <stdio.h>
#include <stdlib.h>

#include "node_table.h"
#include "stress.h"
#include "trace_file.h"

#define THREADS 8u
#define STACKS (1u << 17)
#define DEPTH_MAX 12u
#define HELD (1u << 16) /* ids that each thread remembers */
#define LOCATION_BASE UINT64_C(0x400000)

/* What a thread has been told: this stack has this id. */
struct held {
	uint32_t stack, node;
};

static struct held held[THREADS][HELD];
static uint32_t *canonical; /* by node id: the first of all equal ones */
static uint64_t *keys;	    /* by node id: its parent and its location */
static uint32_t first_node[STACKS];

static uint64_t mix(uint64_t x)
{
	x *= UINT64_C(0x9e3779b97f4a7c15);
	x ^= x >> 29;
	return x * UINT64_C(0xbf58476d1ce4e5b9) >> 32;
}

/* Stacks share their outer frames: frame `depth` depends on the upper bits of the number only. */
static uint64_t frame_of(uint32_t stack, uint32_t depth)
{
	return LOCATION_BASE +
	       mix((uint64_t)(stack >> (DEPTH_MAX - 1 - depth)) << 8 | depth) % 5000;
}

static uint32_t depth_of(uint32_t stack)
{
	return 4 + stack % (DEPTH_MAX - 3);
}

static void intern(struct stress_thread *thread)
{
	/* all threads start with the same ones, so that they race for each */
	uint32_t stack = (uint32_t)(thread->round_count < STACKS ? thread->round_count
								 : stress_random(thread, STACKS));
	uint32_t node = 0, site;

	for (uint32_t depth = 0; depth < depth_of(stack); depth++) {
		uint32_t child = node_intern(node, location_intern(frame_of(stack, depth)));

		STRESS_CHECK(child > node);
		node = child;
	}
	site = node_site(node);
	STRESS_CHECK(site != 0);
	STRESS_CHECK(((struct mt_site *)trace_file_entry(TRACE_SITES, site))->node == node);
	held[thread->number][thread->round_count % HELD] = (struct held){stack, node};
}

static uint64_t word_of(uint32_t location)
{
	return *(const uint64_t *)trace_file_entry(TRACE_LOCATIONS, location);
}

/* Puts equal nodes together, outermost first: a parent's id is smaller. Locations are equal by their word. */
static void canonicalise(void)
{
	uint32_t count = trace_file_count(TRACE_NODES), slots = 1, equal = 0;
	uint32_t *index;

	while (slots < 2 * count)
		slots *= 2;
	index = calloc(slots, sizeof(*index));
	canonical = calloc(count, sizeof(*canonical));
	keys = calloc(count, sizeof(*keys));
	STRESS_CHECK(index != NULL && canonical != NULL && keys != NULL);
	for (uint32_t id = 1; id < count; id++) {
		const struct mt_node *node = trace_file_entry(TRACE_NODES, id);
		uint32_t slot;

		STRESS_CHECK(node->location != 0 && node->parent < id);
		keys[id] = (uint64_t)canonical[node->parent] << 32 |
			   (word_of(node->location) - LOCATION_BASE);
		for (slot = (uint32_t)mix(keys[id]) & (slots - 1); index[slot] != 0;
		     slot = (slot + 1) & (slots - 1))
			if (keys[index[slot]] == keys[id])
				break;
		if (index[slot] == 0)
			index[slot] = id;
		else
			equal++;
		canonical[id] = index[slot];
	}
	printf("# %u nodes, %u of them equal to another\n", count - 1, equal);
	free(index);
}

static void check_stack(const struct held *one)
{
	uint32_t node = one->node;

	for (uint32_t depth = depth_of(one->stack); depth-- > 0;) {
		const struct mt_node *record = trace_file_entry(TRACE_NODES, node);

		STRESS_CHECK(word_of(record->location) == frame_of(one->stack, depth));
		STRESS_CHECK(record->parent < node);
		node = record->parent;
	}
	STRESS_CHECK(node == 0);
	node = canonical[one->node];
	if (first_node[one->stack] == 0)
		first_node[one->stack] = node;
	STRESS_CHECK(first_node[one->stack] == node);
}

int main(void)
{
	uint64_t checked = 0;

	stress_make_trace_file();
	stress_run(THREADS, intern);
	canonicalise();
	for (uint32_t t = 0; t < THREADS; t++)
		for (uint32_t i = 0; i < HELD && held[t][i].node != 0; i++, checked++)
			check_stack(&held[t][i]);
	STRESS_CHECK(checked > 1000);
	return EXIT_SUCCESS;
}
