/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree.c - chance, blocks, escapes and stacks of the random call trees, and the program's threads.
 *
 * usage: call_trees EVENTS SEED THREADS PLUGIN_A PLUGIN_B plain | odd
 */
#include "tree.h"

#include <alloca.h>
#include <pthread.h>
#include <string.h>

#include "../truth.h"
#include "tree_plugins.h"

#define FIBER_BYTES (512u * 1024)
#define ALTERNATE_BYTES FIBER_BYTES
#define THREAD_BYTES (1024u * 1024)
#define STACK_RESERVE (160u * 1024) /* libc, the shim and the largest frame */
#define GENERATION_EVENTS 20000
#define THREAD_MAX 16
#define SOIL_WORDS 512

#define VARIANTS(X)                                                                                \
	X(o0)                                                                                      \
	X(o2)                                                                                      \
	X(o3)                                                                                      \
	X(os)                                                                                      \
	X(frame_pointer)                                                                           \
	X(no_push)                                                                                 \
	X(clang_o0)                                                                                \
	X(clang_o2)                                                                                \
	X(clang_o3)                                                                                \
	X(clang_frame_pointer)

#define X(name) extern const struct tree_variant tree_variant_##name;
VARIANTS(X)
#undef X

#define X(name) &tree_variant_##name,
static const struct tree_variant *const variants[] = {VARIANTS(X)};
#undef X

#define VARIANT_COUNT ((unsigned)(sizeof(variants) / sizeof(variants[0])))

static __thread struct tree *self;
static bool has_odd;

struct tree *tree_self(void)
{
	return self;
}

uint32_t tree_random(struct tree *tree, uint32_t below)
{
	tree->random ^= tree->random << 13;
	tree->random ^= tree->random >> 7;
	tree->random ^= tree->random << 17;
	return (uint32_t)((tree->random >> 32) * below >> 32);
}

static bool has_room(const struct tree *tree)
{
	return (uintptr_t)__builtin_frame_address(0) > tree->fiber->low + STACK_RESERVE;
}

/* Deep for a while, then shallow, so that old words lie where new frames will. */
static void change_depth(struct tree *tree)
{
	static const unsigned wanted[] = {2, 4, 8, 12, 20, 30, 60, 120};

	tree->depth_wanted = wanted[tree_random(tree, 8)];
}

enum tree_act tree_choose(struct tree *tree)
{
	bool is_deep = tree->fiber->depth > tree->depth_wanted;
	uint32_t chance = tree_random(tree, 100);

	if (tree->events_left <= 0)
		return TREE_RETURN;
	if (tree_random(tree, 300) == 0)
		change_depth(tree);
	if (chance < (is_deep ? 40 : 12))
		return TREE_RETURN;
	if (chance >= 60) {
		tree->events_left--;
		return (enum tree_act)(TREE_MALLOC + tree_random(tree, 5));
	}
	if (!has_room(tree) || (is_deep && chance < 50))
		return TREE_RETURN;
	return (enum tree_act)(TREE_CALL + tree_random(tree, 3));
}

tree_function *tree_pick(struct tree *tree)
{
	uint32_t chance = tree_random(tree, 100);
	const struct tree_variant *variant = variants[tree_random(tree, VARIANT_COUNT)];

	if (chance == 0)
		return tree_plugin;
	if (chance == 1 && has_odd)
		return tree_odd_functions[tree_random(tree, tree_odd_count)];
	if (chance == 2)
		return tree_twins;
	if (chance < 8)
		return tree_throw_functions[tree_random(tree, tree_throw_count)];
	return variant->functions[tree_random(tree, variant->count)];
}

size_t tree_size(struct tree *tree)
{
	return 1 + tree_random(tree, 500);
}

void tree_keep(struct tree *tree, void *block)
{
	void **place = &tree->blocks[tree_random(tree, TREE_BLOCKS)], *old = *place;

	truth_require(block != NULL, "an allocation");
	*place = block;
	free(old);
}

void *tree_take(struct tree *tree)
{
	void **place = &tree->blocks[tree_random(tree, TREE_BLOCKS)], *block = *place;

	*place = NULL;
	return block;
}

