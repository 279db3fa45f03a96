/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tree_loaded.c - a library with the same function twice: same size, other frames (TREE_WORDS) at equal places.
 */
#include "tree.h"

tree_function tree_enter, tree_same;

#define KEEP(x) __asm__ volatile("" : : "r"(x) : "memory")

static __attribute__((noinline)) long inner(struct tree *tree, long number)
{
	long words[TREE_WORDS];

	KEEP(words);
	number = tree_live(tree, number);
	KEEP(words);
	return number;
}

long tree_enter(struct tree *tree, long number)
{
	long words[TREE_WORDS / 3];

	KEEP(words);
	number = inner(tree, number) + tree_live(tree, number);
	KEEP(words);
	return number;
}

/* The same frame in both libraries. */
long tree_same(struct tree *tree, long number)
{
	tree_keep(tree, malloc(32));
	tree_keep(tree, malloc(48));
	return number + 1;
}
