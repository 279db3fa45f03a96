/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_twins.c - calls that differ in the middle of the stack only, while what the other one left there is untouched.
 *
 * Functions that do the same are called in turn. Each shifts the frames further in by some bytes, and those take
 * up as many less: the innermost frame lies where it lay before, and the words of the last call's outer frames
 * still stand where they stood. Only registers and words that tell where a frame really is give the two away.
 */
#include <alloca.h>

#include "tree.h"

#define NOINLINE __attribute__((noinline))
#define KEEP(x) __asm__ volatile("" : : "r"(x) : "memory")
#define ROUNDS 16u
#define STEP 16u
#define STEPS_MAX 15u

typedef void odd_frame(void (*callback)(void *), void *data);

odd_frame frame_cfa_in_rbx, frame_cfa_in_r12, frame_cfa_in_r15;

struct twin {
	struct tree *tree;
	unsigned shift, total; /* bytes before, and in all */
	int how;
};

/* The innermost frames. */
static NOINLINE long leaf(struct tree *tree)
{
	tree_keep(tree, malloc(24));
	tree_keep(tree, malloc(40));
	return 1;
}

static NOINLINE long leaf_below(struct tree *tree)
{
	volatile long words[4];

	words[3] = leaf(tree);
	return words[3] + 1;
}

/* With a frame pointer of its own: where the outer frame lies stands in what it has saved. */
static NOINLINE long leaf_framed(struct tree *tree)
{
	char *block = alloca(33);

	KEEP(block);
	tree_keep(tree, malloc(56));
	tree_keep(tree, malloc(72));
	KEEP(block);
	return 2;
}

/* Takes up what is left: found through rbp. */
static NOINLINE long fill(const struct twin *twin)
{
	char *block = alloca(twin->total - twin->shift + 1);
	long sum;

	KEEP(block);
	sum = twin->how % 2 ? leaf_below(twin->tree) : leaf_framed(twin->tree);
	KEEP(block);
	return sum;
}

/* Takes up what is left by its alignment: found through a word of its frame, or through rbp. */
static NOINLINE long align(const struct twin *twin)
{
	__attribute__((aligned(256))) char block[256];
	char *more = alloca(17);
	long sum;

	KEEP(block);
	KEEP(more);
	sum = leaf_below(twin->tree);
	KEEP(block);
	KEEP(more);
	return sum;
}

static NOINLINE __attribute__((force_align_arg_pointer)) long align_entry(const struct twin *twin)
{
	__attribute__((aligned(128))) char block[128];
	long sum;

	KEEP(block);
	sum = leaf(twin->tree);
	KEEP(block);
	return sum;
}

static void from_frame(void *data)
{
	const struct twin *twin = data;

	KEEP(leaf(twin->tree));
}

/* Takes up what is left by its alignment: found through another register. */
static NOINLINE long align_odd(struct twin *twin)
{
	static odd_frame *const frames[] = {frame_cfa_in_rbx, frame_cfa_in_r12, frame_cfa_in_r15};

	frames[twin->how % 3](from_frame, twin);
	return 1;
}

#define OUTER(name)                                                                                \
	static NOINLINE long name(struct twin *twin)                                               \
	{                                                                                          \
		char *block = alloca(twin->shift + 1);                                             \
		long sum;                                                                          \
                                                                                                   \
		KEEP(block);                                                                       \
		switch (twin->how >> 2) {                                                          \
		case 0:                                                                            \
			sum = fill(twin);                                                          \
			break;                                                                     \
		case 1:                                                                            \
			sum = align(twin);                                                         \
			break;                                                                     \
		case 2:                                                                            \
			sum = align_entry(twin);                                                   \
			break;                                                                     \
		default:                                                                           \
			sum = align_odd(twin);                                                     \
			break;                                                                     \
		}                                                                                  \
		KEEP(block);                                                                       \
		return sum;                                                                        \
	}

OUTER(outer_a)
OUTER(outer_b)
OUTER(outer_c)

static long (*const outers[])(struct twin *twin) = {outer_a, outer_b, outer_c};

/* All of chance is used up before, so that nothing else runs in between. */
static NOINLINE long twins(struct tree *tree, long number)
{
	struct twin calls[ROUNDS];
	unsigned which[ROUNDS], total = STEP * (1 + tree_random(tree, STEPS_MAX));
	int how = (int)tree_random(tree, 16);

	for (unsigned i = 0; i < ROUNDS; i++) {
		calls[i] =
			(struct twin){tree, STEP * tree_random(tree, total / STEP + 1), total, how};
		which[i] = tree_random(tree, 3);
	}
	if (tree->events_left > 0)
		for (unsigned i = 0; i < ROUNDS; i++)
			number += outers[which[i]](&calls[i]);
	tree->events_left -= 2 * ROUNDS;
	return number;
}

tree_function *const tree_twins = twins;