/* The copy holds true return addresses and frame pointers, only that they are no longer anybody's. */
__attribute__((noinline)) long tree_soil(struct tree *tree)
{
	uint64_t *mine = __builtin_frame_address(0);
	size_t words = tree_random(tree, SOIL_WORDS) + 1, shift = tree_random(tree, 8);
	uint64_t *copy = alloca(words * sizeof(*copy));
	uintptr_t end = tree->fiber->low + FIBER_BYTES;

	if ((uintptr_t)(mine + words + shift) > end)
		return 0;
	for (size_t i = 0; i < words; i++)
		copy[i] = mine[i + shift];
	__asm__ volatile("" : : "r"(copy) : "memory");
	return (long)copy[words - 1];
}

void tree_escape_push(struct tree *tree, struct tree_escape *escape)
{
	escape->outer = tree->fiber->escape;
	escape->is_catch = escape->is_barrier = false;
	escape->depth = tree->fiber->depth;
	escape->signal_depth = tree->fiber->signal_depth;
	escape->alternate_depth = tree->alternate_depth;
	escape->low = tree->fiber->low;
	tree->fiber->escape = escape;
}

void tree_escape_land(struct tree *tree, const struct tree_escape *escape)
{
	tree->fiber->depth = escape->depth;
	tree->fiber->signal_depth = escape->signal_depth;
	tree->fiber->low = escape->low;
	tree->alternate_depth = escape->alternate_depth;
	tree->fiber->escape = escape->outer;
}

void tree_jump(struct tree *tree)
{
	struct tree_escape *escape = tree->fiber->escape, *chosen = NULL;

	for (; escape != NULL && !escape->is_barrier; escape = escape->outer) {
		if (!escape->is_catch)
			chosen = escape;
		if (chosen != NULL && tree_random(tree, 2) == 0)
			break;
	}
	if (chosen != NULL)
		siglongjmp(chosen->jump, 1);
}

struct tree_escape *tree_catcher(struct tree *tree)
{
	struct tree_escape *escape = tree->fiber->escape;

	while (escape != NULL && !escape->is_catch && !escape->is_barrier)
		escape = escape->outer;
	if (escape == NULL || escape->is_barrier ||
	    escape->signal_depth != tree->fiber->signal_depth)
		return NULL;
	return escape;
}

static void fiber_main(void)
{
	struct tree *tree = self;
	struct tree_fiber *fiber = tree->fiber;

	while (tree->events_left > 0)
		(void)tree_pick(tree)(tree, 1);
	fiber->is_finished = true;
	tree->fiber = &tree->fibers[0];
	setcontext(&tree->fibers[0].context);
}

static void fiber_start(struct tree_fiber *fiber)
{
	fiber->is_started = true;
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = (void *)fiber->low;
	fiber->context.uc_stack.ss_size = FIBER_BYTES;
	makecontext(&fiber->context, fiber_main, 0);
}

static void switch_to(struct tree *tree, struct tree_fiber *next)
{
	struct tree_fiber *before = tree->fiber;

	if (next == before || next->is_finished)
		return;
	if (!next->is_started)
		fiber_start(next);
	tree->fiber = next;
	swapcontext(&before->context, &next->context);
}

void tree_switch(struct tree *tree)
{
	/* more often than not on the thread's own, the only one whose stacks are known again */
	unsigned next = tree_random(tree, 3) == 0 ? tree_random(tree, TREE_FIBERS) : 0;

	if (tree->alternate_depth == 0 && tree->events_left > 0)
		switch_to(tree, &tree->fibers[next]);
}

void tree_signal(struct tree *tree, bool is_alternate)
{
	int number = SIGRTMIN + 2 * (int)tree_random(tree, VARIANT_COUNT) + is_alternate;
	uintptr_t low = tree->fiber->low;

	if (tree->fiber->signal_depth > 3)
		return;
	tree->fiber->signal_depth++;
	if (is_alternate) {
		tree->alternate_depth++;
		tree->fiber->low = (uintptr_t)tree->alternate_low;
	}
	if (tree_random(tree, 2) == 0)
		raise(number);
	else
		pthread_kill(pthread_self(), number);
	tree->fiber->signal_depth--;
	tree->alternate_depth -= is_alternate;
	tree->fiber->low = low;
}

