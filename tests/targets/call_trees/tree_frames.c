/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_frames.c - functions of many frame shapes, see tree.h; TREE_VARIANT is the name of this compilation.
 */
#include <alloca.h>
#include <string.h>

#include "tree.h"

#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)
#define NOINLINE __attribute__((noinline))
#define KEEP(x) __asm__ volatile("" : : "r"(x) : "memory")

/* Shapes that exist in several sizes. */

#define SIZED(n)                                                                                   \
	static NOINLINE long plain_##n(struct tree *tree, long number)                             \
	{                                                                                          \
		volatile long kept[n];                                                             \
                                                                                                   \
		kept[(n)-1] = number;                                                              \
		return tree_live(tree, number) + kept[(n)-1];                                      \
	}                                                                                          \
	/* what the frame is made of was somebody else's */                                        \
	static NOINLINE long large_##n(struct tree *tree, long number)                             \
	{                                                                                          \
		char block[(n)*700];                                                               \
                                                                                                   \
		KEEP(block);                                                                       \
		number = tree_live(tree, number);                                                  \
		KEEP(block);                                                                       \
		return number;                                                                     \
	}                                                                                          \
	static NOINLINE long variable_##n(struct tree *tree, long number)                          \
	{                                                                                          \
		char *block = alloca(tree_random(tree, 200 * (n)) + 1);                            \
                                                                                                   \
		KEEP(block);                                                                       \
		number = tree_live(tree, number);                                                  \
		KEEP(block);                                                                       \
		return number;                                                                     \
	}                                                                                          \
	static NOINLINE long aligned_##n(struct tree *tree, long number)                           \
	{                                                                                          \
		__attribute__((aligned(16 << ((n) % 5)))) char block[16 * (n)];                    \
                                                                                                   \
		KEEP(block);                                                                       \
		number = tree_live(tree, number);                                                  \
		KEEP(block);                                                                       \
		return number;                                                                     \
	}                                                                                          \
	/* aligned and of variable size: the frame is found through a word in it */                \
	static NOINLINE long realigned_##n(struct tree *tree, long number)                         \
	{                                                                                          \
		__attribute__((aligned(32 << ((n) % 4)))) char block[32 * (n)];                    \
		char *more = alloca(tree_random(tree, 100 * (n)) + 1);                             \
                                                                                                   \
		KEEP(block);                                                                       \
		KEEP(more);                                                                        \
		number = tree_live(tree, number);                                                  \
		KEEP(block);                                                                       \
		KEEP(more);                                                                        \
		return number;                                                                     \
	}                                                                                          \
	static NOINLINE __attribute__((force_align_arg_pointer)) long entry_##n(struct tree *tree, \
										long number)       \
	{                                                                                          \
		char *more = alloca(tree_random(tree, 150 * (n)) + 1);                             \
                                                                                                   \
		KEEP(more);                                                                        \
		number = tree_live(tree, number);                                                  \
		KEEP(more);                                                                        \
		return number;                                                                     \
	}

SIZED(1)
SIZED(2)
SIZED(3)
SIZED(5)
SIZED(9)

/* Callee-saved registers hold return addresses and whatever else the stack is full of. */
static NOINLINE long registers(struct tree *tree, long number)
{
	const uint64_t *words = __builtin_frame_address(0);

	__asm__ volatile("movq 8(%0), %%rbx\n\t"
			 "movq 16(%0), %%r12\n\t"
			 "movq 24(%0), %%r13\n\t"
			 "leaq 32(%0), %%r14\n\t"
			 "movq (%0), %%r15"
			 :
			 : "r"(words)
			 : "rbx", "r12", "r13", "r14", "r15");
	number = tree_live(tree, number);
	__asm__ volatile("" : : : "rbx", "r12", "r13", "r14", "r15");
	return number;
}

/* The frame is made on one of two ways only. */
static NOINLINE long wrapped(struct tree *tree, long number)
{
	if (number == 12345)
		return number;
	return tree_live(tree, number) + tree_live(tree, number + 1);
}