static void catch_signals(void)
{
	for (unsigned i = 0; i < 2 * VARIANT_COUNT; i++) {
		struct sigaction action = {.sa_sigaction = variants[i / 2]->handler};

		action.sa_flags = SA_SIGINFO | SA_NODEFER | (i % 2 != 0 ? SA_ONSTACK : 0);
		truth_require(sigaction(SIGRTMIN + (int)i, &action, NULL) == 0, "sigaction");
		if (i == 0)
			truth_require(sigaction(SIGTRAP, &action, NULL) == 0, "SIGTRAP");
	}
}

static void tree_init(struct tree *tree, uint64_t seed, long events, char *stacks)
{
	memset(tree, 0, sizeof(*tree));
	tree->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	tree->events_left = events;
	tree->depth_wanted = 8;
	tree->fiber = &tree->fibers[0];
	tree->fibers[0].is_started = true;
	tree->fibers[0].low = (uintptr_t)__builtin_frame_address(0) - FIBER_BYTES;
	for (unsigned i = 1; i < TREE_FIBERS; i++)
		tree->fibers[i].low = (uintptr_t)stacks + (i - 1) * (size_t)FIBER_BYTES;
	tree->alternate_low = stacks + (TREE_FIBERS - 1) * (size_t)FIBER_BYTES;
}

static void tree_run(uint64_t seed, long events)
{
	char *stacks = malloc((TREE_FIBERS - 1) * (size_t)FIBER_BYTES + ALTERNATE_BYTES);
	struct tree *tree = malloc(sizeof(*tree));
	stack_t alternate = {.ss_size = ALTERNATE_BYTES}, none = {.ss_flags = SS_DISABLE};

	truth_require(stacks != NULL && tree != NULL, "memory");
	tree_init(tree, seed, events, stacks);
	self = tree;
	alternate.ss_sp = tree->alternate_low;
	sigaltstack(&alternate, NULL);
	while (tree->events_left > 0)
		(void)tree_pick(tree)(tree, 0);
	for (unsigned i = 1; i < TREE_FIBERS; i++)
		if (tree->fibers[i].is_started)
			switch_to(tree, &tree->fibers[i]);
	sigaltstack(&none, NULL);
	for (unsigned i = 0; i < TREE_BLOCKS; i++)
		free(tree->blocks[i]);
	free(tree);
	free(stacks);
}

struct work {
	long events;
	uint64_t seed;
};

static void *run_generation(void *argument)
{
	const struct work *work = argument;

	tree_run(work->seed, work->events);
	return NULL;
}

/* Threads come and go: each lives for some thousand events. */
static void *run_generations(void *argument)
{
	struct work *work = argument, one = *work;
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, THREAD_BYTES);
	for (long left = work->events; left > 0; left -= GENERATION_EVENTS) {
		one.seed += THREAD_MAX;
		one.events = left < GENERATION_EVENTS ? left : GENERATION_EVENTS;
		truth_require(pthread_create(&thread, &attributes, run_generation, &one) == 0,
			      "pthread_create");
		pthread_join(thread, NULL);
	}
	pthread_attr_destroy(&attributes);
	return NULL;
}

int main(int argc, char **argv)
{
	struct work work[THREAD_MAX];
	pthread_t threads[THREAD_MAX];
	long events, count;
	uint64_t seed;

	truth_require(argc == 7, "usage: see the head of tree.c");
	events = atol(argv[1]);
	seed = strtoull(argv[2], NULL, 10);
	count = atol(argv[3]);
	truth_require(count >= 0 && count < THREAD_MAX, "fewer threads");
	tree_plugins_name(argv[4], argv[5]);
	has_odd = strcmp(argv[6], "odd") == 0;
	catch_signals();
	for (long i = 0; i < count; i++) {
		work[i] = (struct work){events / (count + 1), seed * 1000 + (uint64_t)i};
		truth_require(pthread_create(&threads[i], NULL, run_generations, &work[i]) == 0,
			      "pthread_create");
	}
	tree_run(seed, events / (count + 1));
	for (long i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	truth_number("same_address", tree_plugins_same());
	return 0;
}