/* Jumps to the next function and is itself on no stack. */
static NOINLINE long tail(struct tree *tree, long number)
{
	return tree_pick(tree)(tree, number + 1);
}

/* The stack pointer moves within the function, by pushed arguments. */
static NOINLINE long pushing(struct tree *tree, long number)
{
	number += tree_many(tree, number, 1, 2, 3, 4, 5, 6, 7);
	number += tree_live(tree, number);
	return number + tree_many(tree, 7, number, 5, 4, number, 2, 1, number);
}

static NOINLINE long soil(struct tree *tree, long number)
{
	number += tree_soil(tree);
	number += tree_live(tree, number);
	return number ^ tree_soil(tree);
}

static NOINLINE long jump_here(struct tree *tree, long number)
{
	struct tree *volatile kept = tree;
	volatile long sum = number;
	struct tree_escape escape;

	tree_escape_push(tree, &escape);
	if (sigsetjmp(escape.jump, 1) == 0)
		sum += tree_live(tree, number);
	tree_escape_land(kept, &escape);
	return tree_live(kept, sum);
}

static NOINLINE long jump_away(struct tree *tree, long number)
{
	number = tree_live(tree, number);
	tree_jump(tree);
	return number;
}

/* Only one comparison in some goes deeper. */
static NOINLINE int compare(const void *a, const void *b)
{
	struct tree *tree = tree_self();

	if (tree_random(tree, 4) == 0)
		KEEP(tree_live(tree, 1));
	return *(const int *)a - *(const int *)b;
}

static NOINLINE long by_qsort(struct tree *tree, long number)
{
	int numbers[] = {4, 2, 6, 1};

	qsort(numbers, 4, sizeof(numbers[0]), compare);
	return tree_live(tree, number + numbers[0]);
}

static NOINLINE long by_bsearch(struct tree *tree, long number)
{
	static const int numbers[] = {1, 3, 5};
	int key = 4;

	KEEP(bsearch(&key, numbers, 3, sizeof(numbers[0]), compare));
	return tree_live(tree, number);
}

static NOINLINE long by_signal(struct tree *tree, long number)
{
	tree_signal(tree, false);
	return number;
}

static NOINLINE long by_alternate_signal(struct tree *tree, long number)
{
	tree_signal(tree, true);
	return number;
}

/* Interrupted in the middle of a function, with its registers in use. */
static NOINLINE long by_trap(struct tree *tree, long number)
{
	if (tree->fiber->signal_depth > 3)
		return number;
	tree->fiber->signal_depth++;
	__asm__ volatile("int3" : : : "memory");
	tree->fiber->signal_depth--;
	return tree_live(tree, number);
}

static void handle(int number, siginfo_t *info, void *context)
{
	struct tree *tree = tree_self();

	(void)info;
	(void)context;
	KEEP(tree_live(tree, number));
}

static NOINLINE long by_switch(struct tree *tree, long number)
{
	tree_switch(tree);
	return tree_live(tree, number);
}

#define SIZES(name) name##_1, name##_2, name##_3, name##_5, name##_9

static tree_function *const functions[] = {
	SIZES(plain),
	SIZES(large),
	SIZES(variable),
	SIZES(aligned),
	SIZES(realigned),
	SIZES(entry),
	registers,
	registers,
	wrapped,
	tail,
	tail,
	pushing,
	soil,
	soil,
	soil,
	jump_here,
	jump_here,
	jump_away,
	by_qsort,
	by_bsearch,
	by_alternate_signal,
	by_signal,
	by_trap,
	by_switch,
	by_switch,
};

extern const struct tree_variant JOIN(tree_variant_, TREE_VARIANT);
const struct tree_variant JOIN(tree_variant_, TREE_VARIANT) = {
	.functions = functions,
	.count = sizeof(functions) / sizeof(functions[0]),
	.handler = handle,
};
